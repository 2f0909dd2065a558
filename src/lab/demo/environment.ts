import { join } from 'node:path';

/** What must be in the environment of a worker, or of a command that looks at this lab. */
export const labEnvironment = (lab: {
  directory: string;
  address: string;
  inventoryPath: string;
}): Record<string, string> => ({
  TEMPORAL_ADDRESS: lab.address,
  ZKFERRY_INVENTORY: lab.inventoryPath,
  ZKFERRY_SECRET_FILE: join(lab.directory, 'worker.secret'),
});
