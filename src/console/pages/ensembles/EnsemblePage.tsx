/** One ensemble: who serves and leads now, its facts on demand, and what can be begun with it. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { enc, ensemblesQuery, healthQuery, strategiesQuery } from '../../api/queries';
import type { EnsembleItem, ServerHealth } from '../../api/types';
import { useMay } from '../../app/session';
import { countText, durationText, wordsOf } from '../../format/values';
import { Badge, serverTone } from '../../parts/Badge';
import { Loaded } from '../../parts/Loaded';
import { PageHead, Panel } from '../../parts/PageHead';
import { Table } from '../../parts/Table';
import { Time } from '../../parts/Time';
import { FactsPanel } from './FactsPanel';
import { Topology } from './Topology';
import { WorkerBanner } from '../../parts/WorkerBanner';

export function EnsemblePage() {
  const { ensemble = '' } = useParams();
  const inventory = useQuery(ensemblesQuery);
  const health = useQuery(healthQuery(ensemble));
  const item = inventory.data?.items.find(({ name }) => name === ensemble);
  return (
    <>
      <PageHead title={ensemble}>
        <Link className="button" to={`/ensembles/${enc(ensemble)}/tree`}>
          Tree
        </Link>
        <Link className="button" to={`/runs?ensemble=${enc(ensemble)}`}>
          Runs
        </Link>
        {item?.repository !== undefined && (
          <Link className="button" to={`/backups?repository=${enc(item.repository)}`}>
            Backups
          </Link>
        )}
      </PageHead>
      <WorkerBanner />
      <Panel title="Now">
        <Loaded query={health} what="how its servers are">
          {(now) => (
            <>
              <p className="links">
                {now.quorum ? (
                  <Badge tone="good">quorum</Badge>
                ) : (
                  <Badge tone="bad">no quorum</Badge>
                )}
                <span>{now.leader === undefined ? 'nobody leads' : `${now.leader} leads`}</span>
                <span className="dim">
                  looked at <Time at={now.at} />
                </span>
              </p>
              <Topology ensemble={ensemble} health={now} item={item} />
              <ServersTable servers={now.servers} item={item} />
            </>
          )}
        </Loaded>
      </Panel>
      <StartLinks ensemble={ensemble} />
      <FactsPanel ensemble={ensemble} />
    </>
  );
}

function ServersTable({
  servers,
  item,
}: {
  servers: readonly ServerHealth[];
  item: EnsembleItem | undefined;
}) {
  const addressOf = (server: string) => {
    const found = item?.servers.find(({ name }) => name === server);
    return found === undefined ? '–' : `${found.host}:${found.clientPort}`;
  };
  return (
    <Table<ServerHealth>
      label="Servers"
      items={servers}
      keyOf={({ server }) => server}
      columns={[
        { title: 'Server', cell: ({ server }) => <strong>{server}</strong> },
        {
          title: 'State',
          cell: ({ state, detail }) => (
            <>
              <Badge tone={serverTone(state)}>{wordsOf(state)}</Badge>
              {detail !== undefined && <div className="dim">{detail}</div>}
            </>
          ),
        },
        {
          title: 'Role',
          cell: ({ role, server }) =>
            role === 'leader' ? (
              <strong>★ leader</strong>
            ) : (
              (role ?? (isSpare(item, server) ? 'spare' : '–'))
            ),
        },
        { title: 'Version', cell: ({ version }) => version ?? '–' },
        { title: 'Last zxid', cell: ({ zxid }) => (zxid ? <code>{zxid}</code> : '–') },
        {
          title: 'Latency',
          numeric: true,
          cell: ({ latencyMs }) => (latencyMs === undefined ? '–' : durationText(latencyMs)),
        },
        {
          title: 'Connections',
          numeric: true,
          cell: ({ connections }) => (connections === undefined ? '–' : countText(connections)),
        },
        {
          title: 'Outstanding',
          numeric: true,
          cell: ({ outstanding }) => (outstanding === undefined ? '–' : countText(outstanding)),
        },
        { title: 'Address', cell: ({ server }) => <code>{addressOf(server)}</code> },
      ]}
    />
  );
}

const isSpare = (item: EnsembleItem | undefined, server: string): boolean =>
  item?.servers.find(({ name }) => name === server)?.spare ?? false;

function StartLinks({ ensemble }: { ensemble: string }) {
  const isOperator = useMay('operator', ensemble);
  const strategies = useQuery({ ...strategiesQuery, enabled: isOperator });
  if (!isOperator) return null;
  return (
    <Panel title="Begin with it">
      <Loaded query={strategies} what="the strategies">
        {({ items }) => (
          <p className="links">
            {items.map(({ name, workflowType }) => (
              <Link
                key={name}
                className="button"
                to={`/start?strategy=${enc(name)}&ensemble=${enc(ensemble)}`}
              >
                {wordsOf(workflowType)}
              </Link>
            ))}
          </p>
        )}
      </Loaded>
      <p className="dim">A form comes first, then a plan to read. Nothing is changed by either.</p>
    </Panel>
  );
}
