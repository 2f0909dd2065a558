/** Dynamic reconfigurations of a lab while taps follow it; INFORMANDACTIVATE is how these hear of one. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeReconfig } from '../../src/codec/clientRequests';
import { ELECTION_PORT, QUORUM_PORT } from '../../src/lab/hostFiles';
import type { Lab, LabOptions, LabServer } from '../../src/lab/lab';
import { isServersOwn } from '../../src/tree/compareTrees';
import { Churn } from './churn';
import { RawClient, RequestFailed } from './rawClient';
import { addressesOf, assertEqual, attached, tapOf } from './tapLab';
import type { TapTree } from './tapTree';
import { until } from './until';

const CONFIG = '/zookeeper/config';
/** Right after a role has changed the new quorum is not yet there. */
const NEW_CONFIG_NO_QUORUM = -13;
const DEADLINE_MS = 30_000;

export const reconfigLab = (name: string, version: string): LabOptions => ({
  ...{ name, version, servers: 3, reconfig: true },
  settings: { tickTime: '500', syncLimit: '6' },
});

/**
 * A server is added and removed, the leader loses its vote and gets it back, all under load. The tap must
 * stay attached through the former, follow to the next leader in the latter, and have the leader's tree,
 * configuration included, each time.
 */
export async function reconfigUnderTap(lab: Lab): Promise<void> {
  const churn = new Churn(addressesOf(lab), 4);
  const tap = tapOf(lab);
  try {
    await attached(tap, 1);
    await load(churn);
    const joining = 'server.9=127.0.0.9:2888:3888:observer;127.0.0.9:2181';
    await reconfigured(lab, tap, { joining }, (text) => text.includes('server.9='));
    await reconfigured(lab, tap, { leaving: '9' }, (text) => !text.includes('server.9='));
    await load(churn);
    assert.deepEqual(tap.kinds, ['snapshot', 'attached'], 'the tap survives it');

    const leader = lab.server((await lab.leader())!);
    const as = (role: string) => ({ joining: lineOf(leader, role) });
    const hasRole = (role: string) => (text: string) => text.includes(lineOf(leader, role));
    await reconfigured(lab, tap, as('observer'), hasRole('observer'));
    await attached(tap, 2);
    await load(churn);
    await lab.waitServing();
    assert.notEqual(await lab.leader(), leader.name, 'another server leads');
    await reconfigured(lab, tap, as('participant'), hasRole('participant'));
    await load(churn);
    await churn.stop();
    await assertEqual(lab, [tap], {
      ignore: (path) => path !== CONFIG && isServersOwn(path),
    });
  } finally {
    await churn.stop();
    await tap.tap.close();
  }
}

const lineOf = ({ id, host, clientPort }: LabServer, role: string): string =>
  `server.${id}=${host}:${QUORUM_PORT}:${ELECTION_PORT}:${role};${host}:${clientPort}`;

async function load(churn: Churn): Promise<void> {
  const from = churn.acknowledged;
  await until('some load', () => churn.acknowledged > from + 200 || undefined, DEADLINE_MS);
}

/** Asks until the tap's own tree says it is done: the caller is often cut off although it was. */
async function reconfigured(
  lab: Lab,
  tap: TapTree,
  change: { joining?: string; leaving?: string },
  isDone: (configuration: string) => boolean,
): Promise<void> {
  const request = { joining: null, leaving: null, newMembers: null, fromConfig: -1n, ...change };
  const secret = readFileSync(join(lab.directory, 'keys', 'super'), 'utf8').trim();
  await until(
    `the tap to see ${JSON.stringify(change)}`,
    async () => {
      if (isDone(configurationOf(tap))) return true;
      const client = await RawClient.open(lab.members[0]!).catch(() => undefined);
      try {
        await client?.authenticate('digest', secret);
        await client?.ask('reconfig', (xid) => encodeReconfig(xid, request));
      } catch (error) {
        if (error instanceof RequestFailed && error.code !== NEW_CONFIG_NO_QUORUM) throw error;
      } finally {
        client?.drop();
      }
      return undefined;
    },
    DEADLINE_MS,
    300,
  );
}

const configurationOf = ({ tree }: TapTree): string =>
  tree?.get(CONFIG)?.data?.toString('utf8') ?? '';
