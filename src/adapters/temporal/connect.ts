/** The one way into Temporal: a connection with a deadline, and an error that says what to start. */
import { connect as connectTcp } from 'node:net';
import {
  Client,
  Connection,
  type ClientInterceptors,
  type ConnectionOptions,
} from '@temporalio/client';
import { ZkferryError } from '../../model/errors';
import type { CodecKey } from './codecKeys';
import { splitAddress, tlsOf } from './address';
import { connectFailure, notReachable } from './connectFailure';
import { dataConverterOf } from './dataConverter';

const RETRY_EVERY_MS = 200;

export interface TemporalOptions {
  /** `host:port` of the frontend service. */
  address: string;
  namespace: string;
  tls?: ConnectionOptions['tls'];
  /** Sent as a bearer token; switches TLS on unless `tls` says otherwise. */
  apiKey?: string;
  /** Payloads are encrypted with the first and decrypted with any; none: not encrypted. */
  codecKeys?: readonly CodecKey[];
  interceptors?: ClientInterceptors;
  /** Most all attempts together may take. */
  deadlineMs?: number;
}

export interface Temporal {
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
  /** Payloads are encrypted: then ids and other plain fields must not name ensembles either. */
  readonly sealed: boolean;
  /** Runs `call` with a deadline on every request in it. */
  within: <T>(deadlineMs: number, call: () => Promise<T>) => Promise<T>;
  close(): Promise<void>;
}

/**
 * Connects, trying again until the deadline, so that a server that is just starting is met.
 * @throws TemporalUnavailable (retryable) naming the address, the last reason and what to start
 */
export async function connectTemporal(options: TemporalOptions): Promise<Temporal> {
  const { address, namespace, interceptors, codecKeys = [], deadlineMs = 5_000 } = options;
  const deadline = Date.now() + deadlineMs;
  await untilListening(address, deadlineMs);
  let connection: Connection;
  try {
    connection = await Connection.connect({
      address,
      tls: tlsOf(options),
      apiKey: options.apiKey,
      connectTimeout: Math.max(1_000, deadline - Date.now()),
    });
  } catch (error) {
    throw await connectFailure(options, error);
  }
  return {
    client: new Client({
      ...{ connection, namespace, interceptors },
      dataConverter: dataConverterOf(codecKeys),
    }),
    address,
    namespace,
    sealed: codecKeys.length > 0,
    within: (ms, call) => connection.withDeadline(Date.now() + ms, call),
    close: () => connection.close(),
  };
}

/**
 * Waits until something listens at `address`.
 * @throws BadUsage for an address that is not host:port, TemporalUnavailable (retryable) at the deadline
 */
export async function untilListening(address: string, deadlineMs: number): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  const place = splitAddress(address);
  if (place === undefined)
    throw new ZkferryError(
      'BadUsage',
      `Temporal's address must be host:port, such as 127.0.0.1:7233; got ${JSON.stringify(address)}`,
    );
  for (;;) {
    const failure = await dial(place.host, place.port, Math.max(50, deadline - Date.now()));
    if (failure === undefined) return;
    if (Date.now() + RETRY_EVERY_MS >= deadline)
      throw notReachable(address, `${failure} for ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_EVERY_MS));
  }
}

/** @returns why nothing answered; undefined when something listens */
function dial(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port });
    const settle = (reason?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reason);
    };
    const timer = setTimeout(() => settle('no answer'), timeoutMs);
    socket.once('connect', () => settle());
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(error.code === 'ECONNREFUSED' ? 'nothing listens there' : (error.code ?? 'failed'));
    });
  });
}
