/** Chooses a moment of the past, and leads to the form that restores it. */
import { NativeSelect, TextInput } from '@mantine/core';
import { Link } from 'react-router';
import { enc } from '../../api/queries';
import type { Backups } from '../../api/types';
import { useMay } from '../../app/session';
import { zxidValue } from '../../format/values';
import { Panel } from '../../parts/PageHead';

export interface Moment {
  by: 'latest' | 'time' | 'zxid';
  value: string;
}

/** Why it cannot be restored, as far as is known here; the plan of the restore knows more. */
export function refusalOf({ by, value }: Moment, { covered, bases }: Backups): string | undefined {
  if (by === 'latest') return undefined;
  if (by === 'time') {
    const ms = Date.parse(value);
    if (Number.isNaN(ms)) return 'expected a time with its zone such as 2026-01-02T03:04:05Z';
    const first = Math.min(...bases.map(({ at }) => Date.parse(at)));
    return ms < first ? 'that is before the first base' : undefined;
  }
  if (!/^0x[0-9a-f]{1,16}$/i.test(value)) return 'expected a zxid such as 0x1f00000a2';
  const wanted = zxidValue(value);
  const isHeld =
    bases.some(({ zxid }) => zxidValue(zxid) === wanted) ||
    covered.some(
      ({ fromZxid, toZxid }) => zxidValue(fromZxid) <= wanted && wanted <= zxidValue(toZxid),
    );
  return isHeld ? undefined : 'no range holds that zxid';
}

export function PointInTime({
  repository,
  held,
  moment,
  onChange,
}: {
  repository: string;
  held: Backups;
  moment: Moment;
  onChange: (moment: Moment) => void;
}) {
  const isOperator = useMay('operator');
  if (!isOperator) return null;
  const refusal =
    moment.value === '' && moment.by !== 'latest' ? 'which?' : refusalOf(moment, held);
  const at =
    moment.by === 'latest'
      ? ''
      : `&${moment.by}=${enc(moment.by === 'time' ? new Date(Date.parse(moment.value) || 0).toISOString() : moment.value)}`;
  return (
    <Panel title="Restore a moment">
      <div className="filters">
        <NativeSelect
          label="Moment"
          value={moment.by}
          onChange={({ currentTarget }) =>
            onChange({ by: currentTarget.value as Moment['by'], value: '' })
          }
          data={[
            { value: 'latest', label: 'the newest there is' },
            { value: 'time', label: 'a time' },
            { value: 'zxid', label: 'a zxid' },
          ]}
        />
        {moment.by !== 'latest' && (
          <TextInput
            className="grow"
            label={moment.by === 'time' ? 'Time, with its zone' : 'zxid'}
            placeholder={moment.by === 'time' ? '2026-01-02T03:04:05Z' : '0x1f00000a2'}
            value={moment.value}
            error={moment.value === '' ? undefined : refusal}
            onChange={({ currentTarget }) => onChange({ ...moment, value: currentTarget.value })}
          />
        )}
        {refusal === undefined ? (
          <Link
            className="button button-primary"
            to={`/start?strategy=restore&repository=${enc(repository)}${at}`}
          >
            To the form of the restore
          </Link>
        ) : (
          <span className="dim">Choose a moment first.</span>
        )}
      </div>
      <p className="dim">
        The form asks where it goes; a plan can be read there before anything starts.
      </p>
    </Panel>
  );
}
