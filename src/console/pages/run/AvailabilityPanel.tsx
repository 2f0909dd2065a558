/** When nobody could write, as the run's own probe measured it. */
import type { ReactNode } from 'react';
import type { Availability, Outage, PlannedStep, WriteGap } from '../../../model/status';
import { uncountedOutages } from '../../../model/uncounted';
import { countText, durationText } from '../../format/values';
import { Facts } from '../../parts/Facts';
import { Panel } from '../../parts/PageHead';
import { Table } from '../../parts/Table';
import { Time } from '../../parts/Time';

const STRIP = { width: 1_000, height: 44 };

export function AvailabilityPanel({
  availability,
  steps,
  outages,
}: {
  availability: Availability;
  steps: readonly PlannedStep[];
  outages?: readonly Outage[];
}) {
  const { writeGaps, totalGapMs, longestGapMs, acknowledgedWrites, failedWrites } = availability;
  const titleOf = (id: string | undefined) =>
    steps.find((step) => step.id === id)?.title ?? id ?? '–';
  return (
    <Panel title="Write availability">
      <Facts
        facts={[
          ['Writes acknowledged', countText(acknowledgedWrites)],
          ['Writes failed', countText(failedWrites)],
          ['Gaps', `${writeGaps.length} longer than ${durationText(availability.thresholdMs)}`],
          ['Longest', durationText(longestGapMs)],
          ['In all', durationText(totalGapMs)],
          ...uncountedOutages(availability, outages).map(
            ({ closedAt, openedAt }): [string, ReactNode] => [
              'Not counted here',
              <span key={closedAt}>
                {openedAt === undefined ? 'nobody serves since' : 'nobody served from'}{' '}
                <Time at={closedAt} />
                {openedAt !== undefined && (
                  <>
                    {' '}
                    to <Time at={openedAt} />
                  </>
                )}
                , see above
              </span>,
            ],
          ),
          ['Sessions lost', availability.sessionsLost],
          availability.unobservedMs > 0 && ['Not watched', durationText(availability.unobservedMs)],
          availability.unwatched && [
            'Not watched now',
            <span key="w">
              since <Time at={availability.unwatched.since} />: {availability.unwatched.why}
            </span>,
          ],
          ['Last acknowledged', <Time key="l" at={availability.lastAckAt} />],
        ]}
      />
      {writeGaps.length > 0 && (
        <>
          <GapStrip availability={availability} />
          <Table<WriteGap>
            label="Write gaps"
            items={writeGaps}
            keyOf={({ startedAt }) => startedAt}
            columns={[
              { title: 'From', cell: ({ startedAt }) => <Time at={startedAt} /> },
              { title: 'Gap', numeric: true, cell: ({ gapMs }) => durationText(gapMs) },
              { title: 'During', cell: ({ during }) => titleOf(during) },
            ]}
          />
        </>
      )}
    </Panel>
  );
}

function GapStrip({
  availability: { writeGaps, longestGapMs, lastAckAt },
}: {
  availability: Availability;
}) {
  const starts = writeGaps.map(({ startedAt }) => Date.parse(startedAt));
  const from = Math.min(...starts);
  const to = Math.max(from + 1_000, Date.parse(lastAckAt ?? '') || 0, ...starts);
  const x = (ms: number) => 10 + ((ms - from) / (to - from)) * (STRIP.width - 20);
  return (
    <svg
      className="strip"
      role="img"
      aria-label={`${writeGaps.length} write gaps over ${durationText(to - from)}, the longest ${durationText(longestGapMs)}`}
      viewBox={`0 0 ${STRIP.width} ${STRIP.height}`}
      preserveAspectRatio="none"
    >
      <line
        x1="0"
        x2={STRIP.width}
        y1={STRIP.height - 2}
        y2={STRIP.height - 2}
        className="strip-base"
      />
      {writeGaps.map(({ startedAt, gapMs }) => {
        const height = 6 + (gapMs / Math.max(1, longestGapMs)) * (STRIP.height - 10);
        return (
          <rect
            key={startedAt}
            className="strip-gap"
            x={x(Date.parse(startedAt))}
            y={STRIP.height - 2 - height}
            width={Math.max(4, (gapMs / (to - from)) * STRIP.width)}
            height={height}
          />
        );
      })}
    </svg>
  );
}
