/** Search attributes: how runs are found in the Temporal UI. */
import { upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { SEARCH_ATTRIBUTES, type BASE_WORKFLOW, type WorkflowType } from '../../src/model/contract';
import type { Phase } from '../../src/model/plan';

/** Does nothing where the namespace does not know them. Each call is an event in the history. */
export function showAttributes(
  { ensemble, searchAttributes }: { ensemble: string; searchAttributes: boolean },
  strategy: WorkflowType | typeof BASE_WORKFLOW,
  phase: Phase,
): void {
  if (!searchAttributes) return;
  const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
  upsertSearchAttributes([
    { key: keyword(SEARCH_ATTRIBUTES.ensemble), value: ensemble },
    { key: keyword(SEARCH_ATTRIBUTES.strategy), value: strategy },
    { key: keyword(SEARCH_ATTRIBUTES.phase), value: phase },
  ]);
}
