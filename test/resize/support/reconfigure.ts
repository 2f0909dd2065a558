/** A second operator: reconfigures the ensemble by hand while a run is under way. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import { ELECTION_PORT, QUORUM_PORT } from '../../../src/lab/hostFiles';
import type { Lab } from '../../../src/lab/lab';
import { until } from '../../support/until';
import { configuredMembers } from './members';

const CONFIG = '/zookeeper/config';
const DEADLINE_MS = 30_000;

/** Gives a member of a lab with `reconfig` another role, and waits until every member knows. */
export async function reconfigureAs(
  lab: Lab,
  name: string,
  role: 'participant' | 'observer',
): Promise<void> {
  const { id, host, clientPort } = lab.server(name);
  const line = `server.${id}=${host}:${QUORUM_PORT}:${ELECTION_PORT}:${role};${host}:${clientPort}`;
  const shown = role === 'observer' ? `${name}*` : name;
  const credential = readFileSync(join(lab.directory, 'keys', 'super'), 'utf8');
  const session = await createZooKeeperAdapter().openSession({
    servers: lab.members,
    auth: [{ scheme: 'digest', credential }],
  });
  try {
    await until(
      `${name} to be ${role} on every member`,
      async () => {
        // Refused for a moment after another change; repeated it does no harm.
        await session.sync(CONFIG);
        const text = String((await session.get(CONFIG)).data);
        const fromVersion = `0x${/^version=([0-9a-f]+)$/m.exec(text)?.[1]}`;
        if (!text.includes(line))
          await session
            .reconfig({ joining: [line], leaving: [], fromVersion })
            .catch(() => undefined);
        const lists = await configuredMembers(lab);
        const agree = lab.members.every((member) => lists[member.name]?.split(' ').includes(shown));
        return agree || undefined;
      },
      DEADLINE_MS,
    );
  } finally {
    await session.close();
  }
}
