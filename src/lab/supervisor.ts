/** Starts the watcher that brings a host's server back whenever it is down and not masked. */
import { spawn } from 'node:child_process';
import { ZkferryError } from '../model/errors';
import { processRef, type ProcessRef } from './processes';

/** `script` is the host's bin/supervise. RemoteCommandFailed when it does not run. */
export function startSupervisor(script: string): ProcessRef {
  const child = spawn(script, [], { detached: true, stdio: 'ignore' });
  child.once('error', () => undefined);
  child.unref();
  const ref = child.pid === undefined ? undefined : processRef(child.pid);
  if (ref !== undefined) return ref;
  throw new ZkferryError('RemoteCommandFailed', `${script} could not be started`);
}
