/** All ensembles of the inventory, with how each stands. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { enc, ensemblesQuery, healthQuery } from '../../api/queries';
import type { EnsembleItem } from '../../api/types';
import { Badge } from '../../parts/Badge';
import { Loaded } from '../../parts/Loaded';
import { PageHead } from '../../parts/PageHead';
import { Table } from '../../parts/Table';

/** Each row asks for itself; beyond this many the list would ask all servers of a large site every 2 s. */
const ASKED_AT_MOST = 25;

export function EnsemblesPage() {
  const ensembles = useQuery(ensemblesQuery);
  return (
    <>
      <PageHead title="Ensembles" />
      <Loaded query={ensembles} what="the ensembles">
        {({ items }) => (
          <Table<EnsembleItem>
            label="Ensembles"
            items={items}
            keyOf={({ name }) => name}
            empty="The inventory names no ensemble that you may see."
            columns={[
              {
                title: 'Name',
                cell: ({ name }) => <Link to={`/ensembles/${enc(name)}`}>{name}</Link>,
              },
              { title: 'Site', cell: ({ site }) => site ?? '–' },
              {
                title: 'Servers',
                cell: ({ servers }) => {
                  const spares = servers.filter(({ spare }) => spare).length;
                  return `${servers.length - spares}${spares > 0 ? ` + ${spares} spare` : ''}`;
                },
              },
              {
                title: 'Now',
                cell: ({ name }) =>
                  items.length <= ASKED_AT_MOST ? <Standing ensemble={name} /> : '–',
              },
              { title: 'Backups in', cell: ({ repository }) => repository ?? '–' },
              {
                title: 'Go to',
                cell: ({ name }) => (
                  <span className="links">
                    <Link to={`/ensembles/${enc(name)}/tree`} aria-label={`Tree of ${name}`}>
                      tree
                    </Link>
                    <Link to={`/runs?ensemble=${enc(name)}`} aria-label={`Runs of ${name}`}>
                      runs
                    </Link>
                  </span>
                ),
              },
            ]}
          />
        )}
      </Loaded>
    </>
  );
}

function Standing({ ensemble }: { ensemble: string }) {
  const { data, isError, error } = useQuery({ ...healthQuery(ensemble), refetchInterval: 10_000 });
  if (data === undefined) return <span className="dim">{isError ? error.message : '…'}</span>;
  const serving = data.servers.filter(({ state }) => state === 'serving').length;
  return (
    <span className="links">
      {data.quorum ? <Badge tone="good">quorum</Badge> : <Badge tone="bad">no quorum</Badge>}
      <span>
        {serving} of {data.servers.length} serve{data.leader && `, ${data.leader} leads`}
      </span>
    </span>
  );
}
