/** docker-compose.yml and the Dockerfile, held against the code they start; needs no container engine. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { buildProgram } from '../../src/cli/program';
import { projectRoot } from '../../src/lab/projectRoot';
import { SEARCH_ATTRIBUTES } from '../../src/model/contract';
import { readConfiguration } from '../../worker/configuration';

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const root = projectRoot();
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const compose = parse(read('docker-compose.yml')) as Compose;
const services = Object.entries(compose.services);
const worker = compose.services.worker!;

const instructions = read('Dockerfile')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => ({
    name: line.split(' ', 1)[0]!,
    words: line.trim().split(/\s+/).slice(1),
  }));
const instruction = (name: string) => instructions.filter((each) => each.name === name);
const jsonOf = (name: string): string[] =>
  JSON.parse(instruction(name).at(-1)!.words.join(' ')) as string[];

describe('docker-compose.yml', () => {
  test('has Temporal with its UI, and a worker', () => {
    expect(services.map(([name]) => name).sort()).toEqual(['temporal', 'worker']);
    expect(compose.services.temporal!.ports).toContain('127.0.0.1:8233:8233');
  });

  test.each(services)('%s is built here or pinned to a released tag', (_, { image, build }) => {
    expect([image, build].filter((source) => source !== undefined)).toHaveLength(1);
    if (image !== undefined) expect(image).toMatch(/^[^:@\s]+:\d+\.\d+\.\d+$/);
    if (build !== undefined) expect(existsSync(join(root, build, 'Dockerfile'))).toBe(true);
  });

  test.each(services)('%s publishes ports to this machine only', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test('every named volume is declared, and every declared one is used', () => {
    const used = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => volume.split(':')[0]!).filter((name) => !/^[./~]/.test(name)),
    );
    expect([...new Set(used)].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  test('whoever is waited for to be healthy says what healthy is', () => {
    const awaited = services.flatMap(([, { depends_on: others = {} }]) => Object.entries(others));
    expect(awaited).not.toHaveLength(0);
    for (const [name, { condition }] of awaited) {
      expect(condition).toBe('service_healthy');
      expect(compose.services[name]?.healthcheck?.test[0]).toBe('CMD');
    }
  });

  test("the worker's environment holds nothing its configuration doesn't know, and is accepted", () => {
    const environment = worker.environment ?? {};
    // Unknown names are dropped from what is read.
    expect(Object.keys(readConfiguration(environment))).toEqual(
      expect.arrayContaining(Object.keys(environment)),
    );
  });

  test('the worker looks for Temporal where that service listens', () => {
    const [host, port] = worker.environment!.TEMPORAL_ADDRESS!.split(':');
    expect(compose.services[host!]!.ports).toContain(`127.0.0.1:${port}:${port}`);
    expect(Object.keys(worker.depends_on!)).toContain(host);
  });

  test('the paths the worker is told are mounted, inventory and secrets read-only', () => {
    const { ZKFERRY_INVENTORY: inventory, ZKFERRY_SECRET_FILE: secret } = worker.environment!;
    const mounts = worker.volumes!.map((volume) => volume.split(':'));
    const mountOf = (path: string) =>
      mounts.find(([, target]) => path === target || path.startsWith(`${target}/`));
    expect(mountOf(inventory!)).toEqual([expect.stringMatching(/^\.\//), inventory, 'ro']);
    expect(compose.volumes).toHaveProperty([mountOf(secret!)![0]!]);
    for (const [source, , mode] of mounts) if (source!.startsWith('.')) expect(mode).toBe('ro');
  });

  test('Temporal starts with all the search attributes runs set', () => {
    for (const name of Object.values(SEARCH_ATTRIBUTES))
      expect(compose.services.temporal!.command).toContain(`--search-attribute=${name}=Keyword`);
  });

  test('the database lies on a volume', () => {
    const { command = [], volumes = [] } = compose.services.temporal!;
    const file = command.find((word) => word.startsWith('--db-filename='))!.split('=')[1]!;
    expect(volumes.some((volume) => file.startsWith(`${volume.split(':')[1]}/`))).toBe(true);
  });
});

describe('Dockerfile', () => {
  test('every base image is pinned to a major version on glibc that the project runs on', () => {
    const bases = instruction('FROM').map(({ words }) => words[0]!);
    const required = /(\d+)/.exec((packageJson().engines as { node: string }).node)![1]!;
    for (const base of bases) {
      const [, major] = /^node:(\d+)-(?:bookworm|trixie)(?:-slim)?$/.exec(base) ?? [];
      expect({ base, enough: Number(major) >= Number(required) }).toEqual({ base, enough: true });
    }
  });

  test('everything copied from the checkout is there', () => {
    const copies = instruction('COPY').filter(({ words }) => !words.some(isFromStage));
    for (const { words } of copies)
      for (const source of words.slice(0, -1)) {
        expect({ source, exists: existsSync(join(root, source)) }).toEqual({
          source,
          exists: true,
        });
        expect(ignored()).not.toContain(source);
      }
  });

  test('what the build calls and the image starts is what the compiler makes of a source file', () => {
    const built = instruction('RUN')
      .flatMap(({ words }) => words)
      .filter((word) => /^dist\/.*\.js$/.test(word));
    const started = jsonOf('ENTRYPOINT').filter((word) => word.endsWith('.js'));
    expect(built).toEqual(['dist/worker/buildBundle.js']);
    expect(started).toHaveLength(1);
    for (const file of [...built, ...started]) {
      const source = file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
      expect({ source, exists: existsSync(join(root, source)) }).toEqual({ source, exists: true });
    }
    expect(started).toEqual([(packageJson().bin as { zkferry: string }).zkferry]);
  });

  test('the second stage takes along all the program needs beside its code', () => {
    const copied = instruction('COPY')
      .filter(({ words }) => words.some(isFromStage))
      .map(({ words }) => words.at(-2));
    expect(copied).toEqual(
      expect.arrayContaining(['/app/package.json', '/app/node_modules', '/app/dist']),
    );
  });

  test.each([
    ['the image', () => jsonOf('CMD')],
    ['the worker service', () => worker.command ?? []],
  ])('%s starts a command that exists', (_, command) => {
    const program = buildProgram({} as never);
    expect(command()).toHaveLength(1);
    expect(program.commands.map((each) => each.name())).toContain(command()[0]);
  });

  test('it does not run as root', () => {
    expect(instruction('USER').at(-1)!.words).toEqual(['node']);
  });
});

const isFromStage = (word: string): boolean => word.startsWith('--from=');

const ignored = (): string[] => read('.dockerignore').split('\n');

const packageJson = () => JSON.parse(read('package.json')) as Record<string, unknown>;
