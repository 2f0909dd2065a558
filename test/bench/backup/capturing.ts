/** A capture in a process of its own, seen from the bench that forked it, and the repositories it writes to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRepository } from '../../../src/adapters/repository/openRepository';
import { storeNamed } from '../../../src/adapters/repository/openStore';
import type { Encryption } from '../../../src/model/repository';
import { ageKey } from '../../support/ageKeys';
import { atEnd } from '../cleanup';
import type { BenchEnsemble } from '../ensemble';
import { isObject, isWord, Talk } from '../talk';
import type { CaptureArgument, Captured, FromCapture, ToCapture } from './captureChild';

export interface TemporaryDirectory {
  path: string;
  remove: () => Promise<void>;
}

/** Removed at the end at the latest. */
export function temporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), 'zkferry-bench-'));
  return { path, remove: atEnd(() => rmSync(path, { recursive: true, force: true })) };
}

/** At a place as the command line names it. */
export async function makeRepository(
  place: string,
  encryption: Encryption['kind'] = 'none',
): Promise<void> {
  await createRepository(
    storeNamed(place),
    encryption === 'none' ? { kind: 'none' } : { kind: 'age', recipients: [ageKey.recipient] },
  );
}

export class Capturing {
  private readonly talk: Talk<ToCapture, FromCapture>;
  private readonly spool = temporaryDirectory();

  constructor(ensemble: BenchEnsemble) {
    const argument: CaptureArgument = { servers: ensemble.addresses, directory: this.spool.path };
    this.talk = Talk.start('backup/captureChild.js', argument, {
      what: 'the process that captures',
    });
  }

  /** Resolves once everything that is committed is captured, and a base lies there. */
  async start(place: string): Promise<void> {
    await this.talk.ask({ capture: place }, isWord('capturing'));
  }

  async begin(): Promise<void> {
    await this.talk.ask('begin', isWord('begun'));
  }

  /** Once that transaction is durable. */
  upTo(zxid: bigint): Promise<Captured> {
    return this.talk.ask({ upTo: zxid }, isObject);
  }

  /** Everything is sealed then. */
  async stop(): Promise<void> {
    await this.talk.ask('stop', isWord('stopped'));
  }

  async end(): Promise<void> {
    await this.talk.end();
    await this.spool.remove();
  }
}
