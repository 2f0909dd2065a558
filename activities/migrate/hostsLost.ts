/** Hosts that are lost while a side starts: whoever waits for it to serve goes on without them, where a quorum can. */
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import { canServeWithout } from '../../src/planning/fence/unreachable';
import type { Dependencies } from '../dependencies';
import { membersOf } from '../resolve';
import { isUnreachable, leftOfServing, unobserved, type LeftOut } from './outOfReach';

/** A server that starts is silent for so long, and nobody looks at its host meanwhile. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 5_000;

export class HostsLost {
  /** Found to be lost, those without whom it began not among them. */
  servers: readonly ResolvedServer[] = [];
  private nextLookAt = Date.now() + PATIENCE_MS;

  constructor(
    private readonly dependencies: Dependencies,
    private readonly ensemble: ResolvedEnsemble,
    private readonly without: readonly string[],
    private readonly context: OperationContext,
  ) {}

  /** At most every few seconds; `silent`: those to look at. */
  async look(silent: readonly ResolvedServer[]): Promise<void> {
    this.servers = this.servers.filter((server) => silent.includes(server));
    if (silent.length === 0 || Date.now() < this.nextLookAt) return;
    const looks = await Promise.all(
      silent.map((server) =>
        this.dependencies.host.observe(server, this.context, { depth: 'process' }),
      ),
    );
    const lost = silent.filter((_, index) => {
      const look = looks[index]!;
      return !look.reachable && isUnreachable(unobserved(look));
    });
    const missing = [...this.without, ...lost.map(({ name }) => name)];
    if (canServeWithout(membersOf(this.ensemble), missing)) this.servers = lost;
    this.nextLookAt = Date.now() + LOOK_EVERY_MS;
  }

  /** All that are gone without. */
  told(): LeftOut[] {
    const before = membersOf(this.ensemble).filter(({ name }) => this.without.includes(name));
    return [
      ...before.map((server) => leftOfServing(server, 'an earlier step could not reach its host')),
      ...this.servers.map((server) => leftOfServing(server, 'its host cannot be reached any more')),
    ];
  }
}
