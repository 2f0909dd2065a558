/** Which server the data is copied from before anything is touched. */
import type { EnsembleFacts } from '../model/facts';
import { isObserver, isServing, leaderOf } from './members';
import { BACKUP_BASE_BYTES, BACKUP_ROOM } from './measured';

export interface BackupChoice {
  server: string;
  neededBytes: number;
  freeBytes: number;
  fits: boolean;
}

/** What is there to be tapped: a standalone server has no quorum port, so its data are copied. */
export const canBeTapped = ({ servers }: EnsembleFacts): boolean =>
  !servers.some(({ role }) => role === 'standalone');

/**
 * A serving follower with room, else an observer, else the leader, whose disk and network carry the ensemble; among equals
 * the one that an earlier plan named, then the lowest id: room that is enough does not choose, since it changes by itself,
 * and a plan would with it. Without any room the roomiest, `fits: false`. Undefined where no serving server's data was seen.
 */
export function chooseBackupServer(
  facts: EnsembleFacts,
  earlier?: string,
): BackupChoice | undefined {
  const leader = leaderOf(facts);
  const candidates = facts.servers
    .filter((server) => isServing(server) && server.host?.data !== undefined)
    .map((server) => {
      const data = server.host!.data!;
      const neededBytes = Math.ceil(BACKUP_ROOM * data.totalBytes) + BACKUP_BASE_BYTES;
      const freeBytes = data.backupFreeBytes ?? data.freeBytes;
      return {
        id: server.id,
        isEarlier: server.server === earlier,
        rank: server.server === leader ? 2 : isObserver(server) ? 1 : 0,
        choice: {
          server: server.server,
          neededBytes,
          freeBytes,
          fits: freeBytes >= neededBytes,
        },
      };
    });
  const spare = ({ choice }: (typeof candidates)[number]) => choice.freeBytes - choice.neededBytes;
  const fitting = candidates
    .filter(({ choice }) => choice.fits)
    .sort((a, b) => a.rank - b.rank || Number(b.isEarlier) - Number(a.isEarlier) || a.id - b.id);
  const roomiest = [...candidates].sort((a, b) => spare(b) - spare(a) || a.id - b.id);
  return (fitting[0] ?? roomiest[0])?.choice;
}
