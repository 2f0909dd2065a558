/** What holds for every file, way of writing and connection string. */
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { editConnection, readConnection } from '../../../../src/codec/clientFile/connection';
import { anyConnection, anyFileWith, type Written } from './anyFile';
import { back } from './files';
import { randomRuns } from '../../../support/randomRuns';

const anyCase = fc
  .tuple(anyConnection, anyConnection)
  .chain(([value, wanted]) =>
    anyFileWith(value, wanted).map((written) => ({ value, wanted, written })),
  );

const bytesOf = ({ format }: Written, text: string) =>
  Buffer.from(text, format === 'properties' ? 'latin1' : 'utf8');

/** Without the value that is to change, by a reader that is not ours. */
function others({ format }: Written, bytes: Uint8Array, value: string): unknown {
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  if (format === 'json') {
    const document = JSON.parse(text) as { a: { zk: unknown }[] };
    expect(document.a[1]!.zk).toBe(value);
    document.a[1]!.zk = '';
    return document;
  }
  const [first, ...more] = parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as { a: Record<string, string> };
  });
  expect(first!.a['zk.connect']!.trim()).toBe(value);
  first!.a['zk.connect'] = '';
  return [first, ...more];
}

test('an edit reads back as wanted, changes nothing around the value, and leads back', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyCase, ({ value, wanted, written }) => {
      const { format, at, style, before, token, after, returns } = written;
      seen.add(`${format} ${style}${returns ? '' : ' (one way)'}`);
      const name = 'host:/file';
      const given = bytesOf(written, before + token + after);
      expect(readConnection({ name, format, bytes: given }, at).text).toBe(value);

      const edit = editConnection({ name, format, bytes: given }, at, back(wanted));
      expect(edit).toMatchObject({ before: value, after: wanted });
      const now = { name, format, bytes: edit.bytes };
      expect(readConnection(now, at).text).toBe(wanted);
      const [head, tail] = [bytesOf(written, before), bytesOf(written, after)];
      expect(edit.bytes.length).toBeGreaterThan(head.length + tail.length);
      expect(Buffer.from(edit.bytes.subarray(0, head.length)).equals(head)).toBe(true);
      expect(Buffer.from(edit.bytes.subarray(edit.bytes.length - tail.length)).equals(tail)).toBe(
        true,
      );
      if (format === 'yaml' || format === 'json')
        expect(others(written, edit.bytes, wanted)).toEqual(others(written, given, value));

      const again = editConnection(now, at, { ...back(value), expected: wanted });
      expect(again.after).toBe(value);
      if (returns) expect(Buffer.from(again.bytes).equals(given)).toBe(true);
    }),
    randomRuns(200),
  );
  // Each way of writing was tried; those that take any text always lead back.
  expect([...seen].filter((one) => !one.endsWith('(one way)'))).toHaveLength(14);
});

const anyServers = fc.array(
  fc.record({
    host: fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/),
    port: fc.integer({ min: 1, max: 65_535 }),
  }),
  { minLength: 1, maxLength: 6 },
);
const listed = (servers: { host: string; port: number }[]) =>
  servers.map(({ host, port }) => `${host}:${port}`).join(',');

test('a list of ClickHouse becomes any other, and the same bytes again', () => {
  fc.assert(
    fc.property(anyServers, anyServers, fc.boolean(), (servers, wanted, indexed) => {
      const nodes = servers.map(
        ({ host, port }, at) =>
          `  <node${indexed ? ` index="${at + 1}"` : ''}><secure>1</secure>\r\n` +
          `<port>${port}</port><host> ${host} </host></node>\r\n`,
      );
      const text = `<c><x>é</x><zk>\r\n${nodes.join('')}  <root>/r&amp;d</root></zk>\r\n</c>`;
      const file = { name: 'f', format: 'clickhouseXml' as const, bytes: Buffer.from(text) };
      const at = { path: ['zk'] };
      const edit = editConnection(file, at, { wanted: listed(wanted) });
      expect(edit.before).toBe(`${listed(servers)}/r&d`);
      expect(edit.after).toBe(`${listed(wanted)}/r&d`);
      const again = editConnection({ ...file, bytes: edit.bytes }, at, { wanted: listed(servers) });
      expect(Buffer.from(again.bytes).toString()).toBe(text);
    }),
    randomRuns(60),
  );
});

test('hosts and their port become any others, and the same bytes again', () => {
  fc.assert(
    fc.property(
      anyServers,
      anyServers,
      fc.nat(65_534),
      fc.nat(65_534),
      fc.constantFrom(',', ', '),
      (servers, wanted, port, other, comma) => {
        const hosts = servers.map(({ host }) => host);
        fc.pre(hosts.length > 1 && wanted.length > 1);
        const text = `# é\nport: ${port + 1} # x\nhosts: [x]\nq: "${hosts.join(comma)}"\n`;
        const file = { name: 'f', format: 'yaml' as const, bytes: Buffer.from(text) };
        const at = { path: ['q'], portPath: ['port'] };
        const each = (all: { host: string }[], common: number) =>
          listed(all.map(({ host }) => ({ host, port: common + 1 })));
        const edit = editConnection(file, at, { wanted: each(wanted, other) });
        expect(edit).toMatchObject({ before: each(servers, port), after: each(wanted, other) });
        const again = editConnection({ ...file, bytes: edit.bytes }, at, { wanted: edit.before });
        expect(Buffer.from(again.bytes).toString()).toBe(text);
      },
    ),
    randomRuns(60),
  );
});
