/** What became of events that were on their way when their run ended: nothing stays `sending` for ever. */
import { WorkflowNotFoundError } from '@temporalio/client';
import {
  defaultDataConverter,
  defaultFailureConverter,
  defaultPayloadConverter,
} from '@temporalio/common';
import type { Temporal } from '../../../src/adapters/temporal/connect';
import { withLaterDeliveries } from '../../../src/adapters/temporal/laterDeliveries';
import type { StatusDocument } from '../../../src/model/status';
import { newestDeliveries, type Delivery } from '../../../src/model/webhooks';

const RUN = 'CHG-1';
const SENDER = 'zkferry-tell-CHG-1-r';

const delivery = (more: Partial<Delivery> = {}): Delivery => ({
  ...{ webhook: 'tickets', id: 'e1', event: 'finished', at: 't', state: 'sending' },
  ...more,
});

const WHY = 'webhook tickets: answered 503; look at what it calls';
const pendingActivities = [
  { activityId: 'e1', lastFailure: { message: WHY, applicationFailureInfo: {} } },
  { activityId: 'e2' },
];

/** Temporal's word of each workflow, and what the sender says. */
function temporal(words: Record<string, string>, said?: Delivery[]): Temporal {
  const getHandle = (workflowId: string) => ({
    describe: () =>
      words[workflowId] === undefined
        ? Promise.reject(new WorkflowNotFoundError('none', workflowId, undefined))
        : Promise.resolve({ status: { name: words[workflowId] }, raw: { pendingActivities } }),
    query: () => (said === undefined ? Promise.reject(new Error('away')) : Promise.resolve(said)),
  });
  return {
    within: (_ms: number, work: () => unknown) => work(),
    client: { workflow: { getHandle }, options: { loadedDataConverter } },
  } as unknown as Temporal;
}

const after = async (deliveries: Delivery[], seen: Temporal) =>
  (
    await withLaterDeliveries(seen, {
      ...({ workflowId: RUN, runId: 'r', deliveries } as unknown as StatusDocument),
    })
  ).deliveries;

const loadedDataConverter = {
  ...defaultDataConverter,
  payloadConverter: defaultPayloadConverter,
  failureConverter: defaultFailureConverter,
  payloadCodecs: [],
};

const handed = delivery({ handedTo: SENDER });

test.each<[string, Delivery, Temporal, Partial<Delivery>]>([
  ['its run goes on', delivery(), temporal({ [RUN]: 'RUNNING' }), { state: 'sending', error: WHY }],
  [
    'its run tries it for the first time',
    delivery({ id: 'e2' }),
    temporal({ [RUN]: 'RUNNING' }),
    delivery({ id: 'e2' }),
  ],
  ['its run was terminated', delivery(), temporal({ [RUN]: 'TERMINATED' }), { state: 'unknown' }],
  [
    'whoever took it over has brought it',
    handed,
    temporal({ [SENDER]: 'COMPLETED' }, [delivery({ state: 'delivered' })]),
    { state: 'delivered', handedTo: SENDER },
  ],
  [
    'whoever took it over is at it',
    handed,
    temporal({ [SENDER]: 'RUNNING' }, [delivery()]),
    { state: 'sending', error: WHY },
  ],
  [
    'whoever took it over was terminated',
    handed,
    temporal({ [SENDER]: 'TERMINATED' }, [delivery()]),
    { state: 'unknown' },
  ],
  ['whoever took it over is not kept any more', handed, temporal({}), { state: 'unknown' }],
  [
    'nobody answers for whoever took it over',
    handed,
    temporal({ [SENDER]: 'COMPLETED' }),
    { state: 'sending' },
  ],
  ['it had arrived', delivery({ state: 'delivered' }), temporal({}), { state: 'delivered' }],
])('where %s', async (_, one, seen, expected) => {
  expect(await after([one], seen)).toEqual([expect.objectContaining(expected)]);
});

test('of many the newest are kept, and what is still sent before what is known', () => {
  const many = Array.from({ length: 6 }, (_, index) =>
    delivery({ id: `e${index}`, state: index < 2 ? 'sending' : 'delivered' }),
  );
  expect(newestDeliveries(many, 4).map(({ id }) => id)).toEqual(['e0', 'e1', 'e4', 'e5']);
  expect(newestDeliveries(many, 6)).toEqual(many);
  const other = delivery({ webhook: 'chat', id: 'c' });
  expect(newestDeliveries([other, ...many], 4).map(({ id }) => id)).toEqual([
    'c',
    'e0',
    'e1',
    'e4',
    'e5',
  ]);
});
