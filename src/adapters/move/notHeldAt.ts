/** What a release cannot hold, of one moment of a repository: the base and the log are read once, the tree is not kept. */
import { NotHeldWatch, type NotHeld } from '../../tree/restore/notHeld';
import { restoreTxns, type RestoreInput } from '../restore/input';
import { readBase } from '../restore/readBase';

/** @throws ZkferryError BackupInvalid, NotRestorable */
export async function notHeldAt(input: RestoreInput, signal?: AbortSignal): Promise<NotHeld> {
  const watch = new NotHeldWatch();
  const chunks = readBase(input, signal);
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
    for (const node of next.value.nodes) watch.node(node);
  for await (const { txn } of restoreTxns(input, signal)) watch.txn(txn);
  return watch.finish();
}
