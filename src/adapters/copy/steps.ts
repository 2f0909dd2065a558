/**
 * The steps of a copy, in an order that is the same every time: what must go, the nodes with parents first,
 * counters, and the ACLs that had to wait. A killed copy goes on behind the steps that its marker counts.
 */
import { raiseOperations, type CopyOperations } from '../../tree/copy/operations';
import type { WriteOp } from '../../codec/clientRequests';
import { ACTION } from '../../tree/copy/merge';
import type { Selection } from '../../tree/copy/selection';
import type { SourceNode } from '../../tree/source';
import { MAX_ACLS_IN_FLIGHT, type OrderedWriter } from '../bulk/orderedWriter';
import type { SavedPlan } from './journal';
import type { StepsDone } from './marker';
import type { CopyOptions } from './options';

export interface Steps {
  nodes: () => AsyncIterable<SourceNode[]>;
  selection: Selection;
  operations: CopyOperations;
  plan: SavedPlan;
  /** Of ACTION: what is done to a root that is there already, where nothing is below it; -1: none is there. */
  rootAction: number;
  /** Nodes that the copy makes or changes, for progress. */
  total: number;
}

export const NO_ROOT = -1;

/** Resolves once every step is acknowledged. */
export async function takeSteps(
  steps: Steps,
  writer: OrderedWriter<StepsDone>,
  done: number,
  options: Pick<CopyOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  const { operations, plan, selection, total } = steps;
  const counter = new StepCounter(writer, done);
  const below = (relative: string) => selection.targetOfRelative(relative);
  for (const path of plan.deletions) {
    const full = counter.add({ kind: 'delete', path: below(path) });
    if (full !== undefined) await full;
  }
  let index = -1;
  for await (const nodes of steps.nodes()) {
    options.signal?.throwIfAborted();
    for (const node of nodes) {
      if (!operations.makes(node)) continue;
      index += 1;
      const action = actionOf(steps, index);
      const full =
        action === ACTION.create
          ? counter.add(operations.create(node))
          : change(steps, counter, node, action);
      if (full !== undefined) await full;
    }
    options.onProgress?.({ phase: 'write', done: Math.min(index + 1, total), total });
  }
  for (const raise of plan.raises)
    for (const pair of raiseOperations(raise)) {
      const full = counter.add(...pair);
      if (full !== undefined) await full;
    }
  const { finalAcls } = operations;
  options.onProgress?.({ phase: 'finish', done: 0, total: finalAcls.length });
  for (const { path, acl } of finalAcls) await counter.setAcl(path, acl);
  await writer.flush();
}

function actionOf({ plan, rootAction }: Steps, index: number): number {
  if (plan.actions !== undefined) return plan.actions[index]!;
  return index === 0 && rootAction !== NO_ROOT ? rootAction : ACTION.create;
}

/** The ACL first: new data is never shown to whom only the old ACL let in. */
async function change(
  { operations, selection }: Steps,
  counter: StepCounter,
  node: SourceNode,
  action: number,
): Promise<void> {
  const path = selection.targetPath(node.path);
  if ((action & ACTION.setAcl) !== 0)
    await counter.setAcl(path, operations.aclWhileWorking(node, path));
  if ((action & ACTION.setData) !== 0)
    await counter.add({ kind: 'setData', path, data: node.data });
}

class StepCounter {
  private count = 0;

  constructor(
    private readonly writer: OrderedWriter<StepsDone>,
    private readonly done: number,
  ) {}

  add(...ops: WriteOp[]): Promise<void> | undefined {
    this.count += 1;
    if (this.count <= this.done) return undefined;
    this.writer.position = { steps: this.count };
    return this.writer.add(...ops);
  }

  async setAcl(path: string, acl: SourceNode['acl'] | readonly SourceNode['acl'][0][]) {
    this.count += 1;
    if (this.count <= this.done) return;
    // These are counted with the next multi only: the killed process may have been further.
    const again = this.done > 0 && this.count <= this.done + MAX_ACLS_IN_FLIGHT;
    this.writer.position = { steps: this.count };
    await this.writer.setAcl(path, acl, again);
  }
}
