/** A host of a lab that is gone at once: its sshd, every connection through that, and its ZooKeeper. */
import type { Lab } from '../../src/lab/lab';
import { stopSshd } from '../upgrade/support/stopSshd';

/** `lab.startSsh()` brings back what can be reached; ZooKeeper stays dead. */
export async function killHost(lab: Lab, name: string): Promise<void> {
  await stopSshd(lab, name);
  await lab.killServer(name);
}
