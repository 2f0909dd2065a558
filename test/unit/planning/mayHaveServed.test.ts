/** What the epochs on the disks of servers say of whether they can have acknowledged anything. */
import type { EnsembleFacts } from '../../../src/model/facts';
import { mayHaveServed } from '../../../src/planning/migrate/mayHaveServed';
import { threeServers } from './ensembles';

const START = '0x300000000';
const VOTERS = [1, 2, 3].map((id) => ({ id, role: 'participant' as const }));

/** `undefined`: no epoch was written yet; `null`: the host is out of reach. */
function sideWith(epochs: (number | null | undefined)[]): EnsembleFacts {
  const facts = threeServers('3.9.6');
  facts.servers.forEach((server, index) => {
    const currentEpoch = epochs[index];
    const host = server.host!;
    server.host =
      currentEpoch === null
        ? { ...host, reachable: false, data: undefined }
        : { ...host, reachable: true, data: { ...host.data!, currentEpoch } };
  });
  return facts;
}

test.each<[string, (number | null | undefined)[], boolean]>([
  ['nobody has followed a leader', [3, 3, undefined], false],
  ['one has, and was alone with it', [4, 3, 3], false],
  ['two have', [4, 4, 3], true],
  ['one has, and another can’t be asked', [4, null, 3], true],
  ['one can’t be asked', [3, null, 3], false],
  ['two can’t be asked', [3, null, null], true],
])('%s', (_what, epochs, expected) => {
  expect(mayHaveServed(sideWith(epochs), VOTERS, START)).toBe(expected);
});

test('where it is not known from where they started, they may have', () => {
  expect(mayHaveServed(sideWith([3, 3, 3]), VOTERS, undefined)).toBe(true);
});
