/** Leafs through pages that are told by cursors, the newest first. */
import { Button } from '@mantine/core';

interface PagerProps {
  /** What the pages are of, for whoever hears the page. */
  of: string;
  /** Of the pages before this one. */
  cursors: readonly string[];
  onCursors: (cursors: readonly string[]) => void;
  nextCursor: string | undefined;
  /** The next page is on its way. */
  isWaiting: boolean;
}

export function Pager({ of, cursors, onCursors, nextCursor, isWaiting }: PagerProps) {
  return (
    <nav aria-label={`Pages of ${of}`} className="pager">
      <Button
        variant="default"
        disabled={cursors.length === 0}
        onClick={() => onCursors(cursors.slice(0, -1))}
      >
        Newer
      </Button>
      <span>Page {cursors.length + 1}</span>
      <Button
        variant="default"
        disabled={nextCursor === undefined || isWaiting}
        onClick={() => nextCursor !== undefined && onCursors([...cursors, nextCursor])}
      >
        Older
      </Button>
    </nav>
  );
}
