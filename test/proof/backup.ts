/** Hot backups on every release line: under load and faults, and the claims of captures for each kind of place. */
import { join } from 'node:path';
import { createRepository } from '../../src/adapters/repository/openRepository';
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import { createLab, type LabOptions } from '../../src/lab/lab';
import { restoreSteeredCases } from '../backup/cases/restoreSteered';
import { captureClaims } from '../support/captureClaims';
import { PLACES } from '../support/capturePlace';
import { copyObjects } from '../support/damage';
import { damageClaims, fillAnother } from '../support/damageClaims';
import { ENSEMBLE } from '../support/runningCapture';
import {
  fillRepository,
  LONG_MEMORY,
  NO_LOG_SYNC,
  type SmallRepository,
} from '../support/smallRepository';
import { withHarness, type Case } from '../upgrade/cases/types';
import { backupUnderFire, type Fire } from './backupUnderFire';
import { CommandCapturer, WorkflowCapturer } from './capturers';
import { propertyCases } from './properties';

const BY_COMMAND = ['3.4.14', '3.6.4', '3.8.6'];
const BY_WORKFLOW = '3.9.6';

const FIRE: Fire = {
  ...{ durationMs: 300_000, writesPerSecond: 2_000, journaledPerSecond: 500 },
  ...{ kills: 10, leaderKills: 5, outageMs: 30_000, trees: 20 },
};
/** For a look at whether all of it works, in little time. */
const BRIEFLY: Fire = {
  ...{ durationMs: 40_000, writesPerSecond: 1_000, journaledPerSecond: 250 },
  ...{ kills: 2, leaderKills: 1, outageMs: 5_000, trees: 5 },
};

/** Three servers, load, capture and reference share the machine: no waiting for disks, and few threads a server. */
const lean = (name: string, version: string): LabOptions => ({
  ...{ name, version, servers: 3 },
  settings: { tickTime: '1000', initLimit: '20', syncLimit: '10' },
  javaOptions: [
    '-Xmx1g',
    '-Dzookeeper.forceSync=no',
    '-Dzookeeper.nio.numSelectorThreads=1',
    '-Dzookeeper.nio.numWorkerThreads=0',
    '-Dzookeeper.commitProcessor.numWorkerThreads=0',
  ],
});

const described = ({ durationMs, writesPerSecond, kills, leaderKills, outageMs }: Fire): string =>
  `${writesPerSecond} writes/s for ${durationMs / 1_000} s, killed ${kills} times, the leader ${leaderKills} times, the repository away for ${outageMs / 1_000} s`;

const byCommand = (version: string, fire: Fire, name = ''): Case => ({
  name: `${name}captured by the command on ${version}: ${described(fire)}`,
  run: async () => {
    const lab = await createLab(lean('backup-fire', version));
    try {
      await lab.start();
      const place = join(lab.directory, 'proof');
      await createRepository(new DirectoryStore(place), { kind: 'none' });
      const capturer = new CommandCapturer(lab, ENSEMBLE, place);
      await backupUnderFire({ lab, place, ensemble: ENSEMBLE, capturer }, fire);
    } finally {
      await lab.destroy();
    }
  },
});

const byWorkflow = (version: string, fire: Fire, name = ''): Case => ({
  name: `${name}captured by hotBackup on ${version}, workers killed: ${described(fire)}`,
  run: () =>
    withHarness(lean('backup-fire', version), async (harness) => {
      const { lab } = harness;
      const place = join(lab.directory, WorkflowCapturer.repository);
      const capturer = await WorkflowCapturer.of(harness);
      await backupUnderFire({ lab, place, ensemble: lab.name, capturer }, fire);
    }),
});

const claimsOf = (kind: string): Case => ({
  name: `the claims of captures, into ${kind}`,
  run: async () => {
    const options = lean('backup-claims', BY_WORKFLOW);
    const javaOptions = [...options.javaOptions!, LONG_MEMORY];
    const lab = await createLab({ ...options, javaOptions });
    try {
      await lab.start();
      for (const claim of Object.values(captureClaims)) {
        const place = await PLACES[kind]!();
        try {
          await claim({ lab, place });
        } finally {
          await place.close();
        }
      }
    } finally {
      await lab.destroy();
    }
  },
});

/** The matrix of damages, each on a copy. */
const damagesOf = (kind: string): Case => ({
  name: `each kind of object damaged in each way, in ${kind}`,
  run: async () => {
    const made = await PLACES[kind]!();
    const lab = await createLab({
      ...lean('backup-damage', BY_WORKFLOW),
      javaOptions: [NO_LOG_SYNC],
    });
    try {
      let small: SmallRepository;
      try {
        await lab.start();
        small = await fillRepository(lab, made.writing);
      } finally {
        await lab.destroy();
      }
      for (const claim of damageClaims) {
        const [copy, other] = [await PLACES[kind]!(), await PLACES[kind]!()];
        try {
          await copyObjects(made.writing.store, copy.writing.store);
          await fillAnother(other.writing);
          const { store } = copy.writing;
          const open = () => copy.reading();
          await claim.assert({ store, open, another: other.writing.store, small });
        } catch (error) {
          throw new Error(`${claim.kind} ${claim.how}: ${(error as Error).message}`, {
            cause: error,
          });
        } finally {
          await Promise.all([copy.close(), other.close()]);
        }
      }
    } finally {
      await made.close();
    }
  },
});

export const backupCases: Case[] = [
  ...propertyCases({
    'backup/keys': 2_000,
    'backup/restorable': 2_000,
    'backup/leadingBases': 2_000,
    'backup/chooseExtraction': 2_000,
    'backup/retention': 2_000,
  }),
  byCommand(BY_WORKFLOW, BRIEFLY, 'briefly, '),
  byWorkflow(BY_WORKFLOW, BRIEFLY, 'briefly, '),
  byWorkflow(BY_WORKFLOW, FIRE),
  ...BY_COMMAND.map((version) => byCommand(version, FIRE)),
  ...Object.keys(PLACES).map(claimsOf),
  ...Object.keys(PLACES).map(damagesOf),
  ...restoreSteeredCases,
];
