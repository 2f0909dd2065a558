/** A follower's own entries in the target's ACLs, taken out at its end. */
import type { ZkAcl } from '../../model/ports';
import type { Rights } from '../../tree/copy/rights';
import type { Selection } from '../../tree/copy/selection';
import type { OrderedWriter } from '../bulk/orderedWriter';
import { ClientSource } from '../source/clientSource';
import type { CopyTarget } from './options';

/** Every node of the copy that has one gets its own ACL. `target`: with the follower's own credential. */
export async function takeOutOwnEntries<P>(
  target: CopyTarget,
  selection: Selection,
  rights: Rights,
  writer: OrderedWriter<P>,
): Promise<void> {
  const source = new ClientSource({
    ...target,
    root: selection.targetRoot,
    refuseRedacted: false,
  });
  try {
    for await (const nodes of source.nodes())
      for (const { path, acl } of nodes) {
        const without: readonly ZkAcl[] = rights.withoutOwn(acl);
        if (without !== acl) await writer.setAcl(path, without);
      }
    await writer.flush();
  } finally {
    await source.close();
  }
}
