import { parseCons } from '../../codec/fourLetterWord';
import type { ZooKeeperPort } from '../../model/ports';
import { isOwnSession } from './session';
import { askWord } from './fourLetterClient';

const DEFAULT_TIMEOUT_MS = 3_000;

/** Sessions of others connected to this one server; none where it is silent, or does not answer `cons`. */
export const clientsOf: ZooKeeperPort['clients'] = async (address, options = {}) => {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  const reply = await askWord(address, 'cons', { timeoutMs, signal });
  if (reply.kind !== 'reply') return [];
  return parseCons(reply.text).flatMap(({ address: from, sessionId }) =>
    sessionId === undefined || isOwnSession(sessionId)
      ? []
      : [{ session: sessionId, address: from }],
  );
};
