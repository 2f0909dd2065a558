/** The documentation says what the code does: inputs fit, names exist, and what exists is named. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { z } from 'zod';
import { createInventory } from '../../src/adapters/inventory';
import { jsonSchemaOf } from '../../src/cli/commands/schema';
import { EXIT } from '../../src/cli/exitCodes';
import { processIo } from '../../src/cli/io';
import { serverSchema, SERVER_VARIABLES } from '../../src/api/configuration';
import { buildProgram } from '../../src/cli/program';
import { strategyNames } from '../../src/model/strategies';
import {
  hotBackupInputSchema,
  restoreBackupInputSchema,
  verifyBackupInputSchema,
} from '../../src/model/backupInputs';
import { WORKFLOW_TYPES } from '../../src/model/contract';
import {
  controlSchemas,
  resizeEnsembleInputSchema,
  rollingUpgradeInputSchema,
} from '../../src/model/inputs';
import { migrateDataCenterInputSchema } from '../../src/model/migrationInputs';
import { inventorySchema } from '../../src/model/inventory';

const ROOT = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const allText = PAGES.map(read).join('\n');

/** The word after the language says what the block is. */
const SCHEMAS: Record<string, z.ZodType> = {
  ...controlSchemas,
  rollingUpgrade: rollingUpgradeInputSchema,
  resizeEnsemble: resizeEnsembleInputSchema,
  hotBackup: hotBackupInputSchema,
  restoreBackup: restoreBackupInputSchema,
  verifyBackup: verifyBackupInputSchema,
  migrateDataCenter: migrateDataCenterInputSchema,
  inventory: inventorySchema,
  server: serverSchema,
};

interface Block {
  page: string;
  language: string;
  what: string;
  text: string;
}

const BLOCKS: Block[] = PAGES.flatMap((page) =>
  [...read(page).matchAll(/^```(\w*) ?(\S*)\n([\s\S]*?)^```$/gm)].map(
    ([, language, what, text]) => ({ page, language: language!, what: what!, text: text! }),
  ),
);
const ofLanguage = (...languages: string[]): Block[] =>
  BLOCKS.filter(({ language }) => languages.includes(language));

describe('a JSON or YAML block', () => {
  // The worker's own settings are held against its reader in test/unit/deploy.
  const blocks = ofLanguage('json', 'yaml').filter(({ what }) => what !== 'configuration');

  test('is there for every control, every strategy and the inventory', () => {
    expect(new Set(blocks.map(({ what }) => what))).toEqual(new Set(Object.keys(SCHEMAS)));
  });

  test.each(blocks.map((block) => [`${block.page}: ${block.language} ${block.what}`, block]))(
    '%s fits its schema',
    (_name, { what, text }) => {
      const result = SCHEMAS[what]!.safeParse(parse(text));
      expect(result.error?.issues ?? []).toEqual([]);
    },
  );
});

describe('an example inventory', () => {
  test('can be resolved, every ensemble of it', async () => {
    const inventory = createInventory({ path: join(ROOT, 'docs', 'examples') });
    const names = await inventory.names();
    expect(names).toContain('orders');
    for (const name of names) {
      const { servers } = await inventory.resolve(name);
      for (const { ssh, service, package: pkg, directories } of servers)
        expect([ssh, service, pkg, directories]).not.toContain(undefined);
    }
  });
});

test('schema/inventory.schema.json is what the code emits', () => {
  expect(JSON.parse(read('schema/inventory.schema.json'))).toEqual(
    JSON.parse(JSON.stringify(jsonSchemaOf('inventory'))),
  );
});

const program = buildProgram({ io: processIo(), exitCode: EXIT.done });

/** The command that the words name, and the words after its name. */
function commandOf(words: string[]): { command: Command; rest: string[] } {
  let command = program;
  let index = 0;
  for (; index < words.length; index += 1) {
    const next = command.commands.find((candidate) => candidate.name() === words[index]);
    if (!next) break;
    command = next;
  }
  return { command, rest: words.slice(index) };
}

const optionNames = ({ options }: Command): string[] => [
  '--help',
  ...options.flatMap(({ long, short }) => [long, short]).filter((name) => name !== undefined),
];

describe('a command line', () => {
  const shell = ofLanguage('sh')
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.replace(/\s#.*$/, '').replace(/\s>.*$/, ''));
  const inline = [...allText.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
  const lines = [...shell, ...inline]
    .map((line) => /^(?:npx )?zkferry (.+)$/.exec(line.trim())?.[1])
    .filter((words) => words !== undefined);

  test('of every command is there', () => {
    const named = new Set(lines.map((line) => line.split(' ')[0]));
    for (const command of program.commands)
      if (command.name() !== 'demo') expect(named).toContain(command.name());
  });

  test.each([...new Set(lines)])('zkferry %s: command and options exist', (line) => {
    const words = line.match(/"[^"]*"|\S+/g)!;
    const { command, rest } = commandOf(words);
    if (command === program) expect(words[0]).toMatch(/^--/);
    const options = rest.filter((word) => word.startsWith('-'));
    expect(optionNames(command)).toEqual(expect.arrayContaining(options));
    if (['plan', 'run', 'schema'].includes(command.name()) && rest[0] !== undefined)
      expect(['inventory', ...strategyNames, ...Object.values(WORKFLOW_TYPES)]).toContain(rest[0]);
  });

  test('of npm names a script, and the demo takes its options', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...allText.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]!);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
    expect(named).toEqual(expect.arrayContaining(['demo', 'proof', 'bench', 'build', 'setup']));
    const demo = program.commands.find((command) => command.name() === 'demo')!;
    const options = [...allText.matchAll(/npm run demo -- (.*)/g)].flatMap(
      (match) => match[1]!.replace(/\s#.*$/, '').match(/--[a-z-]+/g) ?? [],
    );
    expect(optionNames(demo)).toEqual(expect.arrayContaining(options));
  });
});

describe('a link', () => {
  const anchorsOf = (path: string): string[] =>
    [...read(path).matchAll(/^#+ (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .trim()
        .replace(/\s/g, '-'),
    );
  const links = PAGES.flatMap((page) =>
    [...read(page).matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)]
      .map((match) => [page, match[2]!, match[1]!] as const)
      .filter(([, target]) => !/^https?:/.test(target)),
  );

  test.each(links)('%s → %s resolves', (page, target, label) => {
    const [file, anchor] = target.split('#') as [string, string?];
    const path = file === '' ? page : join(dirname(page), file);
    expect(existsSync(join(ROOT, path))).toBe(true);
    if (/^\S*[/.]\S*$/.test(label)) expect(file).toContain(label);
    if (anchor !== undefined) expect(anchorsOf(path)).toContain(anchor);
  });

  test('in backticks to a source exists', () => {
    const paths = [...allText.matchAll(/`((?:src|test|docs|workflows|activities)\/[\w./-]+)`/g)];
    expect(paths.length).toBeGreaterThan(0);
    for (const [, path] of paths)
      expect([path, existsSync(join(ROOT, path!))]).toEqual([path, true]);
  });
});

/** Rows `| `name`, `other` | … |` of a section's tables. */
function namesInTables(page: string, from: string, to?: string): string[] {
  const text = read(page);
  const start = text.indexOf(`\n## ${from}\n`);
  const end = to === undefined ? text.length : text.indexOf(`\n## ${to}\n`);
  expect(start).toBeGreaterThan(0);
  expect(end).toBeGreaterThan(start);
  return [...text.slice(start, end).matchAll(/^\| (`[^|]+`) *\|/gm)].flatMap((row) =>
    [...row[1]!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!),
  );
}

function sourcesUnder(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join(directory, name)));
}

describe('the pages of upgrade, resize, backup, physical move and migration list exactly', () => {
  test('the codes of findings', () => {
    const inCode = [
      ...sourcesUnder('src/planning'),
      ...sourcesUnder('activities/observe'),
      ...sourcesUnder('activities/migrate'),
    ].flatMap((text) => [
      ...[...text.matchAll(/\b(?:error|warning|info)\(\s*'([A-Z]\w+)'/g)].map((m) => m[1]!),
      ...[...text.matchAll(/\bcode: '([A-Z]\w+)'/g)].map((m) => m[1]!),
    ]);
    const ofContents = /code:([\s\S]*?);/.exec(read('src/planning/backup/contents.ts'))![1]!;
    inCode.push(...[...ofContents.matchAll(/\| '(\w+)'/g)].map((match) => match[1]!));
    const listed = [
      ...namesInTables('docs/upgrade.md', 'Findings', 'Errors'),
      ...namesInTables('docs/resize.md', 'Findings', 'Limits'),
      ...namesInTables('docs/backup.md', 'Findings', 'Limits'),
      ...namesInTables('docs/physical-move.md', 'Findings', 'Limits'),
      ...namesInTables('docs/migrate.md', 'Findings', 'Limits'),
    ].filter((name) => /^[A-Z]/.test(name));
    expect([...new Set(listed)].sort()).toEqual([...new Set(inCode)].sort());
    expect(listed).toHaveLength(new Set(listed).size);
  });

  test('the types of errors', () => {
    const union = /export type ErrorType =([\s\S]*?);\n/.exec(read('src/model/errors.ts'))![1]!;
    const inCode = [...union.matchAll(/\| '(\w+)'/g)].map((match) => match[1]!);
    expect(namesInTables('docs/upgrade.md', 'Errors').sort()).toEqual(inCode.sort());
  });

  test('the fields of the status document and of the input', () => {
    const body = /export interface StatusDocument \{([\s\S]*?)\n\}/.exec(
      read('src/model/status.ts'),
    )![1]!;
    const fields = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map((match) => match[1]!);
    expect(namesInTables('docs/upgrade.md', 'Status', 'Report').sort()).toEqual(fields.sort());
    const input = namesInTables('docs/upgrade.md', 'Input', 'Phases').map(
      (name) => name.split('.')[0]!,
    );
    expect(new Set(input)).toEqual(new Set(Object.keys(rollingUpgradeInputSchema.shape)));
  });

  test("the server's settings", () => {
    const names = namesInTables('docs/server.md', 'Settings', 'Limits').filter(
      (name) => !name.startsWith('ZKFERRY_'),
    );
    expect([...new Set(names)].sort()).toEqual(Object.keys(serverSchema.shape).sort());
    for (const variable of Object.keys(SERVER_VARIABLES))
      expect(read('docs/server.md')).toContain(`\`${variable}\``);
  });

  test("the fields of a hot backup's input", () => {
    const text = namesInTables('docs/backup.md', 'Input', 'Status');
    expect(text).toEqual(Object.keys(hotBackupInputSchema.shape));
  });

  test("the fields of a restore's and a drill's input", () => {
    const restore = namesInTables(
      'docs/backup.md',
      'Restore a whole ensemble',
      'Drills (verifyBackup)',
    );
    const shared = ['ensemble', 'soakMs', 'drainMs', 'settleTimeoutMs', 'acceptWarnings'];
    const known = Object.keys(restoreBackupInputSchema.shape);
    const own = known.filter((name) => ![...shared, 'requestedBy', 'comment'].includes(name));
    expect(restore.sort()).toEqual(own.sort());
    const drill = namesInTables('docs/backup.md', 'Drills (verifyBackup)', 'What happens when');
    const people = ['requestedBy', 'comment'];
    expect([...drill, ...people]).toEqual(Object.keys(verifyBackupInputSchema.shape));
  });

  test("the fields of a migration's input", () => {
    const shared = ['gates', 'soakMs', 'drainMs', 'settleTimeoutMs', 'acceptWarnings'];
    const listed = namesInTables('docs/migrate.md', 'Input', 'Gates');
    expect([...listed, ...shared, 'requestedBy', 'comment'].sort()).toEqual(
      Object.keys(migrateDataCenterInputSchema.shape).sort(),
    );
  });

  test('the phases', () => {
    const union = /export type Phase =([\s\S]*?);\n/.exec(read('src/model/plan.ts'))![1]!;
    const inCode = [...union.matchAll(/\| '(\w+)'/g)].map((match) => match[1]!);
    expect(namesInTables('docs/upgrade.md', 'Phases', 'Gates').sort()).toEqual(inCode.sort());
  });
});

test('every setting ZKFERRY_… that is named is read somewhere', () => {
  const code = [
    ...['src', 'worker', 'test/proof'].flatMap(sourcesUnder),
    read('src/bootstrap/cache.js'),
  ].join('\n');
  for (const [name] of allText.matchAll(/\bZKFERRY_[A-Z_]+/g))
    if (name !== 'ZKFERRY_PASSPHRASE') expect([name, code.includes(name)]).toEqual([name, true]);
});

test('docs/inventory.md explains every field of the inventory', () => {
  const fields = new Set<string>();
  const collect = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'properties') for (const name of Object.keys(value as object)) fields.add(name);
      collect(value);
    }
  };
  collect(jsonSchemaOf('inventory'));
  expect(fields.size).toBeGreaterThan(40);
  const text = read('docs/inventory.md');
  for (const field of fields)
    if (field !== 'ensembles')
      expect([field, text.includes(`\`${field}\``) || text.includes(`\`${field}: `)]).toEqual([
        field,
        true,
      ]);
});

test('docs/architecture.md shows the arrows that the linter enforces', () => {
  const rules = /const mayImport = \{([\s\S]*?)\n\};/.exec(read('eslint.config.mjs'))![1]!;
  const enforced = [...rules.matchAll(/^ {2}(\w+): \[([^\]]*)\],$/gm)].map((match) => [
    match[1]!,
    [...match[2]!.matchAll(/'(\w+)'/g)].map(([, part]) => part).join(', '),
  ]);
  const section = read('docs/architecture.md').split('## Who may import whom')[1]!;
  const shown = [...section.matchAll(/^\| (\w+) +\| ([\w, ]+?) +\|$/gm)]
    .map((match) => [match[1]!, match[2]! === 'nothing' ? '' : match[2]!])
    .filter(([part]) => part !== 'part');
  expect(shown).toEqual(enforced);
});

test('cases of the proof that are named exist', () => {
  const code = ['upgrade', 'resize']
    .flatMap((proof) => sourcesUnder(`test/${proof}/cases`))
    .join('\n');
  const named = [...allText.matchAll(/[Cc]ases?\s+`([^`]+)`/g)].map((match) =>
    match[1]!.replace(/\s+/g, ' '),
  );
  expect(named.length).toBeGreaterThan(4);
  for (const name of named) expect([name, code.includes(name)]).toEqual([name, true]);
});
