/** A worker's settings: from the environment and a file, all faults at once, and documented as they are. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fieldOf } from '../../../src/adapters/configurationFile';
import { checkConfiguration } from '../../../worker/check';
import { readConfiguration, settleConfiguration } from '../../../worker/configuration';
import { settingsSchema } from '../../../worker/settings';
import { ran } from '../cli/testIo';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-configuration-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function fileOf(text: string): string {
  const path = join(directory, `${(files += 1)}.yaml`);
  writeFileSync(path, text);
  return path;
}

function refusal(environment: NodeJS.ProcessEnv): string[] {
  try {
    readConfiguration(environment);
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  throw new Error('was accepted');
}

const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'configuration.md'), 'utf8');

describe('a file', () => {
  test('gives what the environment does not', () => {
    const ZKFERRY_CONFIG = fileOf(
      'temporal:\n  address: there:7233\n  tls: true\nmaxActivities: 7\nallowInline: true\nsite: east\n',
    );
    const { values, origins } = settleConfiguration({
      ZKFERRY_CONFIG,
      ZKFERRY_SITE: 'west',
      TEMPORAL_ADDRESS: '',
    });
    expect(values).toMatchObject({
      TEMPORAL_ADDRESS: 'there:7233',
      TEMPORAL_TLS: true,
      ZKFERRY_MAX_ACTIVITIES: 7,
      ZKFERRY_ALLOW_INLINE: true,
      ZKFERRY_SITE: 'west',
    });
    expect(origins).toMatchObject({
      TEMPORAL_ADDRESS: 'file',
      ZKFERRY_SITE: 'environment',
      TEMPORAL_NAMESPACE: 'default',
    });
  });

  test('may be empty, and may have a section for the server', () => {
    expect(readConfiguration({ ZKFERRY_CONFIG: fileOf('') }).ZKFERRY_LOG_LEVEL).toBe('info');
    expect(
      readConfiguration({ ZKFERRY_CONFIG: fileOf('server:\n  port: 8420\n') }).ZKFERRY_LOG_LEVEL,
    ).toBe('info');
  });

  test.each([
    ['is missing', '/nowhere/zkferry.yaml', "can't be read (ENOENT)"],
    ['is no YAML', 'a: [1\nb: c: d\n', 'is no YAML (line '],
    ['is a list', '- a\n', 'must be a mapping'],
  ])('that %s is refused by its path', (_, given, why) => {
    const path = given.startsWith('/') ? given : fileOf(given);
    const [line] = refusal({ ZKFERRY_CONFIG: path });
    expect(line).toContain(path);
    expect(line).toContain(why);
  });

  test("is where commands look, too, and worker --check says each setting's origin", async () => {
    const inventory = fileOf('ensembles: {}\n');
    const ZKFERRY_CONFIG = fileOf(
      `inventory: ${inventory}\ntemporal:\n  address: 127.0.0.1:1\n  apiKey: hidden-key\n`,
    );
    const env = { ZKFERRY_CONFIG };
    expect((await ran(['status', '--json'], { env })).out).toContain('127.0.0.1:1');
    const { code, out } = await ran(['worker', '--check', '--json', '--namespace', 'other'], {
      env,
    });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      settings: {
        TEMPORAL_ADDRESS: { value: '127.0.0.1:1', from: 'file' },
        TEMPORAL_NAMESPACE: { value: 'other', from: 'environment' },
        TEMPORAL_API_KEY: { value: 'set', from: 'file' },
        ZKFERRY_INVENTORY: { value: inventory, from: 'file' },
        ZKFERRY_LOG_LEVEL: { value: 'info', from: 'default' },
      },
      problems: [],
    });
    expect(out).not.toContain('hidden-key');
  });
});

test('everything that is wrong is said at once, by variable or field, value, and what is accepted', () => {
  const path = fileOf(
    'maxActivities: many\nlogLevels: info\ntemporal:\n  address: nowhere\nsite: [east]\ndeployment: zk\n',
  );
  const lines = refusal({
    ZKFERRY_CONFIG: path,
    ZKFERRY_LOG_LEVEL: 'loud',
    TEMPORAL_TLS_CLIENT_CERT_PATH: '/cert.pem',
  });
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(`temporal.address in ${path}: expected host:port.*; got "nowhere"`),
    expect.stringMatching(/^ZKFERRY_LOG_LEVEL: expected one of trace, .*; got "loud"/),
    expect.stringMatching(`maxActivities in ${path}: expected a whole number from 2 to 1000; got`),
    expect.stringContaining('TEMPORAL_TLS_CLIENT_CERT_PATH: is nothing without'),
    expect.stringContaining(`deployment in ${path}: is nothing without ZKFERRY_BUILD_ID`),
    expect.stringContaining(`site in ${path}: expected one value`),
    expect.stringMatching(`logLevels in ${path}: there is no setting .*logLevel,`),
  ]);
});

test('a secret that does not fit is not shown', () => {
  const lines = refusal({ ZKFERRY_CODEC_KEYS: 'a-key-itself' });
  expect(lines.join('\n')).toContain('expected env:NAME or file:/absolute/path');
  expect(lines.join('\n')).not.toContain('a-key-itself');
});

test('a check says which file that is named is missing', async () => {
  const settled = settleConfiguration({
    ZKFERRY_INVENTORY: join(directory, 'none.yaml'),
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(directory, 'none.pem'),
  });
  const { ok, problems } = await checkConfiguration(settled);
  expect(ok).toBe(false);
  expect(problems).toEqual([
    expect.stringContaining('TEMPORAL_TLS_SERVER_CA_CERT_PATH'),
    expect.stringContaining('none.yaml'),
  ]);
});

describe('docs/configuration.md', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` *\|([^|]*)\|[^|]*\|([^|]*)\|$/gm)].map(
    ([, name, field, byDefault]) => ({ name, field: field!.trim(), byDefault: byDefault!.trim() }),
  );

  test('has exactly the settings there are, with their fields', () => {
    expect(rows.map(({ name, field }) => [name, field])).toEqual(
      Object.keys(settingsSchema.shape).map((name) => [
        name,
        name === 'ZKFERRY_CONFIG' ? '' : `\`${fieldOf(name)}\``,
      ]),
    );
  });

  test('has the defaults there are', () => {
    const defaults: Record<string, unknown> = readConfiguration({});
    for (const { name, byDefault } of rows) {
      const given = /^`([^`]+)`$/.exec(byDefault)?.[1];
      const actual = defaults[name!];
      if (given === undefined || given.startsWith('~'))
        expect([name, typeof actual === 'string' || actual === undefined]).toEqual([name, true]);
      else expect([name, given]).toEqual([name, actual === false ? '0' : String(actual)]);
    }
  });

  test('shows a file that is accepted', () => {
    const text = /```yaml configuration\n([\s\S]*?)```/.exec(page)![1]!;
    expect(readConfiguration({ ZKFERRY_CONFIG: fileOf(text) }).TEMPORAL_NAMESPACE).toBe(
      'zookeeper',
    );
  });
});
