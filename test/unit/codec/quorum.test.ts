import fc from 'fast-check';
import { JuteWriter } from '../../../src/codec/jute';
import { decodeAuthPacket, digestResponse, encodeAuthPacket } from '../../../src/codec/quorum/auth';
import { LearnerProtocol, type Step } from '../../../src/codec/quorum/learnerProtocol';
import {
  encodeAckEpoch,
  encodeEpochAck,
  encodeObserverInfo,
  encodePacket,
  encodePingReply,
  follows,
  PACKET,
  type QuorumPacket,
} from '../../../src/codec/quorum/packet';
import { QuorumPacketDecoder } from '../../../src/codec/quorum/packetDecoder';
import { SnapshotScanner } from '../../../src/codec/quorum/snapshotScanner';
import { isZkferryError } from '../../../src/model/errors';
import { runsOf } from '../../support/randomRuns';

const DAMAGED = runsOf(2_000);

/** Numbers from a seed, the same at every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Pieces of `bytes`, 1 to `most` long. */
function pieces(bytes: Buffer, most: number, random: (below: number) => number): Buffer[] {
  const parts: Buffer[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const end = Math.min(bytes.length, offset + 1 + random(most));
    parts.push(bytes.subarray(offset, end));
    offset = end;
  }
  return parts;
}

/** A bit turned, some bytes cut out, or a length made something else. */
function damaged(bytes: Buffer, random: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const at = random(copy.length - 4);
  switch (random(3)) {
    case 0:
      copy[at]! ^= 1 << random(8);
      return copy;
    case 1:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + random(8))]);
    default:
      copy.writeInt32BE([-2, 0x7fff_ffff, 0, 65_536, -0x8000_0000][random(5)]!, at);
      return copy;
  }
}

const zxidOf = (epoch: number, counter: number): bigint => (BigInt(epoch) << 32n) | BigInt(counter);

function txnOf(zxid: bigint): Buffer {
  return new JuteWriter().long(1n).int(2).long(zxid).long(3n).int(-11).bytes();
}

describe('quorum packets', () => {
  const arbitraryPacket = fc.record({
    type: fc.integer({ min: 1, max: 19 }),
    zxid: fc.bigInt({ min: -1n, max: 2n ** 62n }),
    data: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))),
    authinfo: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 }),
  });

  test('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryPacket, { maxLength: 12 }),
        fc.integer({ min: 1, max: 400 }),
        fc.nat(),
        (packets, most, seed) => {
          const bytes = Buffer.concat(
            packets.map(({ type, zxid, data, authinfo }) => {
              const writer = new JuteWriter().int(type).long(zxid).buffer(data);
              writer.int(authinfo.length === 0 ? -1 : authinfo.length);
              for (const [scheme, id] of authinfo) writer.string(scheme).string(id);
              return writer.bytes();
            }),
          );
          const decoder = new QuorumPacketDecoder();
          const read: QuorumPacket[] = [];
          for (const piece of pieces(bytes, most, generator(seed))) {
            decoder.push(piece);
            for (let packet = decoder.next(); packet; packet = decoder.next()) read.push(packet);
          }
          expect(read).toEqual(packets.map(({ type, zxid, data }) => ({ type, zxid, data })));
          expect(decoder.buffered).toBe(0);
        },
      ),
    );
  });

  test(`${DAMAGED} damaged streams end in packets, in a wait or in our own error`, () => {
    const random = generator(7);
    const base = Buffer.concat(
      [1, 2, 3, 4].map((n) => encodePacket(PACKET.inform, zxidOf(1, n), txnOf(zxidOf(1, n)))),
    );
    for (let round = 0; round < DAMAGED; round += 1) {
      const decoder = new QuorumPacketDecoder(1024);
      try {
        for (const piece of pieces(damaged(base, random), 90, random)) {
          decoder.push(piece);
          let packets = 0;
          while (decoder.next() !== undefined) packets += 1;
          expect(packets).toBeLessThan(100);
        }
      } catch (error) {
        expect(isZkferryError(error)).toBe(true);
      }
    }
  });

  test('a length beyond the bound is refused before its bytes are waited for', () => {
    const decoder = new QuorumPacketDecoder(1000);
    decoder.push(encodePacket(PACKET.inform, 1n, Buffer.alloc(1001)).subarray(0, 16));
    expect(() => decoder.next()).toThrow(/data of 1001, at most 1000/);
  });

  test('what follows a packet can be handed to another reader', () => {
    const decoder = new QuorumPacketDecoder();
    decoder.push(Buffer.concat([encodePacket(PACKET.snap, 5n, null), Buffer.from('bo')]));
    expect(decoder.next()?.type).toBe(PACKET.snap);
    decoder.push(Buffer.from('dy'));
    expect(decoder.takeRest().toString()).toBe('body');
    expect(decoder.buffered).toBe(0);
  });
});

describe('what a tap sends', () => {
  test('an introduction that raises no epoch and claims no configuration', () => {
    expect(encodeObserverInfo(0x7a6bn).toString('hex')).toBe(
      `00000010${'0'.repeat(16)}00000014${'7a6b'.padStart(16, '0')}00010000${'0'.repeat(16)}ffffffff`,
    );
  });

  test('an epoch that is accepted without a vote', () => {
    expect(encodeAckEpoch(zxidOf(1, 7)).toString('hex')).toBe(
      '00000012000000010000000700000004ffffffffffffffff',
    );
  });

  test('acknowledgements of epochs only: the counter is always 0', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 31n - 1n }), (epoch) => {
        const bytes = encodeEpochAck(epoch);
        expect(bytes.readInt32BE(0)).toBe(PACKET.ack);
        expect(bytes.readBigInt64BE(4)).toBe(epoch << 32n);
      }),
    );
  });

  test('pings with empty data, not null', () => {
    expect(encodePingReply(9n).readInt32BE(12)).toBe(0);
  });
});

describe('the end of a snapshot in the stream', () => {
  interface Node {
    path: string;
    data: Buffer | null;
  }

  function bodyOf(sessions: number, acls: number[], nodes: readonly Node[]): Buffer {
    const writer = new JuteWriter().int(sessions);
    for (let n = 0; n < sessions; n += 1) writer.long(BigInt(n)).int(10_000);
    writer.int(acls.length);
    acls.forEach((entries, key) => {
      writer.long(BigInt(key)).int(entries);
      for (let n = 0; n < entries; n += 1)
        writer
          .int(31)
          .string('digest')
          .string(`u:${'x'.repeat(n)}`);
    });
    const aclAndStat = Buffer.alloc(68, 0x2f);
    for (const { path, data } of nodes) {
      writer.string(path).buffer(data);
      writer.long(aclAndStat.readBigInt64BE(0));
      for (let n = 0; n < 15; n += 1) writer.int(aclAndStat.readInt32BE(8));
    }
    return writer.string('/').bytes();
  }
  const signature = new JuteWriter().string('BenWasHere').bytes();

  const arbitraryBody = fc
    .tuple(
      fc.nat(5),
      fc.array(fc.nat(3), { maxLength: 4 }),
      fc.array(
        fc.record({
          path: fc.string({ minLength: 1, maxLength: 30 }).map((name) => `/${name}`),
          data: fc.option(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))),
        }),
        { maxLength: 12 },
      ),
    )
    .map(([sessions, acls, nodes]) =>
      bodyOf(sessions, acls, [{ path: '', data: Buffer.alloc(0) }, ...nodes]),
    );

  test('is found to the byte, however the stream is cut', () => {
    fc.assert(
      fc.property(arbitraryBody, fc.integer({ min: 1, max: 500 }), fc.nat(), (body, most, seed) => {
        const after = Buffer.from('next packet');
        const stream = Buffer.concat([body, signature, after]);
        const scanner = new SnapshotScanner();
        const found: Buffer[] = [];
        const rest: Buffer[] = [];
        for (const piece of pieces(stream, most, generator(seed))) {
          if (scanner.done) {
            rest.push(piece);
            continue;
          }
          found.push(piece.subarray(0, scanner.push(piece)));
          if (scanner.done) rest.push(piece.subarray(scanner.consumed));
        }
        expect(Buffer.concat(found)).toEqual(body);
        expect(Buffer.concat(rest)).toEqual(after);
      }),
    );
  });

  test('nodes are counted', () => {
    const scanner = new SnapshotScanner();
    const body = bodyOf(
      1,
      [2],
      [
        { path: '', data: null },
        { path: '/a', data: Buffer.from('/') },
      ],
    );
    scanner.push(Buffer.concat([body, signature]));
    expect(scanner).toMatchObject({ done: true, nodes: 2 });
  });

  test(`${DAMAGED} damaged snapshots never hang it and never pass for whole ones with another end`, () => {
    const random = generator(11);
    const nodes = ['', '/a', '/a/b'].map((path) => ({ path, data: Buffer.from('value') }));
    const stream = Buffer.concat([bodyOf(2, [1, 2], nodes), signature]);
    for (let round = 0; round < DAMAGED; round += 1) {
      const scanner = new SnapshotScanner(4096);
      const bytes = damaged(stream, random);
      try {
        let consumed = 0;
        for (const piece of pieces(bytes, 64, random)) {
          if (scanner.done) break;
          scanner.push(piece);
          consumed += scanner.consumed;
        }
        // Whole means: signature and all.
        if (scanner.done)
          expect(bytes.subarray(consumed - 10, consumed).toString()).toBe('BenWasHere');
      } catch (error) {
        expect(isZkferryError(error)).toBe(true);
      }
    }
  });

  test('a snapshot without its signature is none', () => {
    const scanner = new SnapshotScanner();
    const body = bodyOf(0, [], [{ path: '', data: null }]);
    expect(() => scanner.push(Buffer.concat([body, Buffer.alloc(14)]))).toThrow(/no signature/);
  });
});

describe('the conversation', () => {
  const packet = (type: number, zxid: bigint, data: Buffer | null = null): QuorumPacket => ({
    type,
    zxid,
    data,
  });
  const inform = (zxid: bigint) => packet(PACKET.inform, zxid, txnOf(zxid));
  const proposal = (zxid: bigint) => packet(PACKET.proposal, zxid, txnOf(zxid));
  const commit = (zxid: bigint) => packet(PACKET.commit, zxid);
  const Z = (counter: number) => zxidOf(1, counter);

  function run(from: bigint, packets: QuorumPacket[]): { steps: Step[]; zxids: bigint[] } {
    const protocol = new LearnerProtocol(from);
    const zxids: bigint[] = [];
    const steps = [packet(PACKET.leaderInfo, Z(0)), ...packets].map((each) => {
      const step = protocol.accept(each);
      if (step === 'txn') zxids.push(protocol.txn.readBigInt64BE(12));
      return step;
    });
    return { steps: steps.slice(1), zxids };
  }

  test('a DIFF gives each pair of proposal and commit once, in order, with repetitions left out', () => {
    const { steps, zxids } = run(Z(2), [
      packet(PACKET.diff, Z(4)),
      proposal(Z(3)),
      commit(Z(3)),
      proposal(Z(4)),
      commit(Z(4)),
      proposal(Z(4)),
      commit(Z(4)),
      packet(PACKET.ping, Z(4)),
      inform(Z(5)),
      packet(PACKET.newLeader, Z(0)),
      inform(Z(6)),
      packet(PACKET.upToDate, -1n),
      packet(PACKET.ping, Z(6)),
      inform(Z(7)),
    ]);
    expect(zxids).toEqual([3, 4, 5, 6, 7].map(Z));
    expect(steps.filter((step) => step !== 'txn' && step !== 'nothing')).toEqual([
      'diff',
      'newLeader',
      'upToDate',
      'ping',
    ]);
  });

  test('after a SNAP what the snapshot holds is not given again', () => {
    const { zxids } = run(0n, [
      packet(PACKET.snap, Z(5)),
      inform(Z(4)),
      inform(Z(5)),
      inform(Z(6)),
    ]);
    expect(zxids).toEqual([Z(6)]);
  });

  test('a ping before UPTODATE stays without an answer', () => {
    const { steps } = run(Z(1), [
      packet(PACKET.diff, Z(1)),
      packet(PACKET.ping, Z(1)),
      packet(PACKET.newLeader, Z(0)),
      packet(PACKET.ping, Z(1)),
    ]);
    expect(steps).toEqual(['diff', 'nothing', 'newLeader', 'nothing']);
  });

  test('a proposal without a commit is never delivered', () => {
    const { zxids } = run(Z(1), [
      packet(PACKET.diff, Z(1)),
      proposal(Z(2)),
      packet(PACKET.newLeader, Z(0)),
      packet(PACKET.upToDate, -1n),
    ]);
    expect(zxids).toEqual([]);
  });

  test('a reconfiguration comes with the next leader before it, which is taken off', () => {
    const data = Buffer.concat([new JuteWriter().long(3n).bytes(), txnOf(Z(2))]);
    const { zxids } = run(Z(1), [
      packet(PACKET.diff, Z(1)),
      packet(PACKET.informAndActivate, Z(2), data),
    ]);
    expect(zxids).toEqual([Z(2)]);
  });

  test('a transaction that does not follow is a gap, and nothing moves', () => {
    const protocol = new LearnerProtocol(Z(1));
    protocol.accept(packet(PACKET.leaderInfo, Z(0)));
    protocol.accept(packet(PACKET.diff, Z(1)));
    expect(protocol.accept(inform(Z(3)))).toBe('gap');
    expect(protocol).toMatchObject({ lastZxid: Z(1), gapZxid: Z(3) });
  });

  test('a new epoch begins with 1', () => {
    expect(follows(zxidOf(2, 1), Z(9))).toBe(true);
    expect(follows(zxidOf(4, 1), Z(9))).toBe(true);
    expect(follows(zxidOf(2, 2), Z(9))).toBe(false);
    expect(follows(zxidOf(2, 1), zxidOf(2, 0))).toBe(true);
    expect(follows(Z(9), Z(9))).toBe(false);
    expect(follows(zxidOf(1, 1), zxidOf(2, 1))).toBe(false);
  });

  test.each<[string, QuorumPacket[]]>([
    ['a transaction before DIFF or SNAP', [inform(Z(1))]],
    ['UPTODATE before NEWLEADER', [packet(PACKET.diff, Z(1)), packet(PACKET.upToDate, -1n)]],
    ['a second DIFF', [packet(PACKET.diff, Z(1)), packet(PACKET.diff, Z(1))]],
    ['a commit of nothing', [packet(PACKET.diff, Z(1)), commit(Z(2))]],
    [
      'a transaction of another zxid than its packet',
      [packet(PACKET.diff, Z(1)), packet(PACKET.inform, Z(2), txnOf(Z(3)))],
    ],
    ['a packet of no known type', [packet(PACKET.diff, Z(1)), packet(99, Z(1))]],
  ])('%s is refused', (_what, packets) => {
    expect(() => run(Z(1), packets)).toThrow(/quorum packet/);
  });
});

describe('authentication', () => {
  test('packets come out as they went in', () => {
    const bytes = encodeAuthPacket(Buffer.from('token'));
    expect(decodeAuthPacket(bytes.subarray(0, 20))).toBeUndefined();
    expect(decodeAuthPacket(Buffer.concat([bytes, Buffer.from('x')]))).toEqual({
      packet: { status: 0, token: Buffer.from('token') },
      length: bytes.length,
    });
  });

  test('a port that says something else is told apart', () => {
    expect(() => decodeAuthPacket(encodePacket(PACKET.leaderInfo, 1n, Buffer.alloc(4)))).toThrow(
      /does not speak SASL/,
    );
  });

  test('the answer to a challenge is the one RFC 2831 asks for', () => {
    const challenge = Buffer.from(
      'realm="zk-quorum-sasl-md5",nonce="OA6MG9tEQGm2hh",qop="auth",charset=utf-8,algorithm=md5-sess',
    );
    const answer = digestResponse(challenge, { user: 'zk', password: 'se"cret' }, 'OA6MHXh6VqTrRk');
    expect(answer.toString()).toContain('username="zk",realm="zk-quorum-sasl-md5"');
    expect(answer.toString()).toMatch(/response=496577a4be4ab2b2975ea82c70e02c36,qop=auth$/);
    expect(answer.toString()).not.toContain('se"cret');
  });

  test('another mechanism than DIGEST-MD5 is refused by name', () => {
    expect(() => digestResponse(Buffer.from('`\x82'), { user: 'a', password: 'b' }, 'c')).toThrow(
      /DIGEST-MD5/,
    );
  });
});
