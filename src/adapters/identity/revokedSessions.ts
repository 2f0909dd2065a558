/** Sessions that were logged out, until they would have ended by themselves: a copy of the cookie counts no more, nor after a restart. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { ZkferryError } from '../../model/errors';

/** Beyond that the oldest are forgotten: more logins than that a day are none of people. */
const MOST = 20_000;

export interface RevokedSessions {
  has(id: string): boolean;
  /** Once it is on disk. `endsAt`: seconds, as JWT has them. */
  add(id: string, endsAt: number): Promise<void>;
}

/** @throws SecretMissing for a file that can't be read: nobody would know what it said */
export async function openRevokedSessions(path: string): Promise<RevokedSessions> {
  const ends = new Map(await entriesOf(path));
  let writing = Promise.resolve();
  const write = async (): Promise<void> => {
    const nowSeconds = Date.now() / 1_000;
    for (const [id, endsAt] of ends) if (endsAt < nowSeconds) ends.delete(id);
    for (const id of [...ends.keys()].slice(0, Math.max(0, ends.size - MOST))) ends.delete(id);
    await writeFile(`${path}.new`, JSON.stringify([...ends]), { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  return {
    has: (id) => ends.has(id),
    async add(id, endsAt) {
      ends.set(id, endsAt);
      writing = writing.catch(() => undefined).then(write);
      await writing;
    },
  };
}

async function entriesOf(path: string): Promise<[string, number][]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(path, error);
  }
  try {
    return JSON.parse(text) as [string, number][];
  } catch (error) {
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, cause: unknown): ZkferryError =>
  new ZkferryError(
    'SecretMissing',
    `${path}, which holds the sessions that were logged out, can't be read: ${(cause as Error).message}; remove it together with session-key, so that all log in anew`,
    { cause },
  );
