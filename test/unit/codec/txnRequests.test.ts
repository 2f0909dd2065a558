import fc from 'fast-check';
import {
  decodeMulti,
  encodeMulti,
  encodeWrite,
  sizeInMulti,
  type WriteOp,
} from '../../../src/codec/clientRequests';
import { JuteWriter } from '../../../src/codec/jute';
import { isZkferryError } from '../../../src/model/errors';
import { randomRuns } from '../../support/randomRuns';
import { anyText } from '../../support/anyText';

const acl = fc.array(
  fc.record({
    perms: fc.integer({ min: 0, max: 31 }),
    scheme: fc.string(),
    id: fc.string({ unit: 'grapheme' }),
  }),
  { maxLength: 3 },
);
const data = fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)));
const node = { path: fc.string({ unit: 'grapheme' }), data, acl };
const version = fc.integer({ min: -1, max: 99 });
const op = fc.oneof(
  fc.record({ kind: fc.constantFrom('create', 'create2'), ...node, flags: fc.nat(3) }),
  fc.record({ kind: fc.constant('createContainer'), ...node }),
  fc.record({ kind: fc.constant('createTtl'), ...node, ttlMs: fc.nat() }),
  fc.record({ kind: fc.constantFrom('delete', 'check'), path: node.path, version }),
  fc.record({ kind: fc.constant('setData'), path: node.path, data, version }),
) as fc.Arbitrary<WriteOp>;

const fields = fc.array(
  fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    fc.boolean(),
    anyText(),
    data,
  ),
  { maxLength: 40 },
);

type Field = typeof fields extends fc.Arbitrary<(infer T)[]> ? T : never;

function put(writer: JuteWriter, field: Field): void {
  if (typeof field === 'number') writer.int(field);
  else if (typeof field === 'bigint') writer.long(field);
  else if (typeof field === 'boolean') writer.bool(field);
  else if (typeof field === 'string') writer.string(field);
  else writer.buffer(field);
}

/** Jute's rules, written out. */
function bytesOf(field: Field): Buffer {
  if (typeof field === 'boolean') return Buffer.from([field ? 1 : 0]);
  const number = Buffer.alloc(typeof field === 'bigint' ? 8 : 4);
  if (typeof field === 'bigint') number.writeBigInt64BE(field);
  else if (typeof field === 'number') number.writeInt32BE(field);
  else {
    const content = typeof field === 'string' ? Buffer.from(field, 'utf8') : field;
    number.writeInt32BE(content?.length ?? -1);
    return Buffer.concat([number, content ?? Buffer.alloc(0)]);
  }
  return number;
}

describe('requests', () => {
  test('are as long in a multi as foretold, so that batches can be cut before they are encoded', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 6 }), (ops) => {
        const foretold = ops.reduce((sum, one) => sum + sizeInMulti(one), 4 + 8 + 9);
        const frame = encodeMulti(1, ops);
        expect(frame).toHaveLength(foretold);
        expect(frame.readInt32BE(0)).toBe(foretold - 4);
      }),
    );
  });

  test('have the bytes of a request of their own', () => {
    const frame = encodeWrite(7, { kind: 'setData', path: '/a', data: null });
    expect(frame.toString('hex')).toBe(
      '00000016 00000007 00000005 00000002 2f61 ffffffff ffffffff'.replaceAll(' ', ''),
    );
  });

  test('are written field by field, whatever came before', () => {
    fc.assert(
      fc.property(fields, (values) => {
        const writer = new JuteWriter();
        for (const value of values) put(writer, value);
        const bytes = Buffer.concat(values.map(bytesOf));
        expect(writer.bytes()).toEqual(bytes);
        expect(writer.frame()).toEqual(Buffer.concat([bytesOf(bytes.length), bytes]));
        expect(writer.length).toBe(bytes.length);
      }),
    );
  });

  test('that failed as a multi say what passed, what failed and what was not tried', () => {
    const body = new JuteWriter();
    for (const code of [0, -110, -2]) body.int(-1).bool(false).int(code).int(code);
    body.int(-1).bool(true).int(-1);
    const codes = [0, -110, -2].map((code) => ({ kind: 'error', code }));
    expect(decodeMulti(body.bytes())).toEqual(codes);
  });

  test('whose reply is damaged are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeMulti(Buffer.from(bytes));
        } catch (error) {
          expect(isZkferryError(error)).toBe(true);
        }
      }),
      randomRuns(200),
    );
  });
});
