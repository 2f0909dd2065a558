/** An attempt that was taken for dead comes back to life: the host must not obey it any more. */
import { Context } from '@temporalio/activity';
import { isZkferryError } from '../../src/model/errors';
import type { HostPort } from '../../src/model/ports';
import { Harness } from '../support/harness';
import { assertNothingLost } from './claims';
import { NEW, OLD } from './cases/types';
import { startInProcessWorker } from './support/inProcessWorker';

/** What the late attempt was told by the host. */
type Answer = { refused: string; message: string } | { obeyed: unknown };

/** Stands before the host: the first attempt to stop a server hangs, silent, until it is let go. */
class Zombie {
  private letGo: () => void = () => undefined;
  private readonly waiting = new Promise<void>((resolve) => (this.letGo = resolve));
  private answered: (answer: Answer) => void = () => undefined;
  private readonly answer = new Promise<Answer>((resolve) => (this.answered = resolve));
  server?: string;

  readonly wrap = (host: HostPort): HostPort => ({
    ...host,
    stopServer: async (server, token, context, timeoutMs) => {
      if (this.server !== undefined) return host.stopServer(server, token, context, timeoutMs);
      this.server = server.name;
      this.goSilent();
      await this.waiting;
      // A worker that was cut off hears of no cancellation either.
      const deaf = { signal: new AbortController().signal, heartbeat: () => undefined };
      return host.stopServer(server, token, deaf, timeoutMs).then(
        (obeyed) => {
          this.answered({ obeyed });
          return obeyed;
        },
        (error: Error) => {
          const refused = isZkferryError(error) ? error.type : error.name;
          this.answered({ refused, message: error.message });
          throw error;
        },
      );
    },
  });

  /** No heartbeat leaves any more: after the heartbeat timeout Temporal takes the attempt for dead. */
  private goSilent(): void {
    Object.assign(Context.current(), { heartbeat: () => undefined });
  }

  release(): Promise<Answer> {
    this.letGo();
    return this.answer;
  }
}

let harness: Harness;
let endWorker: (() => Promise<void>) | undefined;
const zombie = new Zombie();

beforeAll(async () => {
  harness = await Harness.create({ name: 'fence', version: OLD, withoutWorker: true });
  endWorker = await startInProcessWorker(harness, zombie.wrap);
}, 120_000);

afterAll(async () => {
  await zombie.release();
  await endWorker?.();
  await harness?.destroy();
}, 60_000);

test('a late attempt to stop a server that is upgraded already is refused by its host, and the server keeps running', async () => {
  await harness.startLoad();
  const run = await harness.upgrade({ version: NEW });
  const { plan } = await run.until('a plan', (status) => status.plan !== undefined);
  const first = plan!.steps.find(({ activity }) => activity === 'stopServer')!.server!;

  const back = plan!.steps.find(
    ({ activity, server }) => activity === 'verifyQuorum' && server === first,
  )!;
  await run.step(back.id, 'done', 180_000);
  expect(zombie.server).toBe(first);
  const before = harness.lab.serverProcess(first);
  expect(before).toBeDefined();

  const answer = await zombie.release();

  expect(answer).toMatchObject({ refused: 'StaleFence' });
  expect(answer).toMatchObject({ message: expect.stringContaining('older than') as unknown });
  // The attempt that took its place goes on, and the next server has its turn.
  const next = plan!.steps.find(
    ({ activity, server }) => activity === 'stopServer' && server !== first,
  )!;
  await run.step(next.id, 'done', 180_000);
  expect(harness.lab.serverProcess(first)).toEqual(before);
  assertNothingLost(await harness.checkLoad());
}, 360_000);
