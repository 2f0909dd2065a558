/** Chooses a moment of the past, and leads to the form that restores it. */
import { NativeSelect, TextInput } from '@mantine/core';
import { Link } from 'react-router';
import type { BackupTimeline } from '../../api/types';
import { Panel } from '../../parts/PageHead';
import { refusalOf, restoreAddress, type Moment } from './moment';

export function PointInTime({
  repository,
  ensemble,
  timeline,
  isNewest,
  moment,
  onChange,
}: {
  repository: string;
  ensemble: string;
  timeline: BackupTimeline;
  isNewest: boolean;
  moment: Moment;
  onChange: (moment: Moment) => void;
}) {
  const isMissing = moment.value === '' && moment.by !== 'latest';
  const refusal = isMissing ? undefined : refusalOf(moment, timeline);
  const to = (path?: string) =>
    restoreAddress({
      ...{ repository, ensemble, moment, path },
      ...(!isNewest && { timeline: timeline.number }),
    });
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
            error={refusal}
            onChange={({ currentTarget }) =>
              onChange({ by: moment.by, value: currentTarget.value })
            }
          />
        )}
        {isMissing || refusal !== undefined ? (
          <span className="dim">{refusal ?? 'Choose a moment first.'}</span>
        ) : (
          <>
            <Link className="button button-primary" to={to()}>
              To the form of the restore
            </Link>
            {moment.path !== undefined && (
              <Link className="button" to={to(moment.path)}>
                Only {moment.path}
              </Link>
            )}
          </>
        )}
      </div>
      <p className="dim">
        The form asks where it goes; a plan can be read there before anything starts.
      </p>
    </Panel>
  );
}
