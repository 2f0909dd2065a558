/** Text of any code points but lone surrogates. `unit: 'binary'` of fast-check is the same, and takes a second to be made. */
import fc from 'fast-check';

const codePoint = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
);

export const anyText = (bounds: fc.ArrayConstraints = {}): fc.Arbitrary<string> =>
  fc.array(codePoint, bounds).map((points) => String.fromCodePoint(...points));
