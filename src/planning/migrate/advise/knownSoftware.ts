/** Software that is known by its znodes, and what of it a move must reckon with. Sources: each project's own documentation. */
import type { MigrationMode } from '../../../model/migrationInputs';

export interface KnownSoftware {
  software: string;
  /** Any of these says that it is there; absolute, below its chroot. */
  tells: readonly string[];
  /** Its own too where one of the others is there; alone they may be anybody's. */
  also?: readonly string[];
  means: string;
  harmedBy: readonly MigrationMode[];
}

export const KNOWN_SOFTWARE: readonly KnownSoftware[] = [
  {
    software: 'Kafka',
    tells: ['/brokers/ids'],
    also: ['/controller', '/cluster/id'],
    means:
      "a broker's epoch is the czxid of its znode, which a copy cannot keep: brokers refuse what controllers say",
    harmedBy: ['logical'],
  },
  {
    software: 'HBase',
    tells: ['/hbase'],
    means: 'region servers and masters stop when their sessions end: logical ends all at once',
    harmedBy: [],
  },
  {
    software: 'Solr',
    tells: ['/live_nodes', '/collections'],
    means: 'live nodes are ephemerals: after logical every node must register anew',
    harmedBy: [],
  },
  {
    software: 'ClickHouse',
    tells: ['/clickhouse'],
    means:
      'replicated tables are read-only from the end of a session until the next one: logical ends all at once',
    harmedBy: [],
  },
  {
    software: 'Hadoop HA',
    tells: ['/hadoop-ha', '/rmstore', '/yarn-leader-election'],
    means: 'who is active holds an ephemeral: logical ends it, and a failover may follow',
    harmedBy: [],
  },
  {
    software: 'Pulsar or BookKeeper',
    tells: ['/ledgers', '/managed-ledgers'],
    means: 'bookies and brokers register by ephemerals: after logical every one must do so anew',
    harmedBy: [],
  },
];

export const CURATOR = {
  software: 'Curator recipes',
  means: 'locks, latches and leases are ephemerals: logical ends them for whoever holds one',
};

/** Children that Curator's locks, latches and semaphores make: protection, a UUID, and the recipe's own name. */
const CURATOR_CHILD = /^_c_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-(?:lock|latch|lease)-\d+$/;

export const isCuratorChild = (name: string): boolean => CURATOR_CHILD.test(name);

/** All that is looked for. */
export const KNOWN_PATHS: readonly string[] = KNOWN_SOFTWARE.flatMap(({ tells, also = [] }) => [
  ...tells,
  ...also,
]);

/** `/brokers/ids` → `brokers` */
export const firstName = (path: string): string => path.split('/')[1] ?? '';
