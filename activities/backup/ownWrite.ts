/** A write of zkferry's own: a capture that is under way shows itself by having it. */
import { commitCanaryThrough } from '../../src/adapters/zookeeper';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import { zxidValue } from '../../src/model/zxid';
import type { Dependencies } from '../dependencies';
import { sessionOptions } from '../health';
import { znodePlace } from '../lock';
import { membersOf } from '../resolve';

/** Its zxid, once it is committed. */
export async function commitOwnWrite(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  context: OperationContext,
): Promise<bigint> {
  const { mzxid } = await commitCanaryThrough(
    dependencies.zookeeper,
    {
      ...(await sessionOptions(dependencies, ensemble, context)),
      servers: membersOf(ensemble),
    },
    znodePlace(dependencies, ensemble),
  );
  return zxidValue(mzxid);
}
