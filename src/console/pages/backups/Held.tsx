/** What can be restored of one history of an ensemble, from which bases, and whether that was ever proven. */
import type { DrillDocument } from '../../../model/repository';
import type { BackupTimeline, RestorableRange } from '../../api/types';
import { bytesText, countText, durationText } from '../../format/values';
import { Badge } from '../../parts/Badge';
import { Panel } from '../../parts/PageHead';
import { Table } from '../../parts/Table';
import { Time } from '../../parts/Time';
import type { Moment } from './moment';
import { Timeline } from './Timeline';

const isoOf = (ms: number): string => new Date(ms).toISOString();

export function Held({
  timeline,
  lastDrill,
  onPick,
}: {
  timeline: BackupTimeline;
  lastDrill: DrillDocument | undefined;
  /** Absent for those who may not restore. */
  onPick?: (moment: Moment) => void;
}) {
  const { restorable, bases, holes } = timeline;
  return (
    <Panel title="What can be restored">
      <Proof drill={lastDrill} />
      <Timeline timeline={timeline} />
      <div className="stack">
        <Table<RestorableRange>
          label="Ranges of which every moment can be restored"
          items={restorable}
          keyOf={({ from }) => from}
          empty="Nothing can be restored yet: there is no base with a whole log."
          columns={[
            { title: 'From', cell: ({ fromMs }) => <Time at={isoOf(fromMs)} /> },
            { title: 'zxid', cell: ({ from }) => <code>{from}</code> },
            { title: 'To', cell: ({ toMs }) => <Time at={isoOf(toMs)} /> },
            { title: 'zxid ', cell: ({ to }) => <code>{to}</code> },
          ]}
        />
        {holes.length > 0 && (
          <div className="notice notice-warning">
            ! Holes, in which no moment can be restored:
            <ul>
              {holes.map(({ after, upTo, reason, at }) => (
                <li key={after}>
                  after <code>{after}</code> up to <code>{upTo}</code>, <Time at={at} />: {reason}
                </li>
              ))}
            </ul>
          </div>
        )}
        <Table<BackupTimeline['bases'][number]>
          label="Bases"
          items={[...bases].reverse()}
          keyOf={({ key }) => key}
          empty="There is no base yet: nothing can be restored."
          columns={[
            { title: 'Base of', cell: ({ takenAt }) => <Time at={takenAt} /> },
            { title: 'Usable from', cell: ({ usableFrom }) => <code>{usableFrom}</code> },
            {
              title: 'Znodes',
              numeric: true,
              cell: ({ nodes }) => (nodes === undefined ? '–' : countText(nodes)),
            },
            { title: 'Stored', numeric: true, cell: ({ snapshot }) => bytesText(snapshot.bytes) },
            {
              title: 'Read by',
              cell: ({ source, serverVersion }) =>
                serverVersion === undefined ? source : `${source}, from ${serverVersion}`,
            },
            ...(onPick === undefined
              ? []
              : [
                  {
                    title: 'Restore',
                    cell: ({ usableFrom }: BackupTimeline['bases'][number]) => (
                      <button
                        type="button"
                        className="link-button"
                        aria-label={`Choose ${usableFrom} to restore`}
                        onClick={() => onPick({ by: 'zxid', value: usableFrom })}
                      >
                        choose
                      </button>
                    ),
                  },
                ]),
          ]}
        />
      </div>
    </Panel>
  );
}

function Proof({ drill }: { drill: DrillDocument | undefined }) {
  if (drill === undefined)
    return (
      <p>
        <Badge tone="wait">never proven</Badge> A backup counts as good only once a drill restored
        it: start verify backup.
      </p>
    );
  const { ok, at, zxid, nodes, durationMs, findings } = drill;
  return (
    <>
      <p>
        <Badge tone={ok ? 'good' : 'bad'}>{ok ? 'restore proven' : 'last restore failed'}</Badge>{' '}
        <Time at={at} />, up to <code>{zxid}</code>
        {nodes !== undefined && `, ${countText(nodes)} znodes`}, in {durationText(durationMs)}
      </p>
      {findings.length > 0 && (
        <details open={!ok}>
          <summary>What the drill found</summary>
          <ul>
            {findings.map((finding) => (
              <li key={finding}>{finding}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
