import { txnDocument } from '../../../src/tree/txnLines';
import fc from 'fast-check';
import { decodeTxn, decodeTxnHeader, encodeTxn } from '../../../src/codec/txn';
import type { Txn, TxnBody } from '../../../src/codec/records';
import { TXN_TYPE } from '../../../src/codec/records';
import { isZkferryError } from '../../../src/model/errors';
import { anyDamage, anyTxn, damaged } from './txnArbitraries';
import { randomRuns } from '../../support/randomRuns';

const txnOf = (body: TxnBody, more: Partial<Txn> = {}): Txn => ({
  header: {
    clientId: 0x1_0000_0001n,
    cxid: 7,
    zxid: 0x2_0000_0003n,
    time: 1700n,
    type: TXN_TYPE[body.kind],
  },
  body,
  ...more,
});

const codeOf = (bytes: Buffer): unknown => {
  try {
    decodeTxn(bytes);
  } catch (error) {
    if (isZkferryError(error)) return (error.options.details as { code: string }).code;
    throw error;
  }
  return undefined;
};

/** Header of a type, and a body by hand. */
const raw = (type: number, hex: string): Buffer => {
  const header = Buffer.alloc(32);
  header.writeInt32BE(type, 28);
  return Buffer.concat([header, Buffer.from(hex.replaceAll(' ', ''), 'hex')]);
};

describe('a transaction', () => {
  test('of any kind comes back from its bytes as it was, digest and all', () => {
    fc.assert(
      fc.property(anyTxn, (txn) => {
        const bytes = encodeTxn(txn);
        expect(decodeTxn(bytes)).toEqual(txn);
        expect(decodeTxnHeader(bytes)).toEqual(txn.header);
      }),
      randomRuns(200),
    );
  });

  test('damaged in any way is refused, or still encodes to the very bytes it was read from', () => {
    fc.assert(
      fc.property(anyTxn, fc.array(anyDamage, { minLength: 1, maxLength: 3 }), (txn, damages) => {
        const bytes = damages.reduce(damaged, encodeTxn(txn));
        if (codeOf(bytes) === undefined) expect(encodeTxn(decodeTxn(bytes))).toEqual(bytes);
      }),
      randomRuns(1_000),
    );
  });

  test('has the bytes the server gives it', () => {
    const body: TxnBody = {
      kind: 'create',
      path: '/a',
      data: Buffer.from('d'),
      acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
      ephemeral: true,
      parentCversion: 5,
    };
    const bytes = encodeTxn(txnOf(body, { digest: { version: 2, treeDigest: 9n } }));
    expect(bytes.toString('hex')).toBe(
      [
        '0000000100000001 00000007 0000000200000003 00000000000006a4 00000001',
        '00000002 2f61 00000001 64 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 01 00000005',
        '00000002 0000000000000009',
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  test('keeps null and empty data apart', () => {
    for (const data of [null, Buffer.alloc(0)]) {
      const txn = txnOf({ kind: 'setData', path: '/a', data, version: 1 });
      expect(decodeTxn(encodeTxn(txn)).body).toEqual(txn.body);
    }
  });

  test('that closes a session is told by its length: no body, paths, a digest or both', () => {
    const digest = { version: 2, treeDigest: -1n };
    for (const paths of [null, [], ['/a'], ['/ab', '/c']]) {
      for (const more of [{}, { digest }]) {
        const txn = txnOf({ kind: 'closeSession', paths }, more);
        expect(decodeTxn(encodeTxn(txn))).toEqual(txn);
      }
    }
  });

  test('that created a node before 3.4 counts as one whose parent counts itself up', () => {
    const bytes = raw(TXN_TYPE.create, '00000002 2f61 ffffffff ffffffff 00');
    const { body } = decodeTxn(bytes);
    expect(body).toMatchObject({ kind: 'create', parentCversion: -1, old: true });
    expect(encodeTxn(decodeTxn(bytes))).toEqual(bytes);
  });

  test('of a failed multi keeps what was prepared and the errors behind it', () => {
    const txn = txnOf({
      kind: 'multi',
      txns: [
        { kind: 'delete', path: '/a' },
        { kind: 'error', code: -110 },
        { kind: 'error', code: -2 },
      ],
    });
    expect(decodeTxn(encodeTxn(txn))).toEqual(txn);
  });

  test('of a failed multi as a server hands it on once it has applied it: each part an error over the bytes it had', () => {
    const prepared = encodeTxn(txnOf({ kind: 'delete', path: '/prepared' })).subarray(32);
    const sent = [prepared, Buffer.from('ffffff92', 'hex')].map((bytes) =>
      Buffer.concat([
        Buffer.from(`ffffffff${bytes.length.toString(16).padStart(8, '0')}`, 'hex'),
        bytes,
      ]),
    );
    const bytes = raw(TXN_TYPE.multi, `00000002${Buffer.concat(sent).toString('hex')}`);
    const txn = decodeTxn(bytes);
    expect(txn.body).toMatchObject({
      kind: 'multi',
      txns: [
        { kind: 'error', rest: prepared.subarray(4) },
        { kind: 'error', code: -110 },
      ],
    });
    expect(encodeTxn(txn)).toEqual(bytes);
    expect(txnDocument(txn)).toMatchObject({
      parts: [
        { type: 'error', code: 0 },
        { type: 'error', code: -110 },
      ],
    });
  });

  test('with characters beyond U+FFFF has them as Java writes them, in six bytes', () => {
    const acl = [{ perms: 1, scheme: 'digest', id: '\u{1F511}' }];
    const bytes = encodeTxn(txnOf({ kind: 'setAcl', path: '/a', acl, version: 0 }));
    expect(bytes.toString('hex')).toContain('00000006eda0bdedb491');
    expect(decodeTxn(bytes).body).toMatchObject({ acl });
  });

  test.each([
    ['four-byte UTF-8, which Java does not write', raw(2, '00000004 f09f9491'), 'CorruptData'],
    ['an overlong character', raw(2, '00000002 c0af'), 'CorruptData'],
    ['a string cut within a character', raw(2, '00000001 c3'), 'CorruptData'],
    ['a null path', raw(2, 'ffffffff'), 'UnsupportedTxn'],
    ['a truth value of 2', raw(1, '00000001 2f ffffffff ffffffff 02 00000000'), 'CorruptData'],
    ['a list longer than its bytes', raw(-11, '7fffffff 00000000'), 'CorruptData'],
    ['a length beyond the end', raw(2, '7fffffff 2f'), 'CorruptData'],
    ['a multi in a multi', raw(14, '00000001 0000000e 00000004 00000000'), 'UnsupportedTxn'],
    [
      'bytes left in a part of a multi',
      raw(14, '00000001 00000002 00000007 00000002 2f61 00'),
      'CorruptData',
    ],
    ['a type no version has', raw(99, ''), 'UnsupportedTxn'],
    ['less than a header', Buffer.alloc(31), 'CorruptData'],
    ['bytes behind it that are no digest', raw(-10, '00000001 00'), 'CorruptData'],
  ])('with %s is refused', (_, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test('whose header and body differ is not written', () => {
    const txn = txnOf({ kind: 'delete', path: '/a' });
    txn.header.type = TXN_TYPE.create;
    expect(() => encodeTxn(txn)).toThrow(/header of type 1 over a delete body/);
  });
});
