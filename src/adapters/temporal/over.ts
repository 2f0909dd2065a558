/** When a run is over: apart from the client, so that whoever only renders need not load it. */
import type { RunState } from '../../model/status';

const OVER: readonly RunState[] = ['completed', 'rolledBack', 'rejected', 'failed'];

export const isOver = (state: RunState): boolean => OVER.includes(state);
