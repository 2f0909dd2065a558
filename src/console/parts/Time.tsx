/** A moment: UTC, and how long ago. */
import { useNow } from './useNow';
import { agoText, timeText } from '../format/values';

export function Time({ at, ago = false }: { at: string | undefined; ago?: boolean }) {
  const now = useNow(ago);
  if (at === undefined) return <span className="dim">–</span>;
  return (
    <time dateTime={at} title={`${timeText(at)} UTC`} className="nowrap">
      {ago ? agoText(at, now) : timeText(at)}
    </time>
  );
}
