/** What `zkferry lab up|down|status` does; the command only parses and prints. */
import { join } from 'node:path';
import { untilListening } from '../adapters/temporal/connect';
import { isZkferryError, ZkferryError } from '../model/errors';
import { givenTemporal } from './givenTemporal';
import { createLab, Lab, type LabOptions } from './lab';
import { findLabState, listLabNames, writeLabState, type LabState } from './labState';
import { srvr } from './probe';
import { isAlive } from './processes';
import { startTemporal, stopTemporalProcess, type TemporalOptions } from './temporalServer';

const LOOK_MS = 400;

export interface LabUpOptions extends Omit<LabOptions, 'keep'> {
  /** False leaves Temporal alone; default true: TEMPORAL_ADDRESS if set, else one of the lab's own. */
  temporal?: boolean;
  temporalOptions?: Pick<TemporalOptions, 'port' | 'uiPort'>;
  /** Of a Temporal that is there, before TEMPORAL_ADDRESS. */
  address?: string;
}

export interface LabServerStatus {
  name: string;
  id: number;
  host: string;
  clientPort: number;
  sshPort: number;
  directory: string;
  spare: boolean;
  /** `leader`, `follower`, `observer`, `standalone`; `notServing` while it runs without serving; `stopped`. */
  state: string;
  /** What the running server says; absent while it does not serve. */
  version?: string;
  zxid?: string;
  pid?: number;
}

export interface LabStatus {
  name: string;
  directory: string;
  /** Version the hosts were made with. */
  version: string;
  createdAt: string;
  /** Whether every member serves. */
  running: boolean;
  leader?: string;
  connectString: string;
  inventoryPath: string;
  privateKeyPath: string;
  temporal?: { address: string; uiUrl?: string; running: boolean };
  servers: LabServerStatus[];
}

async function describe(state: LabState): Promise<LabStatus> {
  const lab = new Lab(state);
  const servers = await Promise.all(
    lab.servers.map(async ({ role: _role, ...server }): Promise<LabServerStatus> => {
      const running = lab.serverProcess(server.name);
      if (running === undefined) return { ...server, state: 'stopped' };
      const answer = await srvr(server);
      const { pid } = running;
      if (answer === undefined) return { ...server, state: 'notServing', pid };
      const { mode, version, zxid } = answer;
      return { ...server, state: mode, version, zxid, pid };
    }),
  );
  const { temporal } = state;
  return {
    name: lab.name,
    directory: lab.directory,
    version: lab.version,
    createdAt: state.createdAt,
    running: servers.every(({ spare, version }) => spare || version !== undefined),
    leader: servers.find((server) => /^(leader|standalone)$/.test(server.state))?.name,
    connectString: lab.connectString,
    inventoryPath: lab.inventoryPath,
    privateKeyPath: lab.privateKeyPath,
    ...(temporal && {
      temporal: {
        address: temporal.address,
        uiUrl: temporal.uiUrl,
        running:
          temporal.process === undefined
            ? await listens(temporal.address)
            : isAlive(temporal.process),
      },
    }),
    servers,
  };
}

const listens = (address: string): Promise<boolean> =>
  untilListening(address, LOOK_MS).then(
    () => true,
    () => false,
  );

/** Recorded with the lab before it is waited for. */
async function addTemporal(
  state: LabState,
  address: string | undefined,
  options: LabUpOptions['temporalOptions'],
): Promise<void> {
  const record = (temporal: LabState['temporal']): void => {
    state.temporal = temporal;
    writeLabState(state);
  };
  if (address !== undefined) return record({ address });
  const dbFile = join(state.directory, 'temporal', 'temporal.db');
  await startTemporal({
    ...{ ...options, dbFile },
    onSpawn: ({ address, uiUrl, process }) => record({ address, uiUrl, dbFile, process }),
  });
}

/** What was begun is taken away; where that fails too, it is said how. */
async function backOut(lab: Lab, error: unknown): Promise<never> {
  try {
    await labDown(lab.name);
  } catch (another) {
    if (!isZkferryError(error)) throw error;
    throw new ZkferryError(
      error.type,
      `${error.message}; nor could the lab be taken down (${(another as Error).message}): do it with zkferry lab down ${lab.name}`,
      { cause: error },
    );
  }
  throw error;
}

/**
 * Makes and starts a lab that outlives this process, and Temporal beside it. What was started is stopped
 * again if something fails. EnsembleHeld when a lab of that name is there already; TemporalUnavailable, before anything
 * is made, when nobody answers at `address` or TEMPORAL_ADDRESS.
 */
export async function labUp(options: LabUpOptions): Promise<LabStatus> {
  const { temporal = true, temporalOptions, address, ...labOptions } = options;
  const given = temporal
    ? await givenTemporal('the lab starts one of its own (--no-temporal: none)', address)
    : undefined;
  const lab = await createLab({ ...labOptions, keep: true });
  try {
    await lab.start();
    const state = stateOf(lab.name);
    if (temporal) await addTemporal(state, given, temporalOptions);
    return await describe(state);
  } catch (error) {
    return await backOut(lab, error);
  }
}

/** Stops everything the lab started, Temporal too, and removes its directory (unless `keepFiles`). InvalidInput when there is no such lab. */
export async function labDown(
  name: string,
  options: { keepFiles?: boolean } = {},
): Promise<{ name: string; directory: string }> {
  const state = stateOf(name);
  if (state.temporal?.process !== undefined) await stopTemporalProcess(state.temporal.process);
  const lab = new Lab(state);
  await (options.keepFiles ? lab.stop() : lab.destroy());
  return { name, directory: state.directory };
}

/** One lab, or all of them. InvalidInput when `name` is given and there is no such lab. */
export function labStatus(name?: string): Promise<LabStatus[]> {
  const names = name === undefined ? listLabNames() : [name];
  return Promise.all(names.map((each) => describe(stateOf(each))));
}

function stateOf(name: string): LabState {
  const state = findLabState(name);
  if (state !== undefined) return state;
  const known = listLabNames();
  throw new ZkferryError(
    'InvalidInput',
    `there is no lab ${JSON.stringify(name)}; ${known.length === 0 ? 'none is up' : `there are ${known.join(', ')}`}`,
  );
}
