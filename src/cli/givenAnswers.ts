import type { GateName } from '../model/contract';

/** Which of the gates answered beforehand may be answered now. A plan that changed is asked about again, by a person. */
export class GivenAnswers {
  private readonly used = new Set<GateName>();

  constructor(private readonly gates: readonly GateName[]) {}

  takes(gate: GateName): boolean {
    if (!this.gates.includes(gate)) return false;
    // `start` is met again only because what would happen is no longer what was agreed to.
    const again = gate === 'start' && this.used.has(gate);
    this.used.add(gate);
    return !again;
  }
}
