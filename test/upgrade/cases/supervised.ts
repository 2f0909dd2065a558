/** Something else on the host starts the server whenever it is down, as systemd's Restart=always does. */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Harness } from '../../support/harness';
import { until } from '../../support/until';
import { assertUpgraded, ended } from '../claims';
import { NEW, OLD, withHarness, type Case } from './types';

const COMES_BACK_WITHIN_MS = 20_000;

export const supervised: Case = {
  name: 'a supervisor restarts whatever is down: nothing is started in mid-step',
  run: () =>
    withHarness({ name: 'supervised', version: OLD, supervised: true }, async (harness) => {
      await comesBackByItself(harness, 'zk1');
      await harness.startLoad();
      const before = startsOf(harness);
      const run = await harness.upgrade({ version: NEW });
      const end = await ended(harness, run);
      await assertUpgraded(harness, end, NEW);
      assert.equal(end.report.serverRestarts, 3);
      const after = startsOf(harness);
      for (const { name } of harness.lab.members)
        assert.deepEqual(
          after[name]!.slice(before[name]!.length),
          [NEW],
          `${name} must have been started once, on the new version`,
        );
      // Nothing is left masked: the supervisor is in charge again.
      await comesBackByItself(harness, 'zk1');
    }),
};

/** Without this the case would prove nothing: a supervisor that does not work starts nothing either. */
async function comesBackByItself(harness: Harness, name: string): Promise<void> {
  const killed = harness.lab.serverProcess(name);
  await harness.lab.killServer(name);
  await until(
    `${name} started again by its supervisor`,
    () => {
      const now = harness.lab.serverProcess(name);
      return now !== undefined && now.pid !== killed?.pid ? now : undefined;
    },
    COMES_BACK_WITHIN_MS,
  );
  await harness.lab.waitServing();
}

/** By server: the version of every start of its JVM, by the server's own log. */
function startsOf(harness: Harness): Record<string, string[]> {
  return Object.fromEntries(
    harness.lab.members.map(({ name, directory }) => {
      const logs = join(directory, 'var/log/zookeeper');
      const text = readdirSync(logs)
        .filter((file) => /\.log(\.\d+)?$/.test(file))
        .map((file) => readFileSync(join(logs, file), 'utf8'))
        .join('\n');
      const lines = text.match(/Server environment:zookeeper\.version=\d+\.\d+\.\d+/g) ?? [];
      return [name, lines.map((line) => line.split('=')[1]!)];
    }),
  );
}
