/** A worker that reads the lab's ensemble under several names, each with something changed. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { EnsembleSpecInput, InventoryInput } from '../../src/model/inventory';
import type { Harness } from './harness';

export class Inventories {
  private readonly directory: string;

  private constructor(private readonly harness: Harness) {
    this.directory = join(harness.directory, 'inventories');
  }

  /** Of a harness without a worker: it gets one that reads them. */
  static async start(harness: Harness): Promise<Inventories> {
    const inventories = new Inventories(harness);
    mkdirSync(inventories.directory);
    inventories.write('lab', harness.lab.inventory());
    await harness.startWorker({ ZKFERRY_INVENTORY: inventories.directory });
    return inventories;
  }

  /** The lab's servers under another name. */
  with(name: string, change: (ensemble: EnsembleSpecInput) => void): void {
    const ensemble = structuredClone(
      this.harness.lab.inventory().ensembles[this.harness.lab.name]!,
    );
    change(ensemble);
    this.write(name, { ensembles: { [name]: ensemble } });
  }

  write(file: string, inventory: InventoryInput): void {
    writeFileSync(join(this.directory, `${file}.yaml`), stringify(inventory));
  }

  remove(file: string): void {
    rmSync(join(this.directory, `${file}.yaml`), { force: true });
  }
}
