/** One pass over an ensemble's tree, for what there is to know of it. A TreePort. */
import { mkdir } from 'node:fs/promises';
import { isZkferryError } from '../../model/errors';
import type { TreeFacts, TreeLook } from '../../model/facts';
import type { SecretsPort, TreePort } from '../../model/ports';
import { TreeCensus } from '../../tree/treeFacts';
import { quorumSecurity } from '../quorumSecurity';
import type { TapOptions } from '../tap';
import { TapSource } from './tapSource';
import { zxidText } from '../../model/zxid';

/** Together with two questions of a second each to the client ports: 5 s to a leader, or to giving up. */
const CONNECT_TIMEOUT_MS = 2_000;
const GIVE_UP_AFTER_MS = 1_000;
/** A learner that stalls in a snapshot makes the leader hold what is written meanwhile. */
const SNAPSHOT_STALL_MS = 5_000;

export interface TreeAdapterOptions {
  /** Where the tree lies while it is read; made where missing, readable by the owner only. */
  directory: string;
  /** For what the quorum ports demand. */
  secrets: SecretsPort;
}

export const createTreeAdapter = ({ directory, secrets }: TreeAdapterOptions): TreePort => ({
  async look(ensemble, servers, { deadlineMs }, { signal: outer }): Promise<TreeLook> {
    const deadline = AbortSignal.timeout(deadlineMs);
    const signal = AbortSignal.any([outer, deadline]);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const security = await quorumSecurity(ensemble, secrets);
      return await census(ensemble.name, {
        ...{ servers, directory, signal },
        ...(security !== undefined && { security }),
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        giveUpAfterMs: GIVE_UP_AFTER_MS,
        snapshotStallMs: SNAPSHOT_STALL_MS,
      });
    } catch (error) {
      outer.throwIfAborted();
      if (deadline.aborted) return { unknown: `it was not read within ${deadlineMs / 1_000} s` };
      return { unknown: reasonOf(error) };
    }
  },
});

async function census(ensemble: string, options: TapOptions): Promise<TreeFacts> {
  const source = await TapSource.open(ensemble, options);
  try {
    const found = new TreeCensus();
    for await (const nodes of source.nodes()) {
      options.signal?.throwIfAborted();
      for (const node of nodes) found.add(node);
    }
    return {
      source: source.shown,
      zxid: zxidText(source.zxid),
      ...found.result(await source.sessions()),
    };
  } finally {
    await source.close();
  }
}

/** What the port said, rather than how long it was asked; failures of the disk have a code. Anything else is a defect. */
function reasonOf(error: unknown): string {
  if (!isZkferryError(error)) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return message;
  }
  const cause = error.options.cause;
  return isZkferryError(cause) ? cause.message : error.message;
}
