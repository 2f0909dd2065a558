/** Rules that a run which was cut off has left in the kernel: they would close the addresses to later labs too. */
import { execFileSync } from 'node:child_process';
import { fenceTable } from '../model/clientFence';
import type { LabState } from './labState';

export function removeClientFences({ name, otherSide, servers }: LabState): void {
  for (const ensemble of [name, ...(otherSide === undefined ? [] : [otherSide])])
    for (const server of servers)
      try {
        const table = fenceTable({ ensemble, name: server.name });
        const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
        execFileSync('nft', ['delete', 'table', 'inet', table], { stdio: 'ignore', env });
      } catch {
        // There was none, or no nft: then nobody can have raised one.
      }
}
