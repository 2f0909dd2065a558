/** Who did what. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { auditQuery } from '../api/queries';
import type { AuditItem } from '../api/types';
import { useMay } from '../app/session';
import { Badge } from '../parts/Badge';
import { Loaded } from '../parts/Loaded';
import { PageHead } from '../parts/PageHead';
import { Pager } from '../parts/Pager';
import { Table } from '../parts/Table';
import { Time } from '../parts/Time';

const TONES = {
  ...({ asked: 'plain', done: 'good', refused: 'bad', failed: 'bad', unknown: 'plain' } as const),
} as const;

export function AuditPage() {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const isAdmin = useMay('admin');
  const audit = useQuery({ ...auditQuery(cursors.at(-1)), enabled: isAdmin });
  return (
    <>
      <PageHead title="Audit" />
      {!isAdmin && <p className="notice notice-warning">! Only admins read it.</p>}
      <Loaded query={audit} what="the audit log">
        {({ items, nextCursor }) => (
          <>
            <Table<AuditItem>
              label="Audit log"
              items={items}
              keyOf={({ seq }) => String(seq)}
              empty="Nobody has done anything yet."
              columns={[
                { title: 'No.', numeric: true, cell: ({ seq }) => seq },
                { title: 'When', cell: ({ at }) => <Time at={at} /> },
                { title: 'Who', cell: ({ actor }) => <strong>{actor}</strong> },
                { title: 'Did', cell: ({ action }) => action },
                { title: 'To', cell: ({ target }) => <code>{target}</code> },
                {
                  title: 'Plan',
                  cell: ({ planHash }) =>
                    planHash === undefined ? (
                      '–'
                    ) : (
                      <code title={planHash}>{planHash.slice(0, 12)}</code>
                    ),
                },
                {
                  title: 'Outcome',
                  cell: ({ outcome, detail }) => (
                    <>
                      <Badge tone={TONES[outcome]}>{outcome}</Badge>
                      {detail !== undefined && <div className="dim">{detail}</div>}
                    </>
                  ),
                },
              ]}
            />
            <Pager
              of="the audit log"
              cursors={cursors}
              onCursors={setCursors}
              nextCursor={nextCursor}
              isWaiting={audit.isPlaceholderData}
            />
          </>
        )}
      </Loaded>
    </>
  );
}
