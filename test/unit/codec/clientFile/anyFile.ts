/** Files of every format around one connection string, in every way of writing it. */
import fc from 'fast-check';
import type { ClientFileFormat, ClientFileLocator } from '../../../../src/model/clientFile';

const anyHost = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,6}(\.[a-z][a-z0-9]{0,4}){0,2}$/),
  fc.constantFrom('10.0.0.1', '192.168.7.255', '[::1]', '[2001:db8::7]', 'null', 'true', 'zk_1'),
);
const anyServer = fc
  .tuple(anyHost, fc.option(fc.integer({ min: 1, max: 65_535 })))
  .map(([host, port]) => (port === null ? host : `${host}:${port}`));
const anyServers = fc
  .array(anyServer, { minLength: 1, maxLength: 5 })
  .map((servers) => servers.join(','));

/** Characters that mean something to one format or another. */
const anyChroot = fc.oneof(
  fc.constant(''),
  fc.stringMatching(/^(\/[a-z]{1,5}){1,3}$/),
  fc
    .array(fc.constantFrom(...`ab:=#!'"\\&<>;$\`|*?~%@{}[]()- é\u20ac`), {
      minLength: 1,
      maxLength: 8,
    })
    .map((characters) => `/x${characters.join('')}y`)
    .filter((chroot) => !/[$#%]\{|\$\(|\{\{/.test(chroot)),
);

export const anyConnection = fc
  .tuple(anyServers, anyChroot)
  .map(([servers, chroot]) => servers + chroot);

export interface Written {
  format: ClientFileFormat;
  at: ClientFileLocator;
  style: string;
  /** Around the value and its quotes. */
  before: string;
  token: string;
  after: string;
}

interface Style {
  style: string;
  format: ClientFileFormat;
  at: ClientFileLocator;
  noise: string[];
  around: [string, string];
  /** Undefined where this style has no way to write it. */
  token(value: string): string | undefined;
  /** Whether the way of writing shows in each of the two: else it can't be known on the way back. */
  keeps?(one: string, other: string): boolean;
}

const isPlain = (value: string) =>
  /^[a-z][\w.:,/-]*[\w/]$/.test(value) && !/^(null|true)$/.test(value);
const both = (pattern: RegExp) => (one: string, other: string) =>
  pattern.test(one) && pattern.test(other);
const escapeXml = (value: string) =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const unicode = (value: string) =>
  value.replace(
    /[^ -~]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  );

const properties = (style: string, separator: string, escaped: RegExp): Style => ({
  style,
  format: 'properties',
  at: { key: 'zk.connect' },
  noise: [
    '# zk.connect=x:1',
    '! caf\u00e9',
    'a b\\\n  zk.connect=no',
    'zk.connect2=x',
    '',
    ' long : x\\\\',
  ],
  around: [`  zk.\\u0063onnect${separator}`, ' \t'],
  token: (value) => unicode(value.replace(escaped, '\\$&')),
  keeps: style === 'stored' ? both(/[:=#!]/) : undefined,
});

const env = (style: string, around: [string, string], token: Style['token']): Style => ({
  style,
  format: 'env',
  at: { key: 'ZK' },
  noise: [
    '# ZK=x',
    'A="x\nZK=y"',
    "B='\nZK=z'",
    'C=\\"',
    'export D=ZK',
    '',
    'if true; then e "$ZK"; fi',
  ],
  around,
  token,
  keeps: style === 'double' ? undefined : (_, other) => token(other) !== undefined,
});

const yaml = (style: string, around: [string, string], token: Style['token']): Style => ({
  style,
  format: 'yaml',
  at: { path: ['a', 'zk.connect'] },
  noise: [
    '# zk: x',
    'b: {zk.connect: x}',
    'c:  [1, &x "é"]',
    '',
    "'d': |\n  zk.connect: x",
    'e: >-\n  a\n\n  b',
    '---',
  ],
  around,
  token,
  keeps: style === 'plain' ? (_, other) => isPlain(other) : undefined,
});

const json = (style: string, token: Style['token']): Style => ({
  style,
  format: 'json',
  at: { path: ['a', 1, 'zk'] },
  noise: ['"b": {"zk": "x:1"},', '"c" :[1e5,null , "\\u00e9"],', '"d":"\\"zk\\":",', ''],
  around: ['"a": [{"zk": 1},\t{ "zk" : ', ' }], "zk": [],'],
  token,
  keeps: style === 'escaped slashes' ? both(/\//) : undefined,
});

const hadoop = (style: string, around: [string, string], token: Style['token']): Style => ({
  style,
  format: 'hadoopXml',
  at: { key: 'zk' },
  noise: [
    '<!-- <property><name>zk</name><value>x</value></property> -->',
    '<property><name>zk2</name><value>é &#38; &lt;</value><final>true</final></property>',
    '<property><name>b</name><value><![CDATA[<name>zk</name>]]></value></property>',
    "<?pi <name>zk</name>?><other a='>' />",
    '',
  ],
  around: [
    `<property><name>\n z&#107;</name><value>${around[0]}`,
    `${around[1]}</value></property>`,
  ],
  token,
});

const styles: Style[] = [
  properties('plain', '=', /\\/g),
  properties('stored', ' : ', /[\\:=#!]/g),
  properties('blank and continuation', ' \\\n   ', /\\/g),
  env('unquoted', ['ZK=', ' # x'], (value) => (isPlain(value) ? value : undefined)),
  env('single', ['  export ZK=', ''], (value) => (value.includes("'") ? undefined : `'${value}'`)),
  env('double', ['ZK=', '\t# x'], (value) => `"${value.replace(/["\\$`]/g, '\\$&')}"`),
  yaml('plain', ['a:\n  x: 1\n  zk.connect:   ', '  # x'], (value) =>
    isPlain(value) ? value : undefined,
  ),
  yaml('single', ['a: {zk.connect: ', ', y: 2}'], (value) => `'${value.replaceAll("'", "''")}'`),
  yaml('double', ['a:\n    "zk.connect" : ', ''], (value) => JSON.stringify(value)),
  yaml('literal', ['a:\n  zk.connect: |+ # x\n     ', '\n\n'], (value) => value),
  json('plain', (value) => JSON.stringify(value)),
  json('escaped slashes', (value) => JSON.stringify(value).replaceAll('/', '\\/')),
  hadoop('text', ['\n\t', '\n'], escapeXml),
  hadoop('cdata', [' <![CDATA[', ']]>'], (value) => (value.includes(']]>') ? undefined : value)),
];

const frames: Partial<Record<ClientFileFormat, [string, string]>> = {
  json: ['{', '"end": true}'],
  hadoopXml: ['<?xml version="1.0"?>\n<configuration a="b">', '</configuration>'],
};

/** A file that names `value`, and whether naming `other` in between leads back to the same bytes. */
export const anyFileWith = (
  value: string,
  other: string,
): fc.Arbitrary<Written & { returns: boolean }> =>
  fc
    .record({
      style: fc.constantFrom(...styles.filter((style) => style.token(value) !== undefined)),
      picks: fc.array(fc.nat(), { maxLength: 4 }),
      later: fc.array(fc.nat(), { maxLength: 4 }),
      crlf: fc.boolean(),
      bom: fc.boolean(),
      finalEnd: fc.boolean(),
    })
    .map(({ style, picks, later, crlf, bom, finalEnd }) => {
      const noise = (of: number[]) =>
        of
          .map((pick) => style.noise[pick % style.noise.length]!)
          .map((line, at) => named(line, at));
      // A mapping of YAML must not have a key twice in one document.
      const taken =
        style.format === 'yaml' ? [...new Set([...picks, ...later].map((p) => p % 7))] : [];
      const heads = style.format === 'yaml' ? noise(taken.filter((p) => p !== 6)) : noise(picks);
      const tails =
        style.format === 'yaml' ? (taken.includes(6) ? ['---', 'z: 1'] : []) : noise(later);
      const [open, close] = frames[style.format] ?? [undefined, undefined];
      const ends = (text: string) => (crlf ? text.replaceAll('\n', '\r\n') : text);
      const mark = bom && style.format !== 'properties' ? '\uFEFF' : '';
      const head = [...(open === undefined ? [] : [open]), ...heads, style.around[0]].join('\n');
      const tail = [style.around[1], ...tails, ...(close === undefined ? [] : [close])].join('\n');
      return {
        format: style.format,
        at: style.at,
        style: style.style,
        before: mark + ends(head),
        token: style.token(value)!,
        after: ends(tail) + (finalEnd ? ends('\n') : ''),
        returns: style.keeps?.(value, other) ?? style.token(other) !== undefined,
      };
    });

/** JSON's members are told apart, so that none is there twice. */
const named = (line: string, at: number): string => line.replace(/^"(\w)" ?:/, `"$1${at}":`);
