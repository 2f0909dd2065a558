import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ran, NOBODY } from './testIo';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'zkferry-cli-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const good = { ensemble: 'orders', target: { version: '3.9.6' } };

describe('input is refused with exit 2 before anything is contacted', () => {
  const refused = async (text: string, ...expected: (string | RegExp)[]) => {
    const { code, err, out } = await ran(['plan', 'upgrade', '-f', file('input', text)]);
    expect(code).toBe(2);
    expect(out).toBe('');
    for (const part of expected) expect(err).toMatch(part);
  };

  it('bad JSON: the place', () =>
    refused(
      '{"ensemble": "orders", "target": {"version" "3.9.6"}}',
      /neither JSON nor YAML/,
      /line 1/,
    ));
  it('an empty file', () => refused('  \n', /is empty/));
  it('no object at all', () => refused('"orders"', /expected object/, /"orders"/));
  it('a list', () => refused('[1]', /expected object/));
  it('an unknown field: its name', () =>
    refused(JSON.stringify({ ...good, speed: 'fast' }), /speed/));
  it('a wrong type: field and value', () =>
    refused(JSON.stringify({ ...good, soakMs: 'long' }), /soakMs/, /"long"/));
  it('a missing field', () => refused('{"ensemble": "orders"}', /target/));
  it('a malformed version: what one looks like', () =>
    refused('ensemble: orders\ntarget:\n  version: "3.9"\n', /target\.version/, /3\.9\.6/));
  it('a number out of range: the bound', () =>
    refused(JSON.stringify({ ...good, soakMs: -1 }), /soakMs/, /0/, /-1/));
  it('a key given twice', () => refused('{"ensemble": "a", "ensemble": "b"}', /unique/));
  it('a file that is too large', () => refused(`# ${'x'.repeat(1_100_000)}`, /larger than/));
});

describe('files and standard input', () => {
  it('names a file that is not there', async () => {
    const { code, err } = await ran(['plan', 'upgrade', '-f', join(directory, 'none.json')]);
    expect(code).toBe(2);
    expect(err).toContain('none.json: there is no such file');
  });

  it('says what a directory is', async () => {
    const { code, err } = await ran(['run', 'upgrade', '-f', directory]);
    expect(code).toBe(2);
    expect(err).toContain('it is a directory');
  });

  it('reads YAML from standard input', async () => {
    const { code, err } = await ran(['plan', 'upgrade', '-f', '-'], {
      stdin: 'ensemble: orders\ntarget: {version: 3.9.6}\nwhim: true\n',
    });
    expect(code).toBe(2);
    expect(err).toContain('from standard input');
    expect(err).toContain('whim');
    expect(err).not.toContain('target.version:');
  });

  it('lets --ensemble and --to win over the file', async () => {
    const path = file('old.json', JSON.stringify({ ...good, target: { version: 'nonsense' } }));
    const words = ['plan', 'upgrade', '-f', path, '--to', '3.9.6', '--address', NOBODY];
    const { code, err } = await ran(words);
    expect(err).toContain('temporal is not reachable');
    expect(code).toBe(1);
  });

  it('asks for an input when there is none', async () => {
    const { code, err } = await ran(['run', 'upgrade']);
    expect(code).toBe(2);
    expect(err).toMatch(/-f FILE.*--ensemble NAME/);
  });
});

describe('a restore', () => {
  const ZXID = '0x1f00000a2';
  const TIME = '2026-01-02T03:04:05Z';
  let inputs = 0;
  const asked = (input: object, ...more: string[]) =>
    ran([
      ...['run', 'restore', '-f', file(`restore-${(inputs += 1)}.json`, JSON.stringify(input))],
      ...more,
      ...['--address', NOBODY],
    ]);
  const restore = { repository: 'backups', to: { ensemble: 'orders' } };

  it.each([
    [{ at: { zxid: ZXID, time: TIME } }, /at: expected one of zxid and time, not both; got \{/],
    [{ at: {} }, /at: expected one of zxid and time; got \{\}/],
    [{ at: 'newest' }, /at: expected latest, \{ zxid \} or \{ time \}; got "newest"/],
    [{ at: { zxid: '17' } }, /at\.zxid: expected a zxid such as 0x1f00000a2; got "17"/],
    [{ at: { zxid: ZXID, moment: 1 } }, /at: unknown field "moment"; expected only zxid, time/],
    [{ to: undefined, ensemble: 'orders' }, /to: expected where it goes, such as .* got nothing/],
  ])('of %j is refused with what is accepted', async (over, message) => {
    const { code, err } = await asked({ ...restore, ...over });
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(2);
    expect(code).toBe(2);
  });

  it('of a zxid, a time, the latest moment or none said goes on to Temporal', async () => {
    const moments = [{ zxid: ZXID }, { time: TIME }, 'latest', undefined];
    const all = await Promise.all(moments.map((at) => asked({ ...restore, at })));
    for (const { err } of all) expect(err).toContain('not reachable');
  });

  it('goes into the ensemble that --ensemble names', async () => {
    const { err } = await asked({ repository: 'backups' }, '--ensemble', 'orders');
    expect(err).toContain('not reachable');
  });
});

describe('strategies', () => {
  it('names the known ones for an unknown one', async () => {
    const { code, err } = await ran(['plan', 'upgarde', '--ensemble', 'a']);
    expect(code).toBe(2);
    expect(err).toMatch(/"upgarde".*upgrade, resize, migrate, backup, restore, verify/);
  });

  it('takes the workflow type for a name', async () => {
    const words = [
      'plan',
      'rollingUpgrade',
      '--ensemble',
      'a',
      '--to',
      '3.9.6',
      '--address',
      NOBODY,
    ];
    expect((await ran(words)).code).toBe(1);
  });
});

describe('usage', () => {
  it.each([
    [['frobnicate'], /unknown command/],
    [['plan'], /missing required argument 'strategy'/],
    [['run', 'upgrade', '--fast'], /unknown option '--fast'/],
    [['approve', 'w1', 'end'], /Allowed choices are start, beforeLeader, finalize/],
    [['run', 'upgrade', '--yes-to-gates', 'begin'], /Expected some of start/],
    [['tune', 'w1'], /nothing to tune/],
    [['tune', 'w1', '--soak', '5'], /Expected a duration/],
    [['status', '--limit', '0'], /from 1 to 500/],
    [['demo', '--servers', '2'], /from 3 to 9/],
    [['demo', '--namespace', 'other'], /--namespace other: the demo runs in namespace default/],
    [['demo', '--inventory', 'a.yaml'], /--inventory: the demo writes its own/],
    [['demo', '--to', '3.9'], /--to is not usable/],
    [['demo', '--strategy', 'migrate', '--mode', 'beam'], /stretch, physical, logical/],
    [['demo', '--strategy', 'migrate', '--from', '3.4.14'], /take --mode physical/],
    [['demo', '--strategy', 'resize', '--to', '3.9.6'], /--to: a resize upgrades nothing/],
    [['demo', '--strategy', 'resize', '--from', '3.4.14'], /needs 3\.5\.0 or later/],
    [['demo', '--strategy', 'backup', '--to', '3.9.6'], /--to: a hot backup upgrades nothing/],
    [['demo', '--strategy', 'backup', '--gates', 'ask'], /--gates: .* asks at no gate/],
    [['demo', '--strategy', 'backup', '--soak', '1s'], /--soak: .* touches no server/],
    [['run', 'backup', '--ensemble', 'orders'], /repository/],
    [['approve', 'w1', 'start', '--plan-hash', 'xyz'], /planHash.*8 to 64 hex digits/],
    [['status', '--address', 'localhost'], /must be host:port/],
    [['schema', 'everything'], /Allowed choices/],
    [['inspect'], /name an ensemble/],
    [['unlock', 'orders'], /required option '--run/],
    [['copy', 'a:1/x', 'b:1/x', '--stop-at', '0x5'], /--stop-at: only with --follow/],
    [['copy', 'a:1/x', 'b:1/zookeeper/x'], /TARGET: \/zookeeper\/x is ZooKeeper's own/],
    [['diff', 'a:1/zkferry', 'b:1/x'], /SOURCE: \/zkferry is zkferry's own/],
    [['copy', 'a:1/x', 'b:1/x', '--source-auth', 'ann:pw'], /--source-auth: expected env:NAME/],
    [['tap', 'a:1', '--from', '0xffffffffffffffff'], /up to 0x7fffffffffffffff/],
    [['tap', 'a:1', '--path', '/app/'], /--path: expected an absolute path/],
    [['tap', 'a:1/x', '--path', '/app'], /--path \/app: SOURCE names the path \/x already/],
  ])('%j: exit 2 and what is accepted', async (words, message) => {
    const { code, err } = await ran(words);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it('prints help for no command, and for --help with exit 0', async () => {
    expect((await ran([])).code).toBe(2);
    const help = await ran(['--help']);
    expect(help.code).toBe(0);
    expect(help.out).toContain('Exit codes');
  });
});

describe('--json', () => {
  const last = (out: string): unknown => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');

  it('puts a usage error on the last line of standard output', async () => {
    const { code, out } = await ran(['plan', '--json']);
    expect(code).toBe(2);
    expect(last(out)).toEqual({
      error: { type: 'BadUsage', message: "missing required argument 'strategy'" },
    });
  });

  it('puts an input error there with its type', async () => {
    const { code, out, err } = await ran(['--json', 'plan', 'upgrade', '--ensemble', 'a']);
    expect(code).toBe(2);
    expect(err).toBe('');
    expect(last(out)).toMatchObject({ error: { type: 'InvalidInput' } });
  });

  it('tells an unreachable Temporal, and what to start', async () => {
    const { code, out } = await ran(['status', '--json', '--address', NOBODY]);
    expect(code).toBe(1);
    expect(last(out)).toMatchObject({
      error: {
        type: 'TemporalUnavailable',
        message: expect.stringMatching(/127\.0\.0\.1:1.*nothing listens.*zkferry lab up/),
      },
    });
  });

  it('takes the address from TEMPORAL_ADDRESS, and --address before it', async () => {
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:2' };
    const message = async (...words: string[]) => (await ran(['status', ...words], { env })).err;
    const [own, given] = await Promise.all([message(), message('--address', NOBODY)]);
    expect(own).toContain('127.0.0.1:2');
    expect(given).toContain('127.0.0.1:1:');
  });
});

describe('schema', () => {
  it('describes the inventory and every input as JSON schema', async () => {
    const { code, out } = await ran(['schema']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      type: 'object',
      properties: { ensembles: {}, repositories: {} },
    });
    for (const what of ['upgrade', 'rollingUpgrade', 'approve', 'tune']) {
      const { out: text } = await ran(['schema', what]);
      expect(JSON.parse(text)).toMatchObject({ type: 'object', additionalProperties: false });
    }
  });

  it('asks only for what has no default', async () => {
    const { out } = await ran(['schema', 'upgrade']);
    expect((JSON.parse(out) as { required: string[] }).required).toEqual(['ensemble', 'target']);
  });
});

it('lab up: a TEMPORAL_ADDRESS where nobody answers is told before anything is made', async () => {
  const before = { ...process.env };
  const state = mkdtempSync(join(tmpdir(), 'zkferry-lab-'));
  Object.assign(process.env, { TEMPORAL_ADDRESS: NOBODY, ZKFERRY_STATE: state });
  try {
    const { code, err } = await ran(['lab', 'up', 'stale']);
    expect(err).toMatch(/TEMPORAL_ADDRESS: expected where .* answers, or nothing.*got 127.0.0.1:1/);
    expect(err).toContain('unset TEMPORAL_ADDRESS');
    expect(code).toBe(1);
    expect(readdirSync(state)).toEqual([]);
  } finally {
    process.env = before;
    rmSync(state, { recursive: true });
  }
});
