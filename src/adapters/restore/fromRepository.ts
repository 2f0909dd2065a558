/** A moment of the past, out of a repository: which base and log it takes, and their bytes on this machine. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isZkferryError, ZkferryError } from '../../model/errors';
import {
  chooseExtraction,
  settleTime,
  type TimeChoice,
} from '../../planning/backup/chooseExtraction';
import type { EnsembleContents, Extraction } from '../../planning/backup/contents';
import { fromOlderBase } from '../../planning/backup/leadingBases';
import { zxidText, zxidValue } from '../../model/zxid';
import type { Target } from '../../planning/backup/target';
import { timeOf } from '../capture/pendingLog';
import { readMoving } from '../repository/readMoving';
import type { Repository } from '../repository/repository';
import type { RestoreInput } from './input';

export interface ChooseFrom {
  timeline?: number;
  /** The newest there is will do, where the very last transactions cannot be restored. */
  acceptOlder?: boolean;
}

/** Clocks of leaders differ, so a time may take more than one object to find. */
const MAX_CHOICES = 10_000;

/** Finds the transaction where a time is asked for, which takes reading. NotRestorable says what there is instead. */
export async function chooseFrom(
  repository: Repository,
  contents: EnsembleContents,
  target: Target,
  { timeline, acceptOlder = false }: ChooseFrom = {},
  signal?: AbortSignal,
): Promise<Extraction> {
  let clearedUpTo: string | undefined;
  for (let attempt = 0; attempt < MAX_CHOICES; attempt += 1) {
    const choice = chooseExtraction(contents, target, {
      ...(timeline !== undefined && { timeline }),
      accept: acceptOlder ? ['older'] : [],
      ...(clearedUpTo !== undefined && { clearedUpTo }),
    });
    if (choice.kind === 'chosen') return choice.extraction;
    const zxid = await lastBefore(repository, choice, signal);
    if (zxid !== undefined) return settleTime(choice, zxid);
    clearedUpTo = choice.object.last;
  }
  throw new ZkferryError('NotRestorable', 'no transaction was found for that time: name a zxid');
}

/** Undefined where nothing in the object is later. */
async function lastBefore(
  repository: Repository,
  { object, after, stopAfterMs }: TimeChoice,
  signal?: AbortSignal,
): Promise<string | undefined> {
  let last = zxidValue(after);
  for await (const { zxid, bytes } of readMoving(repository, [object], {
    ...{ after: last, upTo: zxidValue(object.last) },
    acrossHoles: true,
    signal,
  })) {
    if (timeOf(bytes) > stopAfterMs) return zxidText(last);
    last = zxid;
  }
  return undefined;
}

export interface OpenedExtraction extends RestoreInput {
  /** What is read: another base than the one that was chosen, where that one is damaged. */
  extraction: Extraction;
  /** Why newer bases are not read, a line each, for whoever asked: the same moment is restored, from more log. */
  passedOver: string[];
  /** Removes what was brought to this machine. */
  close(): Promise<void>;
}

/**
 * Brings the base to `directory`; the log is read where it lies, object by object. A base that is damaged gives way to
 * an older one of `contents` that leads to the same moment. BackupInvalid names what is damaged where none does.
 */
export async function openExtraction(
  repository: Repository,
  contents: EnsembleContents,
  chosen: Extraction,
  directory: string,
  signal?: AbortSignal,
): Promise<OpenedExtraction> {
  const passedOver: string[] = [];
  let damage: unknown;
  for (let extraction: Extraction | undefined = chosen; extraction !== undefined;) {
    try {
      const input = await openBase(repository, extraction, directory, signal);
      return { ...input, extraction, passedOver };
    } catch (error) {
      if (!isDamaged(error)) throw error;
      damage ??= error;
      extraction = fromOlderBase(contents, extraction);
      if (extraction !== undefined)
        passedOver.push(`${error.message}; the older base ${extraction.base.key} is read instead`);
    }
  }
  throw damage;
}

/** What the object is, not that it cannot be read now, or by these keys. */
const isDamaged = (error: unknown): error is ZkferryError =>
  isZkferryError(error) && error.type === 'BackupInvalid' && !error.retryable;

async function openBase(
  repository: Repository,
  { base, objects, zxid }: Extraction,
  directory: string,
  signal?: AbortSignal,
): Promise<RestoreInput & Pick<OpenedExtraction, 'close'>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `base-${base.id}-${randomBytes(4).toString('hex')}`);
  try {
    await pipeline(
      repository.unsealStream(base.snapshot, signal),
      createWriteStream(file, { mode: 0o600, flags: 'wx' }),
    );
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  const after = zxidValue(base.snapshotZxid);
  const upTo = zxidValue(zxid);
  return {
    ...{ snapshotFile: file, snapshotZxid: after, zxid: upTo },
    usableFrom: zxidValue(base.usableFrom),
    logBytes: objects.reduce((sum, { plainBytes }) => sum + plainBytes, 0),
    ...(base.serverVersion !== undefined && { serverVersion: base.serverVersion }),
    txns: () => readMoving(repository, objects, { after, upTo, signal }),
    close: () => rm(file, { force: true }),
  };
}
