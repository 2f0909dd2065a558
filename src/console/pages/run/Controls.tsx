/** What a person can do with a run now. */
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { request } from '../../api/client';
import { enc } from '../../api/queries';
import type { RunStatus } from '../../api/types';
import { useMay } from '../../app/session';
import { Confirm } from '../../parts/Confirm';

type Control = 'pause' | 'resume' | 'rollback' | 'stop' | 'tune';

export const OVER = new Set<RunStatus['state']>(['completed', 'rolledBack', 'rejected', 'failed']);

const TITLES: Record<Control, string> = {
  pause: 'Pause',
  resume: 'Resume',
  rollback: 'Roll back',
  stop: 'Stop the backup',
  tune: 'Tune',
};

const TUNABLE = {
  all: [
    ['soakMs', 'Soak (ms)', 'how long each server must stay healthy before the next is touched'],
    ['drainMs', 'Drain (ms)', 'how long to wait after the drain hook before a server is stopped'],
    ['settleTimeoutMs', 'Settle timeout (ms)', 'most a restarted server may take to settle'],
  ],
  hotBackup: [
    ['baseEveryMs', 'Base every (ms)', 'a new base so long after the newest one'],
    ['baseBytesPerSecond', 'Base bytes a second', 'most of a base that is read a second'],
  ],
} as const;

/** What makes sense in this state, where the run itself does not list it. */
function controlsOf({ state, strategy, nextActions, rollback }: RunStatus): Control[] {
  if (OVER.has(state)) return [];
  const named = new Set<string>((nextActions ?? []).map(({ action }) => action));
  const isBackup = strategy === 'hotBackup';
  const fits = (control: Control): boolean => {
    if (named.has(control)) return true;
    if (control === 'pause') return state === 'running' && !isBackup;
    if (control === 'resume') return state === 'paused';
    if (control === 'rollback') return rollback.possible && state !== 'rollingBack' && !isBackup;
    return control === 'stop' ? isBackup : true;
  };
  return (['pause', 'resume', 'rollback', 'stop', 'tune'] as const).filter(fits);
}

export function Controls({
  status,
  take,
}: {
  status: RunStatus;
  take: (status: RunStatus) => void;
}) {
  const isOperator = useMay('operator', status.ensemble);
  const [asked, setAsked] = useState<Control>();
  const [tuned, setTuned] = useState<Record<string, string>>({});
  const fields = status.strategy === 'hotBackup' ? TUNABLE.hotBackup : TUNABLE.all;
  const values = Object.fromEntries(
    Object.entries(tuned).flatMap(([name, text]) =>
      text.trim() === '' ? [] : [[name, Number(text)]],
    ),
  );
  const areNumbers = Object.values(values).every((value) => Number.isInteger(value) && value >= 0);
  const send = async (comment: string | undefined) =>
    take(
      await request<RunStatus>('POST', `/runs/${enc(status.workflowId)}/${asked ?? ''}`, {
        body: asked === 'tune' ? values : { comment },
      }),
    );
  const controls = controlsOf(status);
  const descriptions = (status.nextActions ?? []).filter(({ action }) => action !== 'tune');
  if (OVER.has(status.state)) return null;
  return (
    <div className="stack-tight">
      {descriptions.length > 0 && (
        <ul className="next-actions" aria-label="What can be done now">
          {descriptions.map(({ action, description }, index) => (
            <li key={index}>
              <strong>{action}</strong>: {description}
            </li>
          ))}
        </ul>
      )}
      {!status.rollback.possible && (
        <p>
          <strong>No way back:</strong> {status.rollback.reason}
        </p>
      )}
      {isOperator ? (
        <div className="links">
          {controls.map((control) => (
            <Button
              key={control}
              variant={control === 'resume' ? 'filled' : 'default'}
              onClick={() => setAsked(control)}
            >
              {TITLES[control]}…
            </Button>
          ))}
        </div>
      ) : (
        <p className="dim">Operators of {status.ensemble} steer it; you are none.</p>
      )}
      {asked && (
        <Confirm
          title={`${TITLES[asked]}: ${status.workflowId}`}
          confirm={TITLES[asked]}
          danger={asked === 'rollback' || asked === 'stop'}
          withComment={asked !== 'tune'}
          isReady={asked !== 'tune' || (Object.keys(values).length > 0 && areNumbers)}
          onConfirm={send}
          onClose={() => {
            setAsked(undefined);
            setTuned({});
          }}
        >
          <p className="prose">{saysOf(asked, status)}</p>
          {asked === 'tune' &&
            fields.map(([name, label, description]) => (
              <TextInput
                key={name}
                label={label}
                description={description}
                inputMode="numeric"
                placeholder={name === 'soakMs' ? String(status.throttle.soakMs) : 'as it is'}
                value={tuned[name] ?? ''}
                error={
                  /^\d*$/.test((tuned[name] ?? '').trim()) ? undefined : 'expected a whole number'
                }
                onChange={({ currentTarget }) =>
                  setTuned((before) => ({ ...before, [name]: currentTarget.value }))
                }
              />
            ))}
        </Confirm>
      )}
    </div>
  );
}

function saysOf(control: Control, { rollback }: RunStatus): string {
  switch (control) {
    case 'pause':
      return 'The step that runs is finished, then the run waits until it is resumed.';
    case 'resume':
      return 'It looks at the ensemble again, and goes on from where it is.';
    case 'rollback':
      return rollback.possible
        ? `The run goes back to where it began. ${rollback.reason}`
        : `The run says that it cannot go back: ${rollback.reason}`;
    case 'stop':
      return 'What was captured is sealed, and the run ends. From then on nothing is backed up until another is started.';
    case 'tune':
      return 'It holds from the next step on. What is left empty stays as it is.';
  }
}
