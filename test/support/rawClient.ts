/** A session over one socket that sends exactly the requests it is told to, many at a time if wanted. */
import { connect, type Socket } from 'node:net';
import {
  decodeConnect,
  decodeReply,
  encodeAuth,
  encodeBare,
  encodeConnect,
  FrameSplitter,
  NEW_SESSION,
  OPCODE,
  XID,
  type ConnectReply,
  type Reply,
} from '../../src/codec/clientProtocol';

const REPLY_DEADLINE_MS = 20_000;

/** A reply's negative code, as an error. */
export class RequestFailed extends Error {
  constructor(
    readonly code: number,
    what: string,
  ) {
    super(`${what} was refused with code ${code}`);
  }
}

interface Waiting {
  xid: number;
  settle: (reply: Reply | Error) => void;
}

export class RawClient {
  private readonly waiting: Waiting[] = [];
  private readonly splitter = new FrameSplitter();
  private opened: ((reply: ConnectReply | Error) => void) | undefined;
  private nextXid = 1;
  private readonly pinger: NodeJS.Timeout;
  sessionId = 0n;

  private constructor(
    private readonly socket: Socket,
    timeoutMs: number,
  ) {
    socket.on('data', (chunk: Buffer) => this.received(chunk));
    socket.on('error', (error) => this.ended(error));
    socket.on('close', () => this.ended(new Error('the server closed the connection')));
    this.pinger = setInterval(
      () => this.socket.write(encodeBare(XID.ping, OPCODE.ping)),
      timeoutMs / 3,
    );
  }

  /** Rejects where no session is there within 20 s. */
  static async open(
    { host, clientPort }: { host: string; clientPort: number },
    timeoutMs = 10_000,
  ): Promise<RawClient> {
    const socket = connect({ host, port: clientPort, noDelay: true });
    const client = new RawClient(socket, timeoutMs);
    const reply = await client.bounded<ConnectReply>('a session', (settle) => {
      client.opened = settle;
      socket.once('connect', () => socket.write(encodeConnect(timeoutMs, 0n, NEW_SESSION)));
    });
    client.sessionId = reply.sessionId;
    return client;
  }

  /** The body of the reply; RequestFailed with its code otherwise. */
  async ask(what: string, encode: (xid: number) => Buffer): Promise<Buffer> {
    return (await this.exchange(what, encode)).body;
  }

  /** The whole reply, with the server's last zxid; RequestFailed as `ask`. */
  exchange(what: string, encode: (xid: number) => Buffer): Promise<Reply> {
    const xid = this.nextXid;
    this.nextXid += 1;
    return this.send(what, xid, encode(xid));
  }

  async authenticate(scheme: string, credential: string): Promise<void> {
    await this.send('the credential', XID.auth, encodeAuth(scheme, credential));
  }

  /** Ends the session: its ephemerals go. */
  async close(): Promise<void> {
    await this.ask('closing', (xid) => encodeBare(xid, OPCODE.closeSession));
    this.drop();
  }

  /** Ends the connection alone: the session lives until it expires. */
  drop(): void {
    clearInterval(this.pinger);
    this.socket.destroy();
  }

  private async send(what: string, xid: number, frame: Buffer): Promise<Reply> {
    const reply = await this.bounded<Reply>(what, (settle) => {
      this.waiting.push({ xid, settle });
      this.socket.write(frame);
    });
    if (reply.error !== 0) throw new RequestFailed(reply.error, what);
    return reply;
  }

  private bounded<T>(what: string, start: (settle: (value: T | Error) => void) => void) {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer to ${what} within ${REPLY_DEADLINE_MS} ms`)),
        REPLY_DEADLINE_MS,
      );
      start((value) => {
        clearTimeout(timer);
        if (isFailure(value)) reject(value);
        else resolve(value);
      });
    });
  }

  private received(chunk: Buffer): void {
    for (const frame of this.splitter.push(chunk)) {
      if (this.opened) {
        this.opened(decodeConnect(frame));
        this.opened = undefined;
        continue;
      }
      const reply = decodeReply(frame);
      if (reply.xid === XID.ping || reply.xid === XID.watchEvent) continue;
      const first = this.waiting.shift();
      first?.settle(
        first.xid === reply.xid
          ? reply
          : new Error(`a reply to ${reply.xid}, expected one to ${first.xid}`),
      );
    }
  }

  private ended(error: Error): void {
    clearInterval(this.pinger);
    this.opened?.(error);
    for (const { settle } of this.waiting.splice(0)) settle(error);
  }
}

/** Node's own errors are of another realm under jest. */
const isFailure = (value: unknown): value is Error =>
  typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
