/** How commands name a repository: by its name in the inventory, or by its place. */
import type { Command } from 'commander';
import { ZkferryError } from '../model/errors';
import type { RepositoryOptions } from '../adapters/repository/repository';
import type { Repository } from '../adapters/repository/repository';
import { isEnsembleName } from '../planning/backup/keys';
import { parseTarget, type Target } from '../planning/backup/target';
import type { CommandContext } from './context';
import { wholeNumber } from './options';

export interface ReadRepositoryOptions {
  identity?: string;
}

export interface MomentOptions extends ReadRepositoryOptions {
  at: Target;
  timeline?: number;
  acceptOlder?: boolean;
}

export const withIdentity = (command: Command): Command =>
  command.option(
    '--identity <reference>',
    'env:NAME or file:/path of AGE-SECRET-KEY-1…, for an encrypted repository',
  );

/** `required`: there is no moment that anybody would mean without saying so. */
export const withMoment = (command: Command): Command =>
  withIdentity(command)
    .requiredOption('--at <moment>', 'latest, a zxid, or a time with its zone', moment)
    .option('--timeline <n>', 'an earlier history, by its number; the newest without it', number)
    .option('--accept-older', 'with --at latest: the last transactions may be missing');

const number = wholeNumber(1, 99_999_999);

/** Commander's word for a wrong one is BadUsage. */
function moment(text: string): Target {
  return parseTarget(text);
}

/** A name of the inventory is one unless it looks like a place. */
const isPlace = (text: string): boolean => /^(\/|\.\.?(\/|$)|s3:\/\/)/.test(text);

export async function openRepositoryNamed(
  context: CommandContext,
  text: string,
  { identity }: ReadRepositoryOptions = {},
): Promise<Repository> {
  const { createSecrets } = await import('../adapters/secrets');
  const secrets = createSecrets();
  const identities = identity === undefined ? [] : [await secrets.resolve(identity)];
  if (isPlace(text)) return openPlace(text, { identities });
  const { openNamedRepository } = await import('../adapters/repository/inventoryRepository');
  const { createInventory } = await import('../adapters/inventory');
  const inventory = createInventory({ path: context.inventoryPath });
  return openNamedRepository({ inventory, secrets }, text, identities);
}

async function openPlace(text: string, options: RepositoryOptions): Promise<Repository> {
  const { storeNamed } = await import('../adapters/repository/openStore');
  const { openRepository } = await import('../adapters/repository/openRepository');
  return openRepository(storeNamed(text), options);
}

export interface NewRepositoryOptions {
  recipient?: string[];
  encryption?: string;
}

/** BadUsage where nothing is said of encryption, or two things are. */
export async function createRepositoryNamed(
  context: CommandContext,
  text: string,
  { recipient = [], encryption }: NewRepositoryOptions,
): Promise<Repository> {
  if (encryption !== undefined && encryption !== 'none')
    throw new ZkferryError('BadUsage', `--encryption: expected none; got ${encryption}`);
  if (!isPlace(text)) {
    if (recipient.length > 0 || encryption !== undefined)
      throw new ZkferryError(
        'BadUsage',
        `the inventory says how ${text} is encrypted: leave out --recipient and --encryption`,
      );
    const { createNamedRepository } = await import('../adapters/repository/inventoryRepository');
    const { createInventory } = await import('../adapters/inventory');
    const { createSecrets } = await import('../adapters/secrets');
    const inventory = createInventory({ path: context.inventoryPath });
    return createNamedRepository({ inventory, secrets: createSecrets() }, text);
  }
  if (recipient.length > 0 && encryption === 'none')
    throw new ZkferryError(
      'BadUsage',
      `--recipient and --encryption none contradict each other: expected one of the two; got --recipient ${recipient.join(', ')} and --encryption none`,
    );
  if (recipient.length === 0 && encryption === undefined)
    throw new ZkferryError(
      'BadUsage',
      'who may read it must be said: --recipient age1… (repeatable), or --encryption none; it holds session ids, hashes of passwords and all data',
    );
  const { storeNamed } = await import('../adapters/repository/openStore');
  const { createRepository } = await import('../adapters/repository/openRepository');
  return createRepository(
    storeNamed(text),
    recipient.length > 0 ? { kind: 'age', recipients: recipient } : { kind: 'none' },
  );
}

/** `ENSEMBLE` or `ENSEMBLE/path`; BadUsage for what is neither. */
export function ensembleAndPath(text: string): { ensemble: string; path: string } {
  const slash = text.indexOf('/');
  const ensemble = slash === -1 ? text : text.slice(0, slash);
  const path = slash === -1 ? '/' : text.slice(slash);
  if (!isEnsembleName(ensemble))
    throw new ZkferryError(
      'BadUsage',
      `${JSON.stringify(text.slice(0, 200))}: expected the name of an ensemble in the repository, and a path after it where one is meant: orders, or orders/app`,
    );
  if (path !== '/' && (path.endsWith('/') || path.includes('//')))
    throw new ZkferryError(
      'BadUsage',
      `${path}: expected an absolute path without a slash at its end, such as /app`,
    );
  return { ensemble, path };
}
