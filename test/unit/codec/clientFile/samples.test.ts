/** Files as the software ships or documents them: what each says, and what of it a redirect changes. */
import { parseAllDocuments } from 'yaml';
import { editConnection, standingOf } from '../../../../src/codec/clientFile/connection';
import type { ClientFileFormat, ClientFileLocator } from '../../../../src/model/clientFile';
import { back, edited, fileOf, latin1, read, sample } from './files';

const OLD = 'zk1.old.example:2181,zk2.old.example:2181,zk3.old.example:2181';
const NEW = 'zk1.new.example:2181,zk2.new.example:2183';

interface Case {
  what: string;
  file: string;
  format: ClientFileFormat;
  at: ClientFileLocator;
  before: string;
  /** What stands in the file, and what in its place after the redirect to NEW. */
  written: [string, string];
}

const spring = (...rest: string[]) => ({ path: ['spring', 'cloud', 'zookeeper', ...rest] });

const cases: Case[] = [
  {
    what: 'Kafka, with a chroot',
    file: 'server.properties',
    format: 'properties',
    at: { key: 'zookeeper.connect' },
    before: `${OLD}/kafka`,
    written: [`\nzookeeper.connect=${OLD}/kafka`, `\nzookeeper.connect=${NEW}/kafka`],
  },
  {
    what: 'Hadoop, indented in its element',
    file: 'core-site.xml',
    format: 'hadoopXml',
    at: { key: 'ha.zookeeper.quorum' },
    before: OLD,
    written: [`<value>\n    ${OLD}\n  </value>`, `<value>\n    ${NEW}\n  </value>`],
  },
  {
    what: 'Hadoop, in CDATA',
    file: 'core-site.xml',
    format: 'hadoopXml',
    at: { key: 'hadoop.zk.address' },
    before: 'zk1.old.example:2181,zk2.old.example:2181',
    written: ['[CDATA[zk1.old.example:2181,zk2.old.example:2181]]', `[CDATA[${NEW}]]`],
  },
  {
    what: 'Solr, quoted, a comment behind',
    file: 'solr.in.sh',
    format: 'env',
    at: { key: 'ZK_HOST' },
    before: `${OLD}/solr`,
    written: [`\nZK_HOST="${OLD}/solr" # ours`, `\nZK_HOST="${NEW}/solr" # ours`],
  },
  {
    what: 'Spring, plain',
    file: 'application.yml',
    format: 'yaml',
    at: spring('connect-string'),
    before: `${OLD}/orders`,
    written: [`string:   ${OLD}/orders   #`, `string:   ${NEW}/orders   #`],
  },
  {
    what: 'Spring, quoted',
    file: 'application.yml',
    format: 'yaml',
    at: spring('single'),
    before: 'zk1.old.example:2181',
    written: [`single: 'zk1.old.example:2181'`, `single: '${NEW}'`],
  },
  {
    what: 'YAML, a literal block',
    file: 'application.yml',
    format: 'yaml',
    at: spring('literal'),
    before: 'zk1.old.example:2181,zk2.old.example:2181',
    written: [
      '|-\n        zk1.old.example:2181,zk2.old.example:2181\n\n',
      `|-\n        ${NEW}\n\n`,
    ],
  },
  {
    what: 'YAML, in a flow mapping',
    file: 'application.yml',
    format: 'yaml',
    at: { path: ['spring', 'application', 'zk'] },
    before: 'zk8.old.example:2181',
    written: ['"zk8.old.example:2181"', `"${NEW}"`],
  },
  {
    what: 'YAML, a key with dots',
    file: 'application.yml',
    format: 'yaml',
    at: { path: ['dotted.zookeeper.connect'] },
    before: 'zk1.old.example:2181',
    written: ['connect: "zk1.old.example:2181"\n', `connect: "${NEW}"\n`],
  },
  {
    what: 'YAML, in a list',
    file: 'application.yml',
    format: 'yaml',
    at: { path: ['servers', 1, 'zk'] },
    before: 'zk2.old.example:2181',
    written: ['- name: b\n  zk: zk2.old.example:2181', `- name: b\n  zk: ${NEW}`],
  },
  {
    what: 'JSON, with escaped slashes',
    file: 'config.json',
    format: 'json',
    at: { path: ['zookeeper', 'connect'] },
    before: 'zk1.old.example:2181,zk2.old.example:2181/scheduler',
    written: ['"zk1.old.example:2181,zk2.old.example:2181\\/scheduler"', `"${NEW}\\/scheduler"`],
  },
  {
    what: 'JSON, in an array',
    file: 'config.json',
    format: 'json',
    at: { path: ['others', 0, 'connect'] },
    before: 'zk1.old.example:2181',
    written: ['"connect": "zk1.old.example:2181"}', `"connect": "${NEW}"}`],
  },
];

/** The same file as editors of other systems leave it. */
const variants: [string, (content: Buffer) => Buffer][] = [
  ['as shipped', (content) => content],
  [
    'with CRLF',
    (content) => Buffer.from(content.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
  ],
  ['without a final line end', (content) => content.subarray(0, content.length - 1)],
];
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

describe.each(cases)('$what', ({ file, format, at, before, written: [old, wanted] }) => {
  const content = sample(file);

  test.each(variants)('%s: only the value changes, and back again', (name, variant) => {
    const given = variant(content);
    const lines = (text: string) => (name === 'with CRLF' ? text.replaceAll('\n', '\r\n') : text);
    expect(read(format, given, at)).toBe(before);
    expect(latin1(given).split(lines(old))).toHaveLength(2);
    const result = editConnection(fileOf(format, given), at, { wanted: NEW, expected: before });
    expect(result.before).toBe(before);
    expect(latin1(Buffer.from(result.bytes))).toBe(
      latin1(given).replace(lines(old), lines(wanted)),
    );
    expect(read(format, Buffer.from(result.bytes), at)).toBe(result.after);
    expect(edited(format, Buffer.from(result.bytes), at, back(before))).toBe(latin1(given));
  });

  if (format !== 'properties')
    test('a byte order mark stays', () => {
      const given = Buffer.concat([BOM, content]);
      const result = edited(format, given, at, { wanted: NEW });
      expect(result).toBe(latin1(given).replace(old, wanted));
    });
});

test('a folded value becomes one line, with what stands after it where it was', () => {
  const text = edited('yaml', sample('application.yml'), spring('folded'), { wanted: NEW });
  expect(text).toContain(`folded: >\n         ${NEW}\n      shared:`);
});

describe('HBase: hosts in one property, their port in another', () => {
  const at = { key: 'hbase.zookeeper.quorum', portKey: 'hbase.zookeeper.property.clientPort' };
  const content = sample('hbase-site.xml');

  test('are read together, and both change', () => {
    const result = editConnection(fileOf('hadoopXml', content), at, {
      wanted: 'n1:2281,n2:2281',
      expected: OLD,
    });
    expect(result).toMatchObject({ before: OLD, after: 'n1:2281,n2:2281' });
    expect(latin1(Buffer.from(result.bytes))).toBe(
      latin1(content)
        .replace('zk1.old.example,zk2.old.example,zk3.old.example', 'n1,n2')
        .replace('<value>2181</value>', '<value>2281</value>'),
    );
    expect(edited('hadoopXml', Buffer.from(result.bytes), at, { wanted: OLD })).toBe(
      latin1(content),
    );
  });

  test('blanks after the commas stay', () => {
    const spaced = content.toString().replace(/example,zk/g, 'example, zk');
    expect(edited('hadoopXml', spaced, at, { wanted: 'n1,n2' })).toContain('<value>n1, n2</value>');
  });

  test('hosts that have ports of their own keep having them', () => {
    const own = content.toString().replace('zk2.old.example', 'zk2.old.example:2182');
    expect(read('hadoopXml', own, at)).toContain('zk1.old.example:2181,zk2.old.example:2182');
    const text = edited('hadoopXml', own, at, { wanted: 'n1,n2:2182' });
    expect(text).toContain('<value>n1,n2:2182</value>');
    expect(text).toContain('<value>2181</value>');
  });

  test.each([
    ['n1:1,n2:2', 'one port for all'],
    ['n1:2181/a', 'no place for the chroot'],
  ])('%s is refused', (wanted, why) => {
    expect(() => edited('hadoopXml', content, at, { wanted })).toThrow(why);
  });
});

describe('ClickHouse: a list of nodes', () => {
  const at = { path: ['zookeeper'] };
  const content = sample('clickhouse.xml').toString();
  const before = 'zk1.old.example:2181,zk2.old.example:2181,zk3.old.example:2182/clickhouse';
  const change = (wanted: string) => edited('clickhouseXml', content, at, { wanted });

  test('is read with its root as the chroot', () => {
    expect(read('clickhouseXml', content, at)).toBe(before);
  });

  test('as many servers: hosts and ports change', () => {
    const text = change('n1:1,n2:2,n3:3');
    expect(text).toBe(
      content
        .replace('zk1.old.example</host>\n            <port>2181', 'n1</host>\n            <port>1')
        .replace('zk2.old.example</host>\n            <port>2181', 'n2</host>\n            <port>2')
        .replace(
          'zk3.old.example</host>\n            <port>2182',
          'n3</host>\n            <port>3',
        ),
    );
    expect(edited('clickhouseXml', text, at, { wanted: before })).toBe(content);
  });

  test('more: the last node is the pattern, with the index counted on', () => {
    const wanted = 'zk1.old.example:2181,zk2.old.example:2181,zk3.old.example:2182,[::1]:4';
    const text = change(wanted);
    const added = `
        <node index="4">
            <host>::1</host>
            <port>4</port>
        </node>`;
    expect(text).toBe(
      content.replace('</node>\n        <session', `</node>${added}\n        <session`),
    );
    expect(edited('clickhouseXml', text, at, { wanted: before })).toBe(content);
  });

  test('fewer: the last nodes go, comments stay', () => {
    const text = change('n1:2181');
    expect(read('clickhouseXml', text, at)).toBe('n1:2181/clickhouse');
    expect(text).toContain(
      '</node>\n        <!-- the third is in the other hall -->\n        <session',
    );
  });

  test('another chroot', () => {
    expect(change('zk1.old.example/eu')).toContain('<root>/eu</root>');
    expect(edited('clickhouseXml', content, at, { wanted: 'n', chroot: { set: '' } })).toContain(
      '<root>/</root>',
    );
  });

  test.each<[string, string, string]>([
    ['taken from elsewhere', '<zookeeper>', '<zookeeper incl="zk">'],
    ['from the environment', '<host>zk1.old.example</host>', '<host from_env="ZK1">x</host>'],
    [
      'with what belongs to one server',
      '<port>2182</port>',
      '<availability_zone>a</availability_zone>',
    ],
    ['without a root, where a chroot is wanted', '<root>/clickhouse</root>', ''],
    ['without nodes', 'node', 'nodes'],
  ])('%s: refused', (_, from, to) => {
    const text = content.replace('<!-- <zookeeper>', '<!-- <x>').replaceAll(from, to);
    expect(() => edited('clickhouseXml', text, at, { wanted: 'n1:1/x' })).toThrow(
      expect.objectContaining({ type: 'Unsupported' }) as Error,
    );
  });
});

interface Profile {
  spring: { cloud: { zookeeper: Record<string, unknown> } };
}

test('independent readers of an edited YAML and JSON file see no other difference', () => {
  const yaml = sample('application.yml').toString();
  const values = (text: string) =>
    parseAllDocuments(text).map((document) => document.toJS() as Profile);
  const expected = values(yaml);
  expected[0]!.spring.cloud.zookeeper['connect-string'] = `${NEW}/orders`;
  const now = edited('yaml', yaml, spring('connect-string'), { wanted: NEW });
  expect(values(now)).toEqual(expected);
  const json = sample('config.json').toString();
  const document = JSON.parse(json);
  document.zookeeper.connect = `${NEW}/scheduler`;
  const at = { path: ['zookeeper', 'connect'] };
  const result = edited('json', json, at, { wanted: NEW });
  expect(JSON.parse(Buffer.from(result, 'latin1').toString())).toEqual(document);
});

describe('the chroot', () => {
  const file = fileOf('properties', 'zk=a:2181/x/y\n');
  test.each<[Parameters<typeof editConnection>[2], string]>([
    [{ wanted: 'b:1' }, 'b:1/x/y'],
    [{ wanted: 'b:1', chroot: 'keep' }, 'b:1/x/y'],
    [{ wanted: 'b:1/z' }, 'b:1/z'],
    [{ wanted: 'b:1', chroot: { set: '/z' } }, 'b:1/z'],
    [{ wanted: 'b:1', chroot: { set: '' } }, 'b:1'],
    [{ wanted: 'b:1', chroot: { below: '/eu/' } }, 'b:1/eu/x/y'],
  ])('%j gives %s', (change, after) => {
    expect(editConnection(file, { key: 'zk' }, change).after).toBe(after);
  });

  test('given twice is refused', () => {
    const change = { wanted: 'b:1/z', chroot: { set: '/q' } };
    expect(() => editConnection(file, { key: 'zk' }, change)).toThrow('given twice');
  });
});

describe('what the file says already', () => {
  const file = fileOf('properties', 'zk=a:2181, b:2181\n');

  test('is expected in any order, and without the default port', () => {
    const change = { wanted: 'c', expected: 'B,a' };
    expect(editConnection(file, { key: 'zk' }, change).after).toBe('c');
  });

  test('and is another ensemble: refused', () => {
    expect(() => editConnection(file, { key: 'zk' }, { wanted: 'c', expected: 'a,d' })).toThrow(
      expect.objectContaining({
        type: 'GuardRefused',
        message: expect.stringMatching(/app.conf: .*a:2181, b:2181.*someone else/),
      }) as Error,
    );
  });

  test('and is what is wanted: left as it is, whatever was expected', () => {
    const change = { wanted: 'a:2181, b:2181', expected: 'old' };
    const { bytes, before, after } = editConnection(file, { key: 'zk' }, change);
    expect([before, after]).toEqual(['a:2181, b:2181', 'a:2181, b:2181']);
    expect(bytes).toBe(file.bytes);
  });
});

test('whether a file is as it was written, as it was before, or neither', () => {
  const edit = { before: Buffer.from('a'), after: Buffer.from('b') };
  const standing = ['b', 'a', 'c'].map((text) => standingOf(Buffer.from(text), edit));
  expect(standing).toEqual(['after', 'before', 'other']);
});
