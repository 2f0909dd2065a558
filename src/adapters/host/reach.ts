/** Which addresses a host can open a TCP connection to. */
import { ZkferryError } from '../../model/errors';
import type { HostPort, Reach } from '../../model/ports';
import type { HostRunner } from './runner';
import { REACH_MAIN } from './scripts/reach';

const MAX_TARGETS = 64;
const LIMIT_S = 3;
/** 64 targets, eight at a time, and the search for a tool: each at most `LIMIT_S`. */
const TIMEOUT_MS = 60_000;

export const reachOperation = (runner: HostRunner): Pick<HostPort, 'reach'> => ({
  async reach(server, targets, context) {
    if (targets.length > MAX_TARGETS) {
      throw new ZkferryError(
        'InvalidInput',
        `${targets.length} addresses to reach from ${server.name}: at most ${MAX_TARGETS} at once`,
      );
    }
    for (const { host, port } of targets) checkTarget(host, port);
    if (targets.length === 0) return [];
    const result = await runner.run(
      server,
      {
        what: 'try connections',
        parts: [],
        main: REACH_MAIN,
        values: {
          targets: targets.map(({ host, port }) => `${host} ${port}`).join(' '),
          limit_s: String(LIMIT_S),
        },
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    return targets.map(({ host, port }, index) => {
      const [state = '', ...words] = (result.get(`target_${index}`) ?? '').split(' ');
      const detail = words.join(' ').trim();
      return { host, port, state: stateOf(state, server.name), ...(detail !== '' && { detail }) };
    });
  },
});

function stateOf(word: string, server: string): Reach['state'] {
  if (word === 'open' || word === 'refused' || word === 'silent') return word;
  throw new ZkferryError(
    'RemoteCommandFailed',
    `trying connections from ${server} gave no answer for every address: try again`,
    { retryable: true },
  );
}

function checkTarget(host: string, port: number): void {
  const plain = /^[A-Za-z0-9_.:%][A-Za-z0-9_.:%-]{0,252}$/.test(host);
  if (plain && Number.isInteger(port) && port >= 1 && port <= 65535) return;
  throw new ZkferryError(
    'InvalidInput',
    `cannot try ${JSON.stringify(host)} port ${port}: expected a host name or IP address and a port of 1–65535`,
  );
}
