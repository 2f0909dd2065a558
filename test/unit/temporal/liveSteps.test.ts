/** What a step waits for, as Temporal tells it of activities under way. */
import {
  defaultDataConverter,
  defaultFailureConverter,
  defaultPayloadConverter,
} from '@temporalio/common';
import type { Temporal } from '../../../src/adapters/temporal/connect';
import { withLiveSteps } from '../../../src/adapters/temporal/liveSteps';
import { statusFixture, step } from '../cli/statusFixture';

const REFUSED = 'host zk6 (127.70.1.6): SSH refused at 127.70.1.6:2222 (connect ECONNREFUSED)';

/** A Temporal that knows of these activities; undefined: that does not answer. */
function temporal(pendingActivities: object[] | undefined): Temporal {
  const describe = () =>
    pendingActivities === undefined
      ? Promise.reject(new Error('no answer'))
      : Promise.resolve({ raw: { pendingActivities } });
  const loadedDataConverter = {
    ...defaultDataConverter,
    payloadConverter: defaultPayloadConverter,
    failureConverter: defaultFailureConverter,
    payloadCodecs: [],
  };
  return {
    client: { workflow: { getHandle: () => ({ describe }) }, options: { loadedDataConverter } },
    within: (_deadlineMs: number, work: () => Promise<unknown>) => work(),
  } as unknown as Temporal;
}

const activity = (name: string, more: object = {}) => ({
  activityType: { name },
  attempt: 1,
  ...more,
});
const failed = { attempt: 3, lastFailure: { message: REFUSED, applicationFailureInfo: {} } };
const waits = (waitingFor: string[]) => ({
  heartbeatDetails: { payloads: [defaultPayloadConverter.toPayload({ waitingFor })] },
});

const status = statusFixture({
  plan: {
    ...statusFixture().plan!,
    steps: [step('zk6', 'provisionServer', { state: 'running' }), step('zk6', 'startServer')],
  },
});

test('a step that failed and is tried again says why, with the host', async () => {
  const { retrying } = await withLiveSteps(temporal([activity('provisionServer', failed)]), status);
  expect(retrying).toEqual([{ what: 'provisionServer on zk6', attempt: 3, reason: REFUSED }]);
});

test('so does the look before it; what only watches has places of its own', async () => {
  const looks = [activity('checkGuard', failed), activity('probeAvailability', failed)];
  const { retrying } = await withLiveSteps(temporal(looks), status);
  expect(retrying?.map(({ what }) => what)).toEqual(['the look before the next step']);
});

test('one that waits says what it has found last', async () => {
  const found = activity('provisionServer', waits(['zk6 does not serve', 'no leader is seen']));
  const { throttle, retrying } = await withLiveSteps(temporal([found]), status);
  expect(throttle.cause).toBe('it serves (zk6 does not serve; no leader is seen)');
  expect(retrying).toBeUndefined();
});

test('nothing is asked of a run that stands still, and nothing is lost where Temporal does not answer', async () => {
  const paused = { ...status, state: 'paused' as const };
  expect(await withLiveSteps(temporal([activity('provisionServer', failed)]), paused)).toBe(paused);
  expect(await withLiveSteps(temporal(undefined), status)).toBe(status);
});
