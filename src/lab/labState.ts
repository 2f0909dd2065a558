/** What a lab leaves on disk so that another process can find, describe and stop it. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { stateDirectory } from '../adapters/stateDirectory';
import { ZkferryError } from '../model/errors';
import { parseOrThrow } from '../model/validation';
import { versionSchema } from '../model/version';

const processSchema = z.strictObject({ pid: z.int(), startTicks: z.string() });

const serverSchema = z.strictObject({
  name: z.string(),
  id: z.int(),
  host: z.string(),
  clientPort: z.int(),
  sshPort: z.int(),
  directory: z.string(),
  role: z.enum(['participant', 'observer']),
  /** Known to the inventory, with sshd and directories, but not a member yet. */
  spare: z.boolean(),
});
export type LabServer = z.output<typeof serverSchema>;

export const labStateSchema = z.strictObject({
  name: z.string(),
  directory: z.string(),
  /** The version the hosts were made with; what runs now is in each host's `current` link. */
  version: versionSchema,
  createdAt: z.string(),
  /** Stays up when the process that made it ends (`lab up`, `demo --keep`). */
  keep: z.boolean(),
  owner: processSchema.optional(),
  servers: z.array(serverSchema),
  hostKeyFingerprint: z.string(),
  javaHome: z.string(),
  supervised: z.boolean(),
  reconfig: z.boolean(),
  /** In the inventory the spares are an ensemble of this name, instead of spares of the lab's own. */
  otherSide: z.string().optional(),
  sshd: z.record(z.string(), processSchema),
  supervisors: z.record(z.string(), processSchema),
  temporal: z
    .strictObject({
      address: z.string(),
      uiUrl: z.string().optional(),
      dbFile: z.string().optional(),
      process: processSchema.optional(),
    })
    .optional(),
});
export type LabState = z.output<typeof labStateSchema>;

export const labsDirectory = (): string => join(stateDirectory(process.env), 'labs');

export function assertLabName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$/.test(name)) return;
  throw new ZkferryError(
    'InvalidInput',
    `lab name ${JSON.stringify(name)}: expected 1–31 letters, digits, "_" or "-", beginning with a letter or digit`,
  );
}

export const labDirectory = (name: string): string => join(labsDirectory(), name);

const stateFile = (directory: string) => join(directory, 'lab.json');

/** undefined when no lab was made there. InvalidInput when the file is damaged. */
export function readLabState(directory: string): LabState | undefined {
  const file = stateFile(directory);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return parseOrThrow(labStateSchema, JSON.parse(text), `the lab's state in ${file}`);
}

export function writeLabState(state: LabState): void {
  mkdirSync(state.directory, { recursive: true });
  const file = stateFile(state.directory);
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
  // A lab in a directory of the caller's choice is still found by its name.
  if (state.directory !== labDirectory(state.name)) {
    mkdirSync(labDirectory(state.name), { recursive: true });
    writeFileSync(join(labDirectory(state.name), 'elsewhere'), state.directory);
  }
}

export function removeLabState(state: LabState): void {
  rmSync(state.directory, { recursive: true, force: true });
  rmSync(labDirectory(state.name), { recursive: true, force: true });
}

/** State of the lab of that name, wherever it lies; undefined when there is none. */
export function findLabState(name: string): LabState | undefined {
  assertLabName(name);
  const here = readLabState(labDirectory(name));
  if (here !== undefined) return here;
  try {
    return readLabState(readFileSync(join(labDirectory(name), 'elsewhere'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Names of all labs, sorted. */
export function listLabNames(): string[] {
  try {
    return readdirSync(labsDirectory(), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .filter((name) => findLabState(name) !== undefined)
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
