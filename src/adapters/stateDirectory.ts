/** Where zkferry keeps on this machine what must outlive its processes. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** `$ZKFERRY_STATE`, else `${XDG_STATE_HOME:-~/.local/state}/zkferry`; absolute. */
export function stateDirectory({ ZKFERRY_STATE, XDG_STATE_HOME }: NodeJS.ProcessEnv): string {
  if (ZKFERRY_STATE) return resolve(ZKFERRY_STATE);
  return join(XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'zkferry');
}
