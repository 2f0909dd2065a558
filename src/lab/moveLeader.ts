/**
 * Makes a chosen server the leader, by the election's own rule: among equal epochs the highest zxid wins.
 *
 * 1. Stop as many other followers as a quorum can do without; the wanted one keeps running.
 * 2. Commit a transaction: the stopped ones lack it.
 * 3. Stop everything but the wanted server.
 * 4. Start the laggards: with the wanted server they are a quorum, and its zxid is the highest.
 * 5. Once it leads, start the rest.
 */
import { ZkferryError } from '../model/errors';
import type { Lab } from './labEnsemble';
import type { LabServer } from './labState';
import { commitTransaction, srvr } from './probe';
import { becomesTrue, waitUntil } from './processes';

const STEP_DEADLINE_MS = 60_000;
const MAX_TRIES = 3;

export async function moveLeader(lab: Lab, wanted: LabServer): Promise<void> {
  const voters = lab.members.filter((server) => server.role === 'participant');
  const laggardCount = Math.floor(voters.length / 2);
  if (wanted.spare || wanted.role !== 'participant') {
    throw new ZkferryError(
      'Unsupported',
      `${wanted.name} of lab ${lab.name} has no vote, so it can't lead`,
    );
  }
  if (voters.length % 2 === 0) {
    throw new ZkferryError(
      'Unsupported',
      `lab ${lab.name} has ${voters.length} voters: a leader can only be chosen among an odd number`,
    );
  }
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    await startAll(lab, voters);
    const leader = await lab.leader();
    if (leader === wanted.name) return;
    const others = voters.filter(({ name }) => name !== wanted.name);
    // The leader last, so that stopping the laggards causes no election.
    others.sort((a, b) => Number(a.name === leader) - Number(b.name === leader));
    const laggards = others.slice(0, laggardCount);
    const rest = others.slice(laggardCount);
    await stopAll(lab, laggards);
    await waitUntil(
      () => commitTransaction(wanted, 2_000),
      STEP_DEADLINE_MS,
      `a transaction committed through ${wanted.name}`,
    );
    await stopAll(lab, rest);
    await Promise.all(laggards.map(({ name }) => lab.startServer(name)));
    const leads = await becomesTrue(
      async () => (await srvr(wanted))?.mode === 'leader',
      STEP_DEADLINE_MS / MAX_TRIES,
    );
    await startAll(lab, voters);
    if (leads && (await lab.leader()) === wanted.name) return;
  }
  throw new ZkferryError(
    'WaitTimedOut',
    `${wanted.name} of lab ${lab.name} did not become leader in ${MAX_TRIES} tries; look at its log under ${wanted.directory}/var/log/zookeeper`,
  );
}

async function startAll(lab: Lab, voters: LabServer[]): Promise<void> {
  await Promise.all(voters.map(({ name }) => lab.startServer(name)));
  await lab.waitServing(STEP_DEADLINE_MS);
}

async function stopAll(lab: Lab, servers: LabServer[]): Promise<void> {
  await Promise.all(servers.map(({ name }) => lab.stopServer(name)));
}
