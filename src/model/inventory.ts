/**
 * The inventory: what a worker may touch and how. YAML files of this shape are the only place hosts,
 * commands, hooks, secret references and the minimum of gates come from.
 */
import { z } from 'zod';
import { DEFAULT_ZNODE_ROOT, GATES } from './contract';
import { approvalPolicySchema } from './approval';
import { clientSchema } from './client';
import { absolutePath, command, host, name, port, secretReference } from './fields';
import { repositorySpecSchema } from './repositorySpec';
import { sshSchema, type SshSpec } from './sshSpec';
import { versionSchema } from './version';
import { runWebhookSchema } from './webhooks';
import { hostPort } from './hostPort';

export { secretReference } from './fields';
export { sshSchema, type SshSpec } from './sshSpec';

export const serviceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('systemd'), unit: name.default('zookeeper') }),
  z.strictObject({
    kind: z.literal('script'),
    path: absolutePath.describe('takes start, stop, status, mask or unmask as its only argument'),
  }),
  z.strictObject({
    kind: z.literal('commands'),
    start: command,
    stop: command,
    status: command.describe('exit 0: running, 3: stopped; may print "pid N"'),
    mask: command.optional().describe('keeps anything else from starting it until unmask'),
    unmask: command.optional(),
  }),
]);

const sha512 = z
  .string()
  .regex(/^[0-9a-f]{128}$/i, { error: 'expected a SHA-512, 128 hex digits' });

export const packageSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tarball'),
    root: absolutePath.describe('directory on the server that holds one directory a version'),
    current: absolutePath.describe('symbolic link to the version in use, switched atomically'),
    source: z.union([
      z.strictObject({ directory: absolutePath.describe('on the worker: holds the archives') }),
      z.strictObject({
        url: z.string().max(2048).describe('fetched by the server; {version} is replaced'),
      }),
    ]),
    archive: z.string().max(255).default('apache-zookeeper-{version}-bin.tar.gz'),
    sha512: z
      .record(versionSchema, sha512)
      .default({})
      .describe('by version; without an entry the file <archive>.sha512 beside the archive counts'),
  }),
  z.strictObject({
    kind: z.literal('apt'),
    name: name.default('zookeeper'),
    version: z
      .string()
      .max(128)
      .default('{version}')
      .describe('package version for a ZooKeeper version, e.g. {version}-1'),
  }),
  z.strictObject({
    kind: z.literal('rpm'),
    name: name.default('zookeeper'),
    version: z.string().max(128).default('{version}'),
  }),
  z.strictObject({
    kind: z.literal('commands'),
    installed: command.describe('prints the installed version'),
    stage: command.optional().describe('brings {version} onto the server without installing it'),
    install: command.describe(
      'installs {version}, older or newer than the present one; starts nothing',
    ),
  }),
]);

export const directoriesSchema = z.strictObject({
  config: absolutePath.describe('holds zoo.cfg'),
  data: absolutePath.optional().describe('defaults to dataDir of zoo.cfg'),
  dataLog: absolutePath.optional().describe('defaults to dataLogDir of zoo.cfg'),
  state: absolutePath
    .default('/var/lib/zkferry')
    .describe('lock, fence token and saved configurations'),
  backup: absolutePath
    .default('/var/backups/zkferry')
    .describe('copies of the data made before a run touches it'),
});

export const adminServerSchema = z.strictObject({
  port: port.default(8080),
  auth: secretReference.describe('user:password with all permissions on the root znode'),
});

export const quorumSchema = z.strictObject({
  tls: z
    .strictObject({
      ca: secretReference.describe("PEM of who signed the servers' certificates"),
      certificate: secretReference.optional().describe('PEM of the certificate to show there'),
      key: secretReference.optional().describe('PEM of its key'),
      verifyHost: z
        .boolean()
        .default(true)
        .describe('false: a certificate that names another host will do'),
    })
    .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
      error: 'expected certificate and key, or neither',
    })
    .optional(),
  sasl: secretReference.optional().describe('user:password for DIGEST-MD5'),
});

const serverDefaults = {
  ssh: sshSchema.partial(),
  service: serviceSchema,
  package: packageSchema,
  directories: directoriesSchema.partial(),
  javaHome: absolutePath,
};

export const serverSchema = z.strictObject({
  name,
  id: z.int().min(0).max(255),
  host,
  clientPort: port.default(2181),
  quorumPort: port.optional().describe('of a spare, once it is a member; default 2888'),
  electionPort: port.optional().describe('of a spare, once it is a member; default 3888'),
  role: z.enum(['participant', 'observer']).default('participant'),
  spare: z.boolean().default(false).describe('known, but not a member yet'),
  ssh: serverDefaults.ssh.optional(),
  service: serverDefaults.service.optional(),
  package: serverDefaults.package.optional(),
  directories: serverDefaults.directories.optional(),
  javaHome: serverDefaults.javaHome.optional(),
});

export const ensembleSchema = z
  .strictObject({
    site: name.optional().describe('activities go to the task queue zkferry.<site>'),
    repository: name
      .optional()
      .describe(
        'of this inventory: where a rolling upgrade backs up to before it touches anything; without it the data of one server are copied beside them',
      ),
    clients: z
      .array(name)
      .max(10_000)
      .default([])
      .describe('of this inventory: who is redirected when the ensemble moves, in this order'),
    servers: z.array(serverSchema).min(1).max(64),
    ssh: serverDefaults.ssh.default({}).describe('for every server that does not say otherwise'),
    service: serverDefaults.service.optional(),
    package: serverDefaults.package.optional(),
    directories: serverDefaults.directories.default({}),
    javaHome: serverDefaults.javaHome.optional(),
    auth: z
      .array(
        z.strictObject({
          scheme: z.enum(['digest']),
          secret: secretReference.describe('user:password'),
        }),
      )
      .max(8)
      .default([])
      .describe('credentials zkferry adds to its own sessions'),
    tls: z
      .strictObject({
        ca: secretReference,
        certificate: secretReference.optional(),
        key: secretReference.optional(),
      })
      .optional(),
    quorum: quorumSchema
      .optional()
      .describe('what the quorum ports demand of a learner: for reading the tree'),
    adminServer: adminServerSchema
      .optional()
      .describe(
        'of every member, 3.9 or later: for bases where neither quorum port nor files can be reached',
      ),
    znodeRoot: z
      .string()
      .regex(/^(\/[^/\0]+)+$/, { error: 'expected a znode path such as /zkferry' })
      .default(DEFAULT_ZNODE_ROOT),
    hooks: z
      .strictObject({
        drain: command
          .optional()
          .describe(
            'run on the server before it is stopped, e.g. to take it out of a load balancer',
          ),
        redirect: command
          .optional()
          .describe(
            'run on a server that has left the ensemble, before it is stopped, to lead its clients to the others; {members} is their connect string',
          ),
        undrain: command.optional().describe('run on the server after it serves again'),
        timeoutMs: z.int().min(1000).max(3_600_000).default(60_000),
      })
      .optional(),
    gates: z
      .strictObject({
        required: z
          .array(z.enum(GATES))
          .default(['start'])
          .describe('gates no input can switch off'),
      })
      .default({ required: ['start'] }),
    approvals: z
      .partialRecord(z.enum(GATES), approvalPolicySchema)
      .default({})
      .describe('by gate, who must approve; a gate named here can be switched off by no input'),
    webhooks: z
      .array(name)
      .max(20)
      .default([])
      .describe('of this inventory: what is told of runs of this ensemble'),
    margin: z
      .int()
      .min(0)
      .max(31)
      .default(0)
      .describe('synced voters that must remain beyond the quorum while one server is down'),
  })
  .superRefine((ensemble, context) => {
    for (const field of ['name', 'id'] as const) {
      const seen = new Map<string | number, number>();
      ensemble.servers.forEach((server, index) => {
        const before = seen.get(server[field]);
        if (before !== undefined) {
          context.addIssue({
            code: 'custom',
            path: ['servers', index, field],
            message: `two servers claim the ${field} ${JSON.stringify(server[field])} (also servers.${before})`,
          });
        }
        seen.set(server[field], index);
      });
    }
    const addresses = new Map<string, number>();
    ensemble.servers.forEach((server, index) => {
      const address = hostPort(server.host, server.clientPort);
      const before = addresses.get(address);
      if (before !== undefined) {
        context.addIssue({
          code: 'custom',
          path: ['servers', index, 'host'],
          message: `two servers claim the address ${address} (also servers.${before})`,
        });
      }
      addresses.set(address, index);
    });
  });

export const inventorySchema = z.strictObject({
  ensembles: z.record(name, ensembleSchema).default({}),
  repositories: z
    .record(name, repositorySpecSchema)
    .default({})
    .describe('where backups are kept, by name'),
  clients: z
    .record(name, clientSchema)
    .default({})
    .describe('who uses ensembles, and how each is led to other servers, by name'),
  webhooks: z.record(name, runWebhookSchema).default({}).describe('what is told of runs, by name'),
});

/** One that has ensembles; another file of the directory may have repositories or clients alone. */
export type InventoryInput = z.input<typeof inventorySchema> & {
  ensembles: Record<string, EnsembleSpecInput>;
};
export type Inventory = z.output<typeof inventorySchema>;
export type EnsembleSpecInput = z.input<typeof ensembleSchema>;
export type EnsembleSpec = z.output<typeof ensembleSchema>;
export type ServiceSpec = z.output<typeof serviceSchema>;
export type PackageSpec = z.output<typeof packageSchema>;
export type QuorumSpec = z.output<typeof quorumSchema>;
export type DirectoriesSpec = z.output<typeof directoriesSchema>;

export const ensembleName = name;

/** An inventory name, or, where the worker allows it (the lab does), the ensemble itself. */
export const ensembleRefSchema = z.union([name, ensembleSchema]);
export type EnsembleRef = z.output<typeof ensembleRefSchema>;

/** One server with every default applied: what adapters work with. */
export interface ResolvedServer {
  ensemble: string;
  name: string;
  id: number;
  host: string;
  clientPort: number;
  /** Of a spare, once it is a member; a member's own list says where it is reached. */
  quorumPort?: number;
  electionPort?: number;
  role: 'participant' | 'observer';
  spare: boolean;
  /** Absent where the inventory gives no SSH access (observation over the client port only). */
  ssh?: SshSpec & { host: string };
  service?: ServiceSpec;
  package?: PackageSpec;
  directories?: DirectoriesSpec;
  javaHome?: string;
}

/** One ensemble with every default applied. Holds secret references, never secrets. */
export interface ResolvedEnsemble extends Omit<
  EnsembleSpec,
  'servers' | 'ssh' | 'service' | 'package' | 'directories' | 'javaHome'
> {
  name: string;
  servers: ResolvedServer[];
}
