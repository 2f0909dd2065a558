/** Everything that can be seen of an ensemble and its hosts, when somebody asks for it. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { EnsembleFacts, ServerFacts } from '../../../model/facts';
import { factsQuery } from '../../api/queries';
import { bytesText, countText, durationText } from '../../format/values';
import { Facts } from '../../parts/Facts';
import { Findings } from '../../parts/Findings';
import { Loaded } from '../../parts/Loaded';
import { Panel } from '../../parts/PageHead';
import { Table } from '../../parts/Table';
import { Time } from '../../parts/Time';

export function FactsPanel({ ensemble }: { ensemble: string }) {
  const facts = useQuery(factsQuery(ensemble));
  return (
    <Panel
      title="Facts"
      actions={
        <Button
          variant="default"
          loading={facts.isFetching}
          onClick={() => void facts.refetch({ cancelRefetch: false })}
        >
          {facts.data ? 'Look again' : 'Look at servers and hosts'}
        </Button>
      }
    >
      {facts.data === undefined && !facts.isFetching && !facts.isError && (
        <p className="dim">
          Every server is asked for its configuration, and every host over SSH. It takes some
          seconds and changes nothing.
        </p>
      )}
      <Loaded query={facts} what="the facts">
        {(seen) => <Seen facts={seen} />}
      </Loaded>
    </Panel>
  );
}

function Seen({ facts }: { facts: EnsembleFacts }) {
  const { tree, canary, sessions } = facts;
  return (
    <div className="stack">
      <Findings findings={facts.warnings} />
      <Facts
        facts={[
          ['Seen', <Time key="at" at={facts.observedAt} />],
          ['Leader', facts.leader],
          [
            'Voters',
            `${facts.syncedVoters} of ${facts.voters} in sync, ${facts.quorumSize} make a quorum`,
          ],
          [
            'May stop now',
            facts.quorumMargin < 0 ? 'there is no quorum' : `${facts.quorumMargin} more voters`,
          ],
          ['Epoch', facts.epoch],
          facts.configVersion !== undefined && [
            'Configuration version',
            <code key="v">{facts.configVersion}</code>,
          ],
          ['Reconfig', facts.reconfigEnabled ? 'enabled' : 'not enabled'],
          sessions && [
            'Sessions',
            `${countText(sessions.total)}${sessions.smallestTimeoutMs === undefined ? '' : `, shortest ${durationText(sessions.smallestTimeoutMs)}`}`,
          ],
          canary && [
            'Canary write',
            canary.committed
              ? `committed${canary.latencyMs === undefined ? '' : ` in ${durationText(canary.latencyMs)}`}`
              : `not committed: ${canary.error ?? 'no answer'}`,
          ],
          tree && [
            'Tree',
            'unknown' in tree
              ? `unknown: ${tree.unknown}`
              : `${countText(tree.nodes)} znodes, ${bytesText(tree.dataBytes)}, ${countText(tree.ephemerals)} ephemerals`,
          ],
          ['Identity', <code key="i">{facts.identity.slice(0, 16)}</code>],
        ]}
      />
      <Table<ServerFacts>
        label="Servers and hosts"
        items={facts.servers}
        keyOf={({ server }) => server}
        columns={[
          { title: 'Server', cell: ({ server }) => <strong>{server}</strong> },
          { title: 'Role', cell: ({ role, inventoryRole }) => role ?? `(${inventoryRole})` },
          { title: 'Version', cell: ({ versionText, version }) => version ?? versionText ?? '–' },
          { title: 'Package', cell: ({ host }) => host?.package?.kind ?? '–' },
          { title: 'Java', cell: ({ host }) => host?.java?.version ?? '–' },
          {
            title: 'Heap',
            numeric: true,
            cell: ({ host }) => (host?.heapBytes === undefined ? '–' : bytesText(host.heapBytes)),
          },
          {
            title: 'Data',
            numeric: true,
            cell: ({ host }) => (host?.data ? bytesText(host.data.totalBytes) : '–'),
          },
          {
            title: 'Free',
            numeric: true,
            cell: ({ host }) => (host?.data ? bytesText(host.data.freeBytes) : '–'),
          },
          {
            title: 'Host',
            cell: ({ host }) =>
              host === undefined
                ? '–'
                : host.reachable
                  ? 'reached'
                  : (host.error?.message ?? 'not reached'),
          },
        ]}
      />
      {facts.servers.map(
        ({ server, host }) =>
          host?.config && (
            <details key={server}>
              <summary>
                Settings of {server}, <code>{host.config.path}</code>
              </summary>
              <Facts
                facts={Object.entries(host.config.settings).map(([name, value]) => [
                  name,
                  <code key={name}>{value}</code>,
                ])}
              />
              {host.jvmFlags && (
                <p>
                  JVM flags: <code>{host.jvmFlags.join(' ')}</code>
                </p>
              )}
            </details>
          ),
      )}
    </div>
  );
}
