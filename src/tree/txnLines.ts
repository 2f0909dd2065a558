/** Committed transactions as JSON, for people and scripts. Pure. */
import type { Txn, TxnBody } from '../codec/records';

const hex = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;

/** Of a part that did not fail itself, in a multi that did (DataTree.processTxn). */
const NOT_REACHED = 0;

/** One object a transaction: data in base64, zxid and session as `0x…`, time in ISO 8601. */
export function txnDocument({ header, body }: Txn): object {
  return {
    zxid: hex(header.zxid),
    time: new Date(Number(header.time)).toISOString(),
    session: hex(header.clientId),
    ...bodyDocument(body),
  };
}

function bodyDocument(body: TxnBody): object {
  switch (body.kind) {
    case 'multi':
      return { type: 'multi', parts: body.txns.map(bodyDocument) };
    case 'createTtl': {
      const { kind, ttl, ...rest } = body;
      return { type: kind, ...plain(rest), ttlMs: Number(ttl) };
    }
    case 'error':
      return { type: 'error', code: body.rest === undefined ? body.code : NOT_REACHED };
    default: {
      const { kind, ...rest } = body;
      return { type: kind, ...plain(rest) };
    }
  }
}

function plain(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      name === 'data' ? ((value as Buffer | null)?.toString('base64') ?? null) : value,
    ]),
  );
}

/** Whether the transaction concerns `root` or what is below it; `/` is everything, sessions included. */
export function concerns(body: TxnBody, root: string): boolean {
  if (root === '/') return true;
  const below = (path: string) => path === root || path.startsWith(`${root}/`);
  switch (body.kind) {
    case 'multi':
      return body.txns.some((part) => concerns(part, root));
    case 'closeSession':
      return body.paths?.some(below) ?? false;
    case 'error':
    case 'createSession':
      return false;
    default:
      return below(body.path);
  }
}
