/** What a hot backup has, and how far behind it is. */
import type { CaptureStatus } from '../../../model/status';
import { bytesText, countText, durationText } from '../../format/values';
import { Facts } from '../../parts/Facts';
import { Panel } from '../../parts/PageHead';
import { Time } from '../../parts/Time';

export function CapturePanel({ capture }: { capture: CaptureStatus }) {
  const { lag, lastBase, lastDrill, txns, storedBytes, holes } = capture;
  return (
    <Panel title={`Backup into ${capture.repository}`}>
      {capture.trouble !== undefined && (
        <p className="notice notice-warning">! {capture.trouble}</p>
      )}
      <Facts
        facts={[
          ['State', capture.state],
          ['Read by', capture.source],
          ['Lost with the ensemble', capture.rpo],
          ['Durable up to', capture.durableUpTo && <code key="d">{capture.durableUpTo}</code>],
          lag && ['Behind', `${durationText(lag.ms)}, ${countText(lag.txns)} transactions`],
          lag?.p99Ms !== undefined && [
            'Lag',
            `p50 ${durationText(lag.p50Ms ?? 0)}, p99 ${durationText(lag.p99Ms)}`,
          ],
          txns !== undefined && ['Transactions', countText(txns)],
          storedBytes !== undefined && ['Stored', bytesText(storedBytes)],
          ['Follows', capture.leader],
          lastBase && [
            'Last base',
            <span key="b">
              <Time at={lastBase.takenAt} />, usable from <code>{lastBase.usableFrom}</code>,{' '}
              {bytesText(lastBase.bytes)}
            </span>,
          ],
          [
            'Holes',
            holes === undefined
              ? '–'
              : `${holes}${capture.lastHole ? `, last ${capture.lastHole}` : ''}`,
          ],
          [
            'Last proven restore',
            lastDrill === undefined ? (
              'never: a backup counts as good only when it was restored'
            ) : (
              <span key="l">
                {lastDrill.ok ? '✓ ' : '✕ failed, '}
                <Time at={lastDrill.at} /> to <code>{lastDrill.zxid}</code>
              </span>
            ),
          ],
        ]}
      />
    </Panel>
  );
}
