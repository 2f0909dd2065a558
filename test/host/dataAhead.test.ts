/** Data sent ahead of a cut-over: what of them is taken over is what the step that places them wants, byte for byte. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNewcomerHost, type Newcomer } from './newcomer';
import { context, executable, rejection, token } from './sshd';

const BASE = 'snapshot.100000007';
const LOG = 'log.100000008';
const stubs = mkdtempSync(join(tmpdir(), 'zkferry-stubs-'));
let at: Awaited<ReturnType<typeof startNewcomerHost>>;

beforeAll(async () => void (at = await startNewcomerHost('127.71.23.1', stubs)));
afterEach(() => at.clearStubs());
afterAll(() => at.close());

/** Provisioned, and never started; its logs apart from its snapshots. */
async function server(name: string): Promise<Newcomer & { log: string }> {
  const newcomer = at.newcomer(name);
  const log = join(newcomer.home, 'log');
  const zooCfg = `dataDir=${newcomer.data}\ndataLogDir=${log}\n`;
  await at.provision(newcomer, 1, { zooCfg, dataLogDir: log });
  return { ...newcomer, log };
}

function local(files: Record<string, string>): string {
  const directory = mkdtempSync(join(at.host.directory, 'local-'));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), content);
  return directory;
}

type Place = Awaited<ReturnType<typeof server>>;
const ahead = (of: Place, files: Record<string, string>, sequence: number) =>
  at.host.adapter.sendAhead(of, local(files), token(sequence), context());
const place = (of: Place, files: Record<string, string>, sequence: number) =>
  at.host.adapter.placeData(of, local(files), token(sequence), context());
const textIn = (dir: string, name: string): string =>
  readFileSync(join(dir, 'version-2', name), 'utf8');
const incoming = (of: Place, sequence: number): string => {
  const found = readdirSync(of.data).find((name) => name.endsWith(`-${sequence}`));
  return join(of.data, found!);
};

test('what was sent ahead is not sent again, and no server could have started on it before', async () => {
  const of = await server('ahead');
  expect(await ahead(of, { [BASE]: 'tree' }, 2)).toEqual({ files: 1, bytes: 4, sentBytes: 4 });
  expect(readdirSync(of.data)).not.toContain('version-2');
  const files = { [BASE]: 'tree', [LOG]: 'last' };
  expect(await place(of, files, 3)).toMatchObject({ files: 2, bytes: 8, sentBytes: 4 });
  expect([textIn(of.data, BASE), textIn(of.log, LOG)]).toEqual(['tree', 'last']);
  expect(readdirSync(of.data).sort()).toEqual(['myid', 'version-2']);
  expect(readdirSync(of.log)).toEqual(['version-2']);
});

test('an older base, or one of another ensemble under the same name, is never put in place', async () => {
  const of = await server('ahead-other');
  await ahead(of, { 'snapshot.100000003': 'older', [BASE]: 'eert' }, 2);
  const files = { [BASE]: 'tree', [LOG]: 'last' };
  expect(await place(of, files, 3)).toMatchObject({ sentBytes: 8 });
  expect(textIn(of.data, BASE)).toBe('tree');
  expect(readdirSync(join(of.data, 'version-2')).sort()).toEqual(['.zkferry-placed', BASE]);
});

test('one that a crash has torn, or a disk has changed since, is sent anew', async () => {
  const of = await server('ahead-torn');
  executable(join(stubs, 'sha256sum'), '#!/bin/sh\nkill -KILL $PPID\n');
  await rejection(ahead(of, { [BASE]: 'tree' }, 2));
  at.clearStubs();
  expect(await place(of, { [BASE]: 'tree' }, 3)).toMatchObject({ sentBytes: 4 });
  expect(textIn(of.data, BASE)).toBe('tree');

  for (const [name, found] of [
    ['cut', 'tre'],
    ['changed', 'trex'],
  ] as const) {
    const other = await server(`ahead-${name}`);
    await ahead(other, { [BASE]: 'tree' }, 2);
    writeFileSync(join(incoming(other, 2), BASE), found);
    expect(await place(other, { [BASE]: 'tree' }, 3)).toMatchObject({ sentBytes: 4 });
    expect(textIn(other.data, BASE)).toBe('tree');
  }
});

test('it goes nowhere under a server that has data, and goes with the way back', async () => {
  const of = await server('ahead-back');
  await ahead(of, { [BASE]: 'tree' }, 2);
  await at.host.adapter.setAsideData(of, 'before', token(3), context());
  const left = [...readdirSync(of.data), ...readdirSync(of.log)].filter((name) =>
    name.startsWith('version-2.incoming'),
  );
  expect(left).toEqual([]);
  mkdirSync(join(of.data, 'version-2'));
  const error = await rejection(ahead(of, { [BASE]: 'tree' }, 4));
  expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
});
