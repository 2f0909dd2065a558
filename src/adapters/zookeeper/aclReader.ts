/**
 * Reads an ACL over a connection and session of its own, because the native client's getACL crashes the
 * process whenever the request fails (see nativeClient.ts).
 */
import { connect, type Socket } from 'node:net';
import {
  decodeAclList,
  decodeConnect,
  decodeReply,
  encodeAuth,
  encodeCloseSession,
  encodeConnect,
  encodeGetAcl,
  takeFrames,
} from '../../codec/clientProtocol';
import { isZkferryError, type ZkferryError } from '../../model/errors';
import type { ZkAcl } from '../../model/ports';
import { operationError } from './errors';
import type { ServerAddress } from './fourLetterClient';

const SESSION_TIMEOUT_MS = 4_000;
const GET_ACL_XID = 1;

export interface AclRequest {
  servers: ServerAddress[];
  auth: { scheme: string; credential: string }[];
  path: string;
  /** For all servers together. */
  timeoutMs: number;
}

/** Asks the servers in turn until one answers. */
export async function readAcl(request: AclRequest): Promise<ZkAcl[]> {
  const deadline = Date.now() + request.timeoutMs;
  let failure: ZkferryError | undefined;
  for (const [index, server] of request.servers.entries()) {
    const leftMs = deadline - Date.now();
    if (leftMs <= 0) break;
    try {
      const shareMs = Math.max(1, Math.floor(leftMs / (request.servers.length - index)));
      return await readAclFrom(server, request, shareMs);
    } catch (error) {
      if (!isZkferryError(error) || !error.retryable) throw error;
      failure = error;
    }
  }
  throw failure ?? failed(request, 'OperationTimeout');
}

function failed(request: AclRequest, code: number | string, detail?: string): ZkferryError {
  const servers = request.servers.map(({ host, clientPort }) => `${host}:${clientPort}`).join(',');
  return operationError(code, { operation: 'getAcl', path: request.path, servers }, detail);
}

function readAclFrom(
  server: ServerAddress,
  request: AclRequest,
  timeoutMs: number,
): Promise<ZkAcl[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.clientPort });
    const finish = (act: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      act();
    };
    const fail = (error: unknown): void => {
      const failure: Error = isZkferryError(error)
        ? error
        : failed(request, 'ConnectionLoss', String(error));
      finish(() => reject(failure));
    };
    const timer = setTimeout(() => fail(failed(request, 'OperationTimeout')), timeoutMs);
    let received: Buffer = Buffer.alloc(0);
    let connected = false;

    socket.on('connect', () => socket.write(encodeConnect(SESSION_TIMEOUT_MS)));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      fail(failed(request, 'ConnectionLoss', error.code ?? error.message)),
    );
    socket.on('close', () => fail(failed(request, 'ConnectionLoss')));
    socket.on('data', (chunk: Buffer) => {
      try {
        const { frames, rest } = takeFrames(Buffer.concat([received, chunk]));
        received = rest;
        for (const frame of frames) {
          if (!connected) {
            if (decodeConnect(frame).sessionId === 0n) throw failed(request, 'SessionExpired');
            connected = true;
            ask(socket, request);
            continue;
          }
          const reply = decodeReply(frame);
          if (reply.error !== 0) throw failed(request, reply.error);
          if (reply.xid === GET_ACL_XID) {
            const acl = decodeAclList(reply.body);
            socket.write(encodeCloseSession(GET_ACL_XID + 1));
            clearTimeout(timer);
            resolve(acl);
          } else if (reply.xid === GET_ACL_XID + 1) socket.destroy();
        }
      } catch (error) {
        fail(error);
      }
    });
    socket.setTimeout(timeoutMs, () => socket.destroy());
  });
}

function ask(socket: Socket, request: AclRequest): void {
  for (const { scheme, credential } of request.auth) socket.write(encodeAuth(scheme, credential));
  socket.write(encodeGetAcl(GET_ACL_XID, request.path));
}
