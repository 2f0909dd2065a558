/** What is not edited, and the words for it: file, line and column, what is there. */
import type { ClientFileFormat, ClientFileLocator } from '../../../../src/model/clientFile';
import { edited, read, sample } from './files';

type Refused = [
  what: string,
  format: ClientFileFormat,
  content: string | Buffer,
  at: ClientFileLocator,
  message: string,
];

const zk = { key: 'zk' };
const path = { path: ['zk'] };
const xml = (inner: string) => `<configuration>\n${inner}\n</configuration>\n`;
const property = (value: string, name = 'zk') =>
  `<property><name>${name}</name>${value}</property>`;

const cases: Refused[] = [
  ['a missing key', 'properties', 'a=b\n# zk=c\n', zk, 'app.conf: zk is not there'],
  ['a missing variable', 'env', '#zk=c\nx="\nzk=d\n"\n', zk, 'app.conf: zk is not there'],
  ['a missing path', 'yaml', 'a:\n  b: 1\n', { path: ['a', 'zk'] }, 'a.zk is not there'],
  ['a missing path', 'json', '{"a": {}}', { path: ['a', 'z.k'] }, 'a."z.k" is not there'],
  ['a missing index', 'yaml', 'a: [x]\n', { path: ['a', 1] }, 'a[1] is not there'],
  ['a missing property', 'hadoopXml', xml('<!--<name>zk</name>-->'), zk, 'zk is not there'],
  ['a missing value', 'hadoopXml', xml(property('')), zk, 'the <value> of zk is not there'],
  ['an empty file', 'yaml', '', path, 'zk is not there'],

  [
    'a key twice',
    'properties',
    'zk=a\r\nx=1\r\nz\\u006b: b\r\n',
    zk,
    ':3:1: zk is there 2 times (lines 1, 3)',
  ],
  ['a variable twice', 'env', 'zk=a\n  export zk=b', zk, ':2:10: zk is there 2 times (lines 1, 2)'],
  ['a key twice', 'yaml', 'zk: a\nzk: b\n', path, ':2:5: zk is there 2 times (lines 1, 2)'],
  [
    'a key twice above',
    'yaml',
    'a: {zk: x}\na: {zk: y}\n',
    { path: ['a', 'zk'] },
    'a is there 2 times',
  ],
  [
    'a key in two documents',
    'yaml',
    'zk: a\n---\nzk: b\n',
    path,
    ':3:5: zk is there 2 times (lines 1, 3)',
  ],
  ['a key twice', 'json', sample('config.json'), { path: ['twice'] }, 'twice is there 2 times'],
  [
    'a property twice',
    'hadoopXml',
    xml(property('<value>a</value>').repeat(2)),
    zk,
    'zk is there 2 times',
  ],
  [
    'two values',
    'hadoopXml',
    xml(property('<value>a</value><value>b</value>')),
    zk,
    'the <value> of zk is there 2 times',
  ],

  [
    'no connection string',
    'properties',
    'zk=jdbc:x\n',
    zk,
    ':1:4: not a connection string: server 1 is not host:port',
  ],
  ['an empty value', 'env', 'zk=\n', zk, ':1:4: not a connection string: it names no server'],
  ['an empty element', 'hadoopXml', xml(property('<value/>')), zk, ':2:26: <value> is empty'],
  ['a number', 'json', '{"zk": 2181}', path, ':1:8: zk is no string'],
  ['a number', 'yaml', 'zk: 2181\n', path, ':1:5: zk is no text'],
  ['nothing', 'yaml', 'zk:\n', path, 'zk is no text'],
  ['a list', 'yaml', 'zk: [a, b]\n', path, ':1:5: zk is no text'],

  ['a placeholder', 'properties', 'zk=${zk.hosts}/x\n', zk, 'put together from other settings'],
  [
    'a placeholder in the chroot',
    'yaml',
    'zk: "a/${env}"\n',
    path,
    'put together from other settings',
  ],
  [
    'a placeholder',
    'hadoopXml',
    sample('core-site.xml'),
    { key: 'hadoop.registry.zk.quorum' },
    'put together',
  ],
  ['a variable', 'env', 'zk="$HOSTS:2181"\n', zk, ':1:4: the value is put together from others'],
  ['a command', 'env', 'zk=`hosts`\n', zk, 'more than a value'],
  ['a command', 'env', 'zk="`hosts`"\n', zk, 'the value is put together from others'],

  [
    'an alias',
    'yaml',
    sample('application.yml'),
    { path: ['spring', 'cloud', 'zookeeper', 'again'] },
    'again is the alias *zk',
  ],
  [
    'an anchor',
    'yaml',
    sample('application.yml'),
    { path: ['spring', 'cloud', 'zookeeper', 'shared'] },
    'has the anchor &zk',
  ],
  [
    'below an alias',
    'yaml',
    sample('application.yml'),
    { path: ['two', 'connect'] },
    'is by the alias *common',
  ],
  [
    'below an anchor in use',
    'yaml',
    sample('application.yml'),
    { path: ['common', 'connect'] },
    'is below the anchor &common, which is used here, too',
  ],
  [
    'a merged key',
    'yaml',
    'b: &b {zk: a}\no:\n  <<: *b\n',
    { path: ['o', 'zk'] },
    'it may come by <<',
  ],
  ['a tag', 'yaml', 'zk: !vault abc\n', path, 'has the tag !vault'],

  ['not UTF-8', 'yaml', Buffer.from('zk: caf\xe9\n', 'latin1'), path, 'app.conf: not UTF-8'],
  ['UTF-16', 'properties', Buffer.from('zk=a\n', 'utf16le'), zk, ':1:2: a NUL'],
  [
    'another encoding',
    'hadoopXml',
    '<?xml version="1.0" encoding="ISO-8859-1"?><configuration/>',
    zk,
    ':1:1: it says that it is in ISO-8859-1',
  ],

  ['broken YAML', 'yaml', 'a: 1\nzk: "x\n', path, ':3:1: not YAML: Missing closing "quote'],
  ['broken YAML', 'yaml', 'zk: {{ hosts }}\n  x: y\n', path, 'not YAML: '],
  ['a comment', 'json', '{\n  // x\n  "zk": "a"}', path, ':2:3: not JSON: unexpected "/"'],
  ['a trailing comma', 'json', '{"zk": "a",}', path, ':1:12: not JSON: unexpected "}"'],
  ['a truncated file', 'json', '{"zk": "a"', path, ':1:11: not JSON: it ends too early'],
  ['two documents', 'json', '{"zk": "a"} {}', path, ':1:13: not JSON'],
  ['a raw tab', 'json', '{"zk": "a\t"}', path, ':1:8: not JSON'],
  ['deep nesting', 'json', '['.repeat(300), path, 'nested more than 200 deep'],
  ['a malformed escape', 'properties', 'zk=a\nx=\\u00g1\n', zk, ':2:3: malformed \\uxxxx'],
  ['an open quote', 'env', 'zk=a\nx="b\n', zk, ':2:3: " is not closed'],
  ['a here-document', 'env', 'zk=a\ncat <<EOF\nzk=b\nEOF\n', zk, ':2:5: a here-document'],
  ['words behind', 'env', 'zk=a b\n', zk, ':1:5: more than a value'],
  ['parts', 'env', `zk="a"'b'\n`, zk, ':1:7: more than a value'],
  [
    'an assignment behind another',
    'env',
    'x=1; zk=a\n',
    zk,
    ':1:6: zk is set in a way that is not understood',
  ],
  ['one more way to set it', 'env', 'zk=a\n: ${zk:=b}\n', zk, 'not understood'],
  ['an addition', 'env', 'zk=a\nzk+=,b\n', zk, ':2:1: zk is set in a way'],
  ['unset', 'env', 'zk=a\nunset zk\n', zk, ':2:1: zk is set in a way'],

  ['a DOCTYPE', 'hadoopXml', '<!DOCTYPE configuration>\n<configuration/>', zk, ':1:1: a DOCTYPE'],
  ['an include', 'hadoopXml', xml('<xi:include href="x.xml"/>'), zk, ':2:1: <xi:include>'],
  [
    'an unknown entity',
    'hadoopXml',
    xml(property('<value>&zk;</value>')),
    zk,
    ':2:33: &zk; is not understood',
  ],
  ['a stray ampersand', 'hadoopXml', xml('<x>a & b</x>'), zk, ':2:6: & is not understood'],
  [
    'an open element',
    'hadoopXml',
    '<configuration>\n<property>',
    zk,
    ':2:1: <property> is not closed',
  ],
  ['a wrong end', 'hadoopXml', xml('<a></b>'), zk, ':2:4: not XML: expected </a>'],
  ['an open comment', 'hadoopXml', xml('<!-- '), zk, ':2:1: <!-- is not closed'],
  ['a tag without an end', 'hadoopXml', '<configuration', zk, 'is malformed'],
  ['an attribute twice', 'hadoopXml', xml('<a b="1" b="2"/>'), zk, 'there twice'],
  [
    'two roots',
    'hadoopXml',
    '<configuration/><configuration/>',
    zk,
    ':1:17: not XML: more than one root',
  ],
  ['no element', 'hadoopXml', '<!-- x -->', zk, 'it has no element'],
  ['text outside', 'hadoopXml', '<configuration/>\n x', zk, ':2:2: not XML'],
  ['another root', 'hadoopXml', '<clickhouse/>', zk, 'expected <configuration>'],
  [
    'attributes',
    'hadoopXml',
    xml('<property name="zk" value="a"/>'),
    zk,
    'a <property> with attributes',
  ],
  [
    'a comment in the value',
    'hadoopXml',
    xml(property('<value>a<!-- x --></value>')),
    zk,
    'holds a comment',
  ],
  ['parts', 'hadoopXml', xml(property('<value>a<![CDATA[,b]]></value>')), zk, 'text in parts'],
  ['elements', 'hadoopXml', xml(property('<value><b>a</b></value>')), zk, 'holds elements'],
];

test.each(cases)('%s is refused: %s %j', (_, format, content, at, message) => {
  const refused = expect.objectContaining({
    type: 'Unsupported',
    retryable: false,
    message: expect.stringContaining(message),
  }) as Error;
  expect(() => read(format, content, at)).toThrow(refused);
  expect(() => edited(format, content, at, { wanted: 'n1:2181' })).toThrow(refused);
  expect(() => read(format, content, at)).toThrow(/^web1:\/etc\/app\.conf:/);
});

test.each<[ClientFileFormat, ClientFileLocator, string]>([
  ['yaml', zk, 'takes a path'],
  ['properties', path, 'takes a key'],
  ['clickhouseXml', zk, 'takes a path'],
  ['clickhouseXml', { path: ['zk'], portPath: ['p'] }, 'no portPath'],
  ['json', { path: ['zk'], document: 0 }, 'one document only'],
  ['env', { key: 'z.k' }, 'not the name of a variable'],
])('a locator that does not fit %s: %j', (format, at, message) => {
  expect(() => read(format, '', at)).toThrow(
    expect.objectContaining({
      type: 'InvalidInput',
      message: expect.stringContaining(message),
    }) as Error,
  );
});

test.each([['n1:x'], [''], ['n1:2181/${x}']])('%j as what is wanted', (wanted) => {
  expect(() => edited('env', 'zk=a\n', zk, { wanted })).toThrow(
    expect.objectContaining({ type: 'InvalidInput' }) as Error,
  );
});

test('a document of a YAML file is chosen by its number', () => {
  const two = 'zk: a\n---\nzk: b\n';
  expect(read('yaml', two, { path: ['zk'], document: 1 })).toBe('b');
  expect(edited('yaml', two, { path: ['zk'], document: 0 }, { wanted: 'c' })).toBe(
    'zk: c\n---\nzk: b\n',
  );
  expect(() => read('yaml', two, { path: ['zk'], document: 2 })).toThrow('it has 2 documents');
});

test('an anchor above that nobody refers to is in nobody’s way', () => {
  const other = 'a: &x\n  zk: b\nc: &y 1\nd: *y\n';
  expect(read('yaml', other, { path: ['a', 'zk'] })).toBe('b');
  expect(read('yaml', 'a: &x\n  zk: b\n', { path: ['a', 'zk'] })).toBe('b');
});

test('what only looks like the assignment is not taken for it', () => {
  const script = [
    '# zk=no',
    '; zk=no',
    'MY_zk=no',
    'zk_2=no',
    "X='",
    "zk=no'",
    'Y="\\"',
    'zk=no"',
    'Z=a\\',
    'zk=no',
    'if [ $zk == x ]; then echo "$zk"; fi # zk=no',
    'export zk=yes:2181',
    '',
  ].join('\n');
  // A line that begins in another's value is the value's.
  expect(() => read('env', script, zk)).toThrow(':10:1: zk is set in a way');
  const clear = script.replace('Z=a\\\nzk=no', 'Z=a\\\nzq=no');
  expect(edited('env', clear, zk, { wanted: 'n' })).toBe(clear.replace('yes:2181', 'n'));
});

test('a value that turns out to be another setting’s, and may be a secret, is not shown', () => {
  for (const secret of ['hunter 2', 'jdbc:x?password=hunter', 'a/${hunter}', 'a/hunter,b'])
    expect(() => read('yaml', `zk: '${secret}'\n`, path)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter') }) as Error,
    );
});
