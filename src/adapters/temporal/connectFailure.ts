/** Why Temporal could not be connected to, in words that say what to do: its client often knows only that time ran out. */
import { connect as connectTls } from 'node:tls';
import { ZkferryError } from '../../model/errors';
import { splitAddress, tlsOf, type Asked } from './address';

/** gRPC's codes of who is not let in. */
const NOT_LET_IN: readonly unknown[] = [7, 16];
const TLS_ANSWERS_WITHIN_MS = 3_000;
/** A server that wants a certificate says so after the handshake. */
const REFUSES_WITHIN_MS = 500;

/** For an address where nobody answers at all. */
export const notReachable = (address: string, reason: string, cause?: unknown): ZkferryError =>
  unavailable(
    `temporal is not reachable at ${address}: ${reason}; start it (zkferry lab up, docker compose up, or temporal server start-dev), or name another with --address or TEMPORAL_ADDRESS`,
    cause,
  );

/**
 * For an address where something listens.
 * @param error what Temporal's client said
 * @returns TemporalUnavailable, retryable
 */
export async function connectFailure(asked: Asked, error: unknown): Promise<ZkferryError> {
  const { address } = asked;
  const why = reasonOf(error);
  const { cause } = error as { cause?: { code?: unknown; details?: string } };
  if (NOT_LET_IN.includes(cause?.code))
    return unavailable(
      `temporal at ${address} lets nobody in with these credentials (${cause?.details ?? why}): check TEMPORAL_API_KEY, the client's certificate, and TEMPORAL_NAMESPACE`,
      error,
    );
  if (!tlsOf(asked))
    return unavailable(
      `what listens at ${address} did not answer as Temporal does (${why}): if it speaks TLS set TEMPORAL_TLS=true, otherwise check TEMPORAL_ADDRESS`,
      error,
    );
  const problem = await problemOfTls(asked);
  return problem === undefined
    ? notReachable(address, why, error)
    : unavailable(
        `no TLS with temporal at ${address}: ${problem}; check TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_SERVER_NAME and the client's certificate (TEMPORAL_TLS_CLIENT_CERT_PATH, …_KEY_PATH)`,
        error,
      );
}

/** @returns what a handshake of our own finds wrong; undefined where it finds nothing */
function problemOfTls(asked: Asked): Promise<string | undefined> {
  const { host, port } = splitAddress(asked.address)!;
  const tls = tlsOf(asked);
  const given = typeof tls === 'object' && tls !== null ? tls : {};
  return new Promise((resolve) => {
    const settle = (problem?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const socket = connectTls({
      ...{ host, port, ALPNProtocols: ['h2'] },
      servername: given.serverNameOverride ?? host,
      ca: given.serverRootCACertificate && Buffer.from(given.serverRootCACertificate),
      cert: given.clientCertPair && Buffer.from(given.clientCertPair.crt),
      key: given.clientCertPair && Buffer.from(given.clientCertPair.key),
    });
    let timer = setTimeout(() => settle('no answer to the handshake'), TLS_ANSWERS_WITHIN_MS);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      timer = setTimeout(() => settle(), REFUSES_WITHIN_MS);
    });
    socket.once('error', (error) => settle(reasonOf(error)));
    socket.once('close', () => settle('the connection was closed'));
  });
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message.split('\n')[0]! : String(error);

const unavailable = (message: string, cause?: unknown): ZkferryError =>
  new ZkferryError('TemporalUnavailable', message, { retryable: true, cause });
