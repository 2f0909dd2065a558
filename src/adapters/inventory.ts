/** Reads the inventory's YAML files and applies their defaults; a change on disk counts at the next call. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { ClientSpec } from '../model/client';
import { ZkferryError, isZkferryError } from '../model/errors';
import {
  inventorySchema,
  type EnsembleRef,
  type EnsembleSpec,
  type ResolvedEnsemble,
} from '../model/inventory';
import type { InventoryPort } from '../model/ports';
import type { RepositorySpec } from '../model/repositorySpec';
import { parseOrThrow } from '../model/validation';
import type { RunWebhook } from '../model/webhooks';
import { resolveEnsemble, type RawEnsemble } from './resolveEnsemble';

const MAX_FILES = 256;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const INLINE_NAME = 'inline';

export interface InventoryOptions {
  /** A YAML file, or a directory whose `*.yaml` and `*.yml` are all read. */
  path: string;
  /** Accept an ensemble given inside a workflow's input. Off: InlineEnsembleRefused. */
  allowInline?: boolean;
}

interface Loaded {
  stamp: string;
  ensembles: Map<string, { file: string; raw: RawEnsemble; spec: EnsembleSpec }>;
  repositories: Map<string, { file: string; spec: RepositorySpec }>;
  clients: Map<string, { file: string; spec: ClientSpec }>;
  webhooks: Map<string, { file: string; spec: RunWebhook }>;
}

/** Errors: InvalidInventory (file, field, value), UnknownEnsemble, UnknownRepository and UnknownClient (list the known), InlineEnsembleRefused. */
export function createInventory(options: InventoryOptions): InventoryPort {
  let loaded: Loaded | undefined;
  const current = async (): Promise<Loaded> => {
    const files = await inventoryFiles(options.path);
    const stamp = await stampOf(files);
    if (loaded?.stamp !== stamp) loaded = { stamp, ...(await load(files)) };
    return loaded;
  };
  return {
    async names() {
      return [...(await current()).ensembles.keys()].sort();
    },
    async repositoryNames() {
      return [...(await current()).repositories.keys()].sort();
    },
    async resolve(ref: EnsembleRef): Promise<ResolvedEnsemble> {
      if (typeof ref !== 'string') {
        if (options.allowInline !== true) {
          throw new ZkferryError(
            'InlineEnsembleRefused',
            "this worker takes ensembles by their name in the inventory only: give the name, or allow inline ensembles in the worker's configuration",
          );
        }
        return resolveEnsemble(
          INLINE_NAME,
          ref,
          ref,
          'the inline ensemble',
          'InvalidInput',
          'inline',
        );
      }
      const { ensembles } = await current();
      const found = ensembles.get(ref);
      if (!found) {
        throw new ZkferryError(
          'UnknownEnsemble',
          `the inventory ${options.path} has no ensemble ${JSON.stringify(ref)}; it knows: ${listed(ensembles)}`,
        );
      }
      return resolveEnsemble(ref, found.spec, found.raw, found.file, 'InvalidInventory', 'file');
    },
    async repository(name) {
      const { repositories } = await current();
      const found = repositories.get(name);
      if (found) return found.spec;
      throw new ZkferryError(
        'UnknownRepository',
        `the inventory ${options.path} has no repository ${JSON.stringify(name)}; it knows: ${listed(repositories)}`,
      );
    },
    async client(name) {
      const { clients } = await current();
      const found = clients.get(name);
      if (found) return { name, ...found.spec };
      throw new ZkferryError(
        'UnknownClient',
        `the inventory ${options.path} has no client ${JSON.stringify(name)}; it knows: ${listed(clients)}`,
      );
    },
    async webhook(name) {
      const { webhooks } = await current();
      const found = webhooks.get(name);
      if (found) return found.spec;
      throw new ZkferryError(
        'UnknownWebhook',
        `the inventory ${options.path} has no webhook ${JSON.stringify(name)}; it knows: ${listed(webhooks)}`,
      );
    },
  };
}

const listed = (known: ReadonlyMap<string, unknown>): string =>
  [...known.keys()].sort().slice(0, 50).join(', ') || '(none)';

async function inventoryFiles(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
    if (names.length === 0) throw invalid(path, 'the directory holds no *.yaml or *.yml file');
    if (names.length > MAX_FILES) throw invalid(path, `more than ${MAX_FILES} files`);
    return names.map((name) => join(path, name));
  } catch (error) {
    throw asInvalid(error, path);
  }
}

/** Changes whenever a file appears, goes, or is written. */
async function stampOf(files: string[]): Promise<string> {
  const parts: string[] = [];
  for (const file of files) {
    try {
      const found = await stat(file);
      parts.push(`${file} ${found.ino} ${found.size} ${found.mtimeMs}`);
    } catch (error) {
      throw asInvalid(error, file);
    }
  }
  return parts.join('\n');
}

async function load(files: string[]): Promise<Omit<Loaded, 'stamp'>> {
  const ensembles: Loaded['ensembles'] = new Map();
  const repositories: Loaded['repositories'] = new Map();
  const clients: Loaded['clients'] = new Map();
  const webhooks: Loaded['webhooks'] = new Map();
  for (const file of files) {
    const document = await readYaml(file);
    const parsed = parseOrThrow(
      inventorySchema,
      document,
      `inventory file ${file}`,
      'InvalidInventory',
    );
    const raw = document as { ensembles?: Record<string, RawEnsemble> };
    for (const [name, spec] of Object.entries(parsed.ensembles))
      add(ensembles, 'ensemble', name, { file, spec, raw: raw.ensembles![name] as RawEnsemble });
    for (const [name, spec] of Object.entries(parsed.repositories))
      add(repositories, 'repository', name, { file, spec });
    for (const [name, spec] of Object.entries(parsed.clients))
      add(clients, 'client', name, { file, spec });
    for (const [name, spec] of Object.entries(parsed.webhooks))
      add(webhooks, 'webhook', name, { file, spec });
  }
  return { ensembles, repositories, clients, webhooks };
}

function add<T extends { file: string }>(
  known: Map<string, T>,
  what: string,
  name: string,
  one: T,
): void {
  const before = known.get(name);
  if (before) throw invalid(one.file, `the ${what} "${name}" stands in ${before.file} too`);
  known.set(name, one);
}

async function readYaml(file: string): Promise<unknown> {
  let text: string;
  try {
    if ((await stat(file)).size > MAX_FILE_BYTES) throw invalid(file, 'larger than 4 MiB');
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw asInvalid(error, file);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problem = document.errors[0];
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw invalid(file, `line ${line}, column ${col}: ${problem.message}`);
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // Aliases that multiply.
    throw invalid(file, (error as Error).message);
  }
}

const invalid = (file: string, why: string): ZkferryError =>
  new ZkferryError('InvalidInventory', `inventory ${file} is not usable: ${why}`);

function asInvalid(error: unknown, path: string): ZkferryError {
  if (isZkferryError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return invalid(path, code === 'ENOENT' ? 'there is no such file or directory' : code);
}
