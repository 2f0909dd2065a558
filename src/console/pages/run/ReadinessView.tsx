/** Who is still on the old servers, and who has arrived on the new: what a cut-over is decided by. */
import type { Readiness } from '../../../model/redirect';
import { countText } from '../../format/values';
import { Facts } from '../../parts/Facts';
import { Table } from '../../parts/Table';

type Remaining = Readiness['remaining'][number];

export function ReadinessView({ readiness }: { readiness: Readiness }) {
  const { servers, arrived, remaining, more } = readiness;
  return (
    <>
      <h3 className="phase">Clients</h3>
      <Facts
        facts={[
          ['Sessions on the new servers', countText(arrived)],
          ...servers.map(({ server, sessions, watches }): [string, string] => [
            `On ${server}`,
            `${sessions === undefined ? 'not told' : `${countText(sessions)} sessions`}${watches === undefined ? '' : `, ${countText(watches)} watches`}`,
          ]),
        ]}
      />
      <Table<Remaining>
        label="Sessions on the old servers"
        items={remaining}
        keyOf={({ server, session }) => `${server} ${session}`}
        empty="No session is left on the old servers, as far as they tell."
        columns={[
          { title: 'Server', cell: ({ server }) => server },
          { title: 'Session', cell: ({ session }) => <code>{session}</code> },
          { title: 'From', cell: ({ address }) => <code>{address}</code> },
          {
            title: 'Client of the inventory',
            cell: ({ clients }) => (clients.length > 0 ? clients.join(', ') : 'none that is known'),
          },
        ]}
      />
      {more > 0 && <p>and {countText(more)} more.</p>}
    </>
  );
}
