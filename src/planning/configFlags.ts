/** JVM flags that a newer release no longer reads. They are carried over unchanged; people are told. */
import type { Finding } from '../model/facts';
import { atLeast, compareVersions } from '../model/version';
import { info, warning } from './findings';

interface LostFlag {
  /** Name of the system property. */
  property: string;
  /** First release that no longer reads it. */
  since: string;
  instead: string;
}

/**
 * Found by comparing the property names in the sources of neighbouring release tags. `zookeeper.root.logger`
 * is left out: the start script of 3.7 and older gives it, not the operator.
 */
const LOST_FLAGS: readonly LostFlag[] = [
  {
    property: 'zookeeper.leader.maxConcurrentSnapshots',
    since: '3.6.0',
    instead: 'zookeeper.leader.maxConcurrentSnapSyncs',
  },
  {
    property: 'zookeeper.leader.maxConcurrentSnapshotTimeout',
    since: '3.6.0',
    instead: 'no setting',
  },
  {
    property: 'log4j.configuration',
    since: '3.8.0',
    instead: 'logback.configurationFile',
  },
];

/** One warning a flag; and one note where a hop changes the logging library. */
export function flagFindings(from: string, to: string, flags: readonly string[]): Finding[] {
  const crosses = (floor: string) => compareVersions(from, floor) < 0 && atLeast(to, floor);
  const lost = LOST_FLAGS.filter(({ since }) => crosses(since))
    .filter(({ property }) =>
      flags.some((flag) => flag === `-D${property}` || flag.startsWith(`-D${property}=`)),
    )
    .map(({ property, since, instead }) =>
      warning('FlagNotRead', `-D${property} is not read from ${since} on; it is carried over`, {
        hint: `instead: ${instead}`,
      }),
    );
  const logging = crosses('3.8.0')
    ? [
        info(
          'LoggingChanges',
          '3.8+ logs through logback: log4j.properties stays where it is but is not read; the release brings its own logback.xml',
          { hint: 'carry your own appenders over to logback.xml' },
        ),
      ]
    : [];
  return [...lost, ...logging];
}
