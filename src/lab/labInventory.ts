/** The inventory of a lab: what a worker needs to know to carry it. Pure. */
import { join } from 'node:path';
import type { EnsembleSpecInput, InventoryInput } from '../model/inventory';
import { hostPaths } from './hostFiles';
import type { LabState } from './labState';
import { CONNECT_KEY, PID_FILE } from './load/config';

/** Its name in the inventory, and its folder in the lab's directory. */
export const LAB_REPOSITORY = 'backups';

/** Where a lab's own load lies, and the file that says to it what to connect to. */
export const LOAD_FOLDER = 'load';
export const clientFileOf = (directory: string): string => join(directory, 'client.properties');

/** A load that reads its file anew at SIGHUP. */
export const LAB_CLIENT = 'load';

export interface InventoryFacts {
  /** Who logs in. */
  user: string;
  /** Path of the client's private key. */
  clientKey: string;
  /** Directory of the release archives. */
  archives: string;
  /** Path of a file holding `user:password` of the superuser, for labs with reconfig. */
  superSecret?: string;
}

/** One ensemble, named as the lab; where it has another side, its spares as one too. Every SSH and directory field is said at each server, so nothing depends on merging. */
export function labInventory(state: LabState, facts: InventoryFacts): InventoryInput {
  const servers: EnsembleSpecInput['servers'] = state.servers.map((server) => {
    const paths = hostPaths(server.directory);
    return {
      name: server.name,
      id: server.id,
      host: server.host,
      clientPort: server.clientPort,
      role: server.role,
      spare: server.spare,
      ssh: {
        host: server.host,
        port: server.sshPort,
        user: facts.user,
        hostKey: state.hostKeyFingerprint,
        privateKey: `file:${facts.clientKey}`,
      },
      service: { kind: 'script', path: paths.service },
      package: {
        kind: 'tarball',
        root: paths.packageRoot,
        current: paths.current,
        source: { directory: facts.archives },
      },
      directories: {
        config: paths.config,
        data: paths.data,
        state: paths.state,
        backup: paths.backup,
      },
      javaHome: state.javaHome,
    };
  });
  const auth = facts.superSecret
    ? [{ scheme: 'digest' as const, secret: `file:${facts.superSecret}` }]
    : [];
  const withAuth = (own: typeof servers) => ({
    servers: own,
    ...(auth.length > 0 ? { auth } : {}),
  });
  const { otherSide } = state;
  const ensembles =
    otherSide === undefined
      ? { [state.name]: withAuth(servers) }
      : {
          [state.name]: {
            ...withAuth(servers.filter(({ spare }) => !spare)),
            repository: LAB_REPOSITORY,
            clients: [LAB_CLIENT],
          },
          [otherSide]: withAuth(
            servers.filter(({ spare }) => spare).map((server) => ({ ...server, spare: false })),
          ),
        };
  return {
    ...(otherSide !== undefined && { clients: { [LAB_CLIENT]: loadAsClient(state, facts) } }),
    ensembles,
    repositories: {
      [LAB_REPOSITORY]: { directory: join(state.directory, LAB_REPOSITORY), encryption: 'none' },
    },
  };
}

/** On the first host, as any client of the ensemble may be. */
function loadAsClient({ directory, servers, hostKeyFingerprint }: LabState, facts: InventoryFacts) {
  const [first] = servers;
  return {
    ssh: {
      host: first!.host,
      port: first!.sshPort,
      user: facts.user,
      hostKey: hostKeyFingerprint,
      privateKey: `file:${facts.clientKey}`,
    },
    files: [{ path: clientFileOf(directory), key: CONNECT_KEY }],
    reload: `kill -HUP "$(cat ${join(directory, LOAD_FOLDER, PID_FILE)})"`,
    // The run's own probe comes from the same address: its sessions are not the load's.
    proof: 'none' as const,
    state: join(directory, 'client-state'),
  };
}
