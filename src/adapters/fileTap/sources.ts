/** Whose files may be read now: members that serve and can be reached by SSH, with what each has applied. */
import { ZkferryError } from '../../model/errors';
import type { HostDataPort } from '../../model/hostData';
import type { ResolvedServer } from '../../model/inventory';
import type { OperationContext, ServerProbe } from '../../model/ports';
import type { TapOptions } from '../tap';

export interface FileTapOptions extends Pick<
  TapOptions,
  'directory' | 'from' | 'signal' | 'giveUpAfterMs'
> {
  /** All members; those without `ssh` are never read. */
  members: readonly ResolvedServer[];
  host: HostDataPort;
  probe(server: ResolvedServer, signal: AbortSignal): Promise<ServerProbe>;
  /** Between two looks. Default 1 s. */
  pollMs?: number;
}

export interface FileSource {
  server: ResolvedServer;
  /** Of the last transaction it has applied. */
  zxid: bigint;
  version?: string;
}

export const majorityOf = (members: readonly ResolvedServer[]): number =>
  Math.floor(members.filter(({ role }) => role === 'participant').length / 2) + 1;

/** At least one, the one that has applied most first. ZooKeeperUnavailable, retryable, where there is none. */
export async function appliedBy(
  { members, probe }: Pick<FileTapOptions, 'members' | 'probe'>,
  { signal }: OperationContext,
): Promise<FileSource[]> {
  const asked = members.filter(({ ssh }) => ssh !== undefined);
  const answers = await Promise.all(
    asked.map(async (server) => ({ server, answer: await probe(server, signal) })),
  );
  const sources = answers.flatMap(({ server, answer }): FileSource[] => {
    const { state, role, zxid, version } = answer;
    // One of several that says it stands alone belongs to no ensemble.
    if (state !== 'serving' || zxid === undefined) return [];
    if (role === 'standalone' && members.length > 1) return [];
    return [{ server, zxid: BigInt(zxid), ...(version !== undefined && { version }) }];
  });
  if (sources.length === 0)
    throw new ZkferryError(
      'ZooKeeperUnavailable',
      `no member that can be reached by SSH serves: ${answers.map(({ server, answer }) => `${server.name} ${answer.stateDetail ?? answer.state}`).join('; ') || 'the inventory gives none of them ssh'}`,
      { retryable: true },
    );
  return sources.sort((one, other) => (one.zxid > other.zxid ? -1 : one.zxid < other.zxid ? 1 : 0));
}
