/** The data of a znode as text, as JSON or byte by byte. */
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { ZNode } from '../../api/types';
import { bytesOf, hexDump, utf8Of } from '../../format/bytes';
import { bytesText } from '../../format/values';

const FORMS = ['text', 'JSON', 'hex'] as const;
type Form = (typeof FORMS)[number];

function jsonOf(text: string | undefined): string | undefined {
  try {
    return text === undefined || text === ''
      ? undefined
      : JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return undefined;
  }
}

export function DataView({ node, onEdit }: { node: ZNode; onEdit?: () => void }) {
  const bytes = useMemo(() => bytesOf(node.data ?? ''), [node.data]);
  const text = useMemo(() => utf8Of(bytes), [bytes]);
  const json = useMemo(() => jsonOf(text), [text]);
  const [chosen, setChosen] = useState<Form>();
  if (node.data === undefined && node.stat.dataLength > 0)
    return (
      <p className="dim">It holds {bytesText(node.stat.dataLength)}; operators may read them.</p>
    );
  const form = chosen ?? (text === undefined ? 'hex' : json === undefined ? 'text' : 'JSON');
  const shown = {
    text: text ?? '(no UTF-8: see hex)',
    JSON: json ?? '(no JSON: see text or hex)',
    hex: hexDump(bytes),
  }[form];
  return (
    <>
      <div className="panel-head">
        <fieldset className="switch">
          <legend className="visually-hidden">Show the data as</legend>
          {FORMS.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="form"
                checked={form === one}
                onChange={() => setChosen(one)}
              />{' '}
              {one}
            </label>
          ))}
        </fieldset>
        {onEdit && text !== undefined && (
          <Button variant="default" onClick={onEdit}>
            Edit
          </Button>
        )}
      </div>
      {bytes.length === 0 ? (
        <p className="dim">It holds no data.</p>
      ) : (
        <pre
          className={form === 'hex' ? 'data data-hex' : 'data'}
          tabIndex={0}
          aria-label={`Data as ${form}`}
        >
          {shown}
        </pre>
      )}
      {node.truncated && (
        <p className="dim">
          The first {bytesText(bytes.length)} of {bytesText(node.stat.dataLength)}; what is not
          whole cannot be edited here.
        </p>
      )}
    </>
  );
}
