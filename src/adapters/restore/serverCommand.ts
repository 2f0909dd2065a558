/** How a standalone server of an unpacked release is started, so that it serves a tree and changes nothing in it. */
import { createHash } from 'node:crypto';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ZkferryError } from '../../model/errors';

export interface ServerFilesAt {
  /** Where zoo.cfg and the logging configuration lie. */
  config: string;
  data: string;
}

const NEVER_MS = 1_000_000_000;
/** Below, starting takes longer than all that is done afterwards. */
const SMALL_HEAP_BYTES = 1 << 30;

/**
 * `tickTime` is how often sessions are looked after: so long that none ends while the tree is looked at.
 */
export const scratchZooCfg = (data: string, host: string, port: number): string =>
  [
    `tickTime=${NEVER_MS}`,
    'minSessionTimeout=4000',
    'maxSessionTimeout=60000',
    `dataDir=${data}`,
    `clientPortAddress=${host}`,
    `clientPort=${port}`,
    'maxClientCnxns=0',
    'admin.enableServer=false',
    '4lw.commands.whitelist=srvr,mntr',
    'autopurge.purgeInterval=0',
    '',
  ].join('\n');

export const LOGBACK_XML = `<configuration>
  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5p %m%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="CONSOLE"/></root>
</configuration>
`;

export const LOG4J_PROPERTIES = `log4j.rootLogger=WARN, CONSOLE
log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender
log4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout
log4j.appender.CONSOLE.layout.ConversionPattern=%-5p %m%n
`;

/** `JAVA_HOME`'s, or the one on PATH. */
export const javaOf = (javaHome: string | undefined = process.env.JAVA_HOME): string =>
  javaHome === undefined || javaHome === '' ? 'java' : join(javaHome, 'bin', 'java');

/** `credential`: `super:password`, who may then read and administer every node. */
export async function serverArguments(
  releaseDirectory: string,
  config: string,
  { heapBytes, credential }: { heapBytes: number; credential: string },
): Promise<string[]> {
  const jars = await jarsOf(releaseDirectory);
  return [
    `-Xmx${Math.ceil(heapBytes / (1 << 20))}m`,
    ...['-XX:+UseSerialGC', '-XX:-UsePerfData', '-Xshare:auto', '-XX:+ExitOnOutOfMemoryError'],
    ...(heapBytes < SMALL_HEAP_BYTES ? ['-XX:TieredStopAtLevel=1'] : []),
    // Else TTL nodes are deleted as the ephemerals of nobody, and expired ones and empty containers after a minute.
    '-Dzookeeper.extendedTypesEnabled=true',
    `-Dznode.container.checkIntervalMs=${NEVER_MS}`,
    // What the source's servers were told to take is not known.
    `-Djute.maxbuffer=${64 << 20}`,
    '-Dzookeeper.admin.enableServer=false',
    '-Djava.net.preferIPv4Stack=true',
    `-Dzookeeper.DigestAuthenticationProvider.superDigest=${superDigest(credential)}`,
    ...['-cp', [config, ...jars].join(':')],
    'org.apache.zookeeper.server.ZooKeeperServerMain',
    join(config, 'zoo.cfg'),
  ];
}

function superDigest(credential: string): string {
  const digest = createHash('sha1').update(credential).digest('base64');
  return `${credential.split(':', 1)[0]}:${digest}`;
}

/** ArtifactMissing where it is no unpacked release. */
export async function jarsOf(release: string): Promise<string[]> {
  const lists = await Promise.all(
    [release, join(release, 'lib')].map(async (directory) => {
      const names = await readdir(directory).catch(() => []);
      return names.filter((name) => name.endsWith('.jar')).map((name) => join(directory, name));
    }),
  );
  const jars = lists.flat().sort();
  if (jars.some((jar) => /\/zookeeper-\d[^/]*\.jar$/.test(jar))) return jars;
  const why = await access(release).then(
    () => 'has no zookeeper-*.jar, neither in it nor in lib/',
    () => 'is not there',
  );
  throw new ZkferryError(
    'ArtifactMissing',
    `${release} ${why}: name the directory of an unpacked ZooKeeper release`,
  );
}
