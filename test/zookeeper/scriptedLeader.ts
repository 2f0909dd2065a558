/** A leader that does what real ones do not do on demand: leave out a transaction, stand still, hang up. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { JuteWriter } from '../../src/codec/jute';
import { encodePacket, PACKET, type QuorumPacket } from '../../src/codec/quorum/packet';
import { QuorumPacketDecoder } from '../../src/codec/quorum/packetDecoder';

const HOST = '127.0.0.1';

/** What the leader says once it has had ACKEPOCH; undefined hangs up. */
export type Reign = (asked: bigint, send: (bytes: Buffer) => void, socket: Socket) => void;

export const txnPacket = (zxid: bigint, dataBytes = 0): Buffer =>
  encodePacket(
    PACKET.inform,
    zxid,
    new JuteWriter()
      .long(1n)
      .int(1)
      .long(zxid)
      .long(0n)
      .int(5)
      .buffer(Buffer.alloc(dataBytes))
      .bytes(),
  );

export const packetOf = (type: number, zxid: bigint): Buffer => encodePacket(type, zxid, null);

/** NEWLEADER and UPTODATE. */
export const established = (epoch: bigint): Buffer =>
  Buffer.concat([packetOf(PACKET.newLeader, epoch << 32n), packetOf(PACKET.upToDate, -1n)]);

/** An empty tree with its signature. */
export const emptySnapshot = (): Buffer =>
  Buffer.concat([
    new JuteWriter().int(0).int(0).string('').buffer(Buffer.alloc(0)).bytes(),
    Buffer.alloc(68),
    new JuteWriter().string('/').string('BenWasHere').bytes(),
  ]);

export class ScriptedLeader {
  /** Every packet learners sent. */
  readonly heard: QuorumPacket[] = [];
  /** The zxid each learner asked to go on from. */
  readonly asked: bigint[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly servers: Server[],
    readonly clientPort: number,
    readonly quorumPort: number,
  ) {}

  /** `reigns`: one for each learner that comes; the last one for all further. `says`: the epoch `srvr` shows. */
  static async start(
    reigns: readonly Reign[],
    { epoch = 1n, says = epoch }: { epoch?: bigint; says?: bigint } = {},
  ): Promise<ScriptedLeader> {
    const client = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (word) => {
        const known = word.toString() === 'srvr';
        socket.end(
          known
            ? `Zookeeper version: 3.9.6-0, built on today\nZxid: 0x${(says << 32n).toString(16)}\nMode: leader\nNode count: 1\n`
            : `${word.toString()} is not executed because it is not in the whitelist.\n`,
        );
      });
    });
    const quorum = createServer((socket) => leader.takeIn(socket, reigns, epoch));
    const [clientPort, quorumPort] = await Promise.all([listen(client), listen(quorum)]);
    const leader = new ScriptedLeader([client, quorum], clientPort, quorumPort);
    return leader;
  }

  private takeIn(socket: Socket, reigns: readonly Reign[], epoch: bigint): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    const decoder = new QuorumPacketDecoder();
    const send = (bytes: Buffer): void => void socket.write(bytes);
    socket.on('data', (chunk) => {
      decoder.push(chunk);
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        this.heard.push(packet);
        if (packet.type === PACKET.observerInfo) {
          send(encodePacket(PACKET.leaderInfo, epoch << 32n, Buffer.from([0, 1, 0, 0])));
        } else if (packet.type === PACKET.ackEpoch) {
          const reign = reigns[Math.min(this.asked.length, reigns.length - 1)]!;
          this.asked.push(packet.zxid);
          reign(packet.zxid, send, socket);
        }
      }
    });
  }

  get addresses(): { host: string; clientPort: number; quorumPort: number }[] {
    return [{ host: HOST, clientPort: this.clientPort, quorumPort: this.quorumPort }];
  }

  /** Learners connected now. */
  get learners(): number {
    return [...this.sockets].filter((socket) => !socket.destroyed).length;
  }

  count(type: number): number {
    return this.heard.filter((packet) => packet.type === type).length;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(
      this.servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, HOST);
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}
