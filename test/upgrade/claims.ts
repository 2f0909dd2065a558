/** What must hold after a run, whatever was done to it meanwhile. Used by tests and proofs alike. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import type { CheckResult } from '../../src/lab/check/checkLoad';
import type { UpgradeReport } from '../../src/model/status';
import type { Harness, Run } from '../support/harness';

export interface Ended {
  report: UpgradeReport;
  check: CheckResult;
}

/** By server name; a server that does not serve has none. */
export async function versionsOf(harness: Harness): Promise<Record<string, string | undefined>> {
  const zookeeper = createZooKeeperAdapter();
  const probed = await Promise.all(
    harness.lab.members.map(
      async (server) => [server.name, await zookeeper.probe(server)] as const,
    ),
  );
  return Object.fromEntries(probed.map(([name, probe]) => [name, probe.version]));
}

export async function assertAllRun(harness: Harness, version: string): Promise<void> {
  const expected = Object.fromEntries(harness.lab.members.map(({ name }) => [name, version]));
  assert.deepEqual(await versionsOf(harness), expected);
}

/** No acknowledged write, session, ephemeral or read order was lost, on any member. */
export function assertNothingLost(check: CheckResult): void {
  assert.deepEqual(check.problems, []);
  assert.equal(check.ok, true);
  assert.ok(check.ackedWrites > 100, `only ${check.ackedWrites} writes were acknowledged`);
}

/** Waits for the end of a run and checks the load that ran beside it. */
export async function ended(harness: Harness, run: Run, deadlineMs?: number): Promise<Ended> {
  const report = await run.report(deadlineMs);
  const check = await harness.checkLoad();
  return { report, check };
}

export async function assertUpgraded(
  harness: Harness,
  { report, check }: Ended,
  version: string,
): Promise<void> {
  assert.equal(report.outcome, 'completed');
  await assertAllRun(harness, version);
  assertNothingLost(check);
  await assertNoTraces(harness);
}

/** Every server as it was: version, configuration to the byte, and nothing lost on the way there and back. */
export async function assertRolledBack(
  harness: Harness,
  { report, check }: Ended,
  version: string,
  before: Configuration,
): Promise<void> {
  assert.equal(report.outcome, 'rolledBack');
  await assertAllRun(harness, version);
  assert.deepEqual(configurationOf(harness), before);
  assertNothingLost(check);
  assert.equal(report.membersAgree?.agree, true);
  await assertNoTraces(harness);
}

/** Lock and canary are gone. */
export async function assertNoTraces(harness: Harness): Promise<void> {
  const session = await createZooKeeperAdapter().openSession({ servers: harness.lab.members });
  try {
    assert.equal(await session.exists('/zkferry'), null);
  } finally {
    await session.close();
  }
}

export type Configuration = Record<string, { zooCfg: string; javaEnv: string }>;

export function configurationOf(harness: Harness): Configuration {
  return Object.fromEntries(
    harness.lab.members.map(({ name, directory }) => {
      const file = (base: string) =>
        readFileSync(join(directory, 'etc', 'zookeeper', base), 'utf8');
      return [name, { zooCfg: file('zoo.cfg'), javaEnv: file('java.env') }];
    }),
  );
}
