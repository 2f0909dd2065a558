/** Places that a capture writes to, which can be taken away and given back as an outage does. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import { createRepository, openRepository } from '../../src/adapters/repository/openRepository';
import type { Repository } from '../../src/adapters/repository/repository';
import { S3Store } from '../../src/adapters/repository/s3Store';
import type { ObjectStore } from '../../src/model/backupPorts';
import type { Encryption } from '../../src/model/repository';
import { ageKey } from './ageKeys';
import { startS3 } from './stores';

export interface CapturePlace {
  name: string;
  /** As a writer has it: without an identity. */
  writing: Repository;
  /** With an identity where that is needed. */
  reading(identity?: string): Promise<Repository>;
  /** Nothing can be written until `back`. */
  away(): void;
  back(): void;
  close(): Promise<void>;
}

export type OpenPlace = () => Promise<CapturePlace>;

const ENCRYPTED: Encryption = { kind: 'age', recipients: [ageKey.recipient] };
const PLAIN: Encryption = { kind: 'none' };

export const directoryOf =
  (encryption: Encryption = PLAIN): OpenPlace =>
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zkferry-capture-'));
    const root = join(directory, 'repository');
    return {
      ...(await repositories(() => new DirectoryStore(root), encryption)),
      // Root may write anywhere, so the place is taken away as a lost mount would be.
      away: () => renameSync(root, `${root}.gone`),
      back: () => {
        rmSync(root, { recursive: true, force: true });
        renameSync(`${root}.gone`, root);
      },
      close: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
    };
  };

export const s3Of =
  (encryption: Encryption = PLAIN): OpenPlace =>
  async () => {
    const server = await startS3();
    return {
      ...(await repositories(() => new S3Store(server.place), encryption)),
      // A server that hangs: connections are made, and nothing is answered.
      away: () => server.signal('SIGSTOP'),
      back: () => server.signal('SIGCONT'),
      close: () => server.close(),
    };
  };

export const PLACES: Record<string, OpenPlace> = {
  'a directory': directoryOf(),
  'an encrypted directory': directoryOf(ENCRYPTED),
  S3: s3Of(),
  'encrypted S3': s3Of(ENCRYPTED),
};

async function repositories(
  store: () => ObjectStore,
  encryption: Encryption,
): Promise<Pick<CapturePlace, 'name' | 'writing' | 'reading'>> {
  await createRepository(store(), encryption);
  const writing = await openRepository(store());
  return {
    name: writing.store.shown,
    writing,
    reading: (identity = ageKey.identity) =>
      openRepository(store(), encryption.kind === 'none' ? {} : { identities: [identity] }),
  };
}
