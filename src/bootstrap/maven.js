'use strict';
/** ZooKeeper's jars from a Maven repository, in the versions that release's own parent pom manages. */
const fs = require('node:fs');
const path = require('node:path');
const { runOrThrow, say } = require('./commands');

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const MAVEN_TIMEOUT_MS = 10 * 60_000;
/** Patch releases to look back for a parent pom. */
const MAX_STAND_INS = 3;

/** `[major, minor, patch]` of `3.9.6`. */
const numbersOf = (version) => version.split('.').map(Number);

/**
 * What a server needs beside the jar's own runtime dependencies, which declares these `provided` or
 * `optional`: without metrics-core and snappy-java a server from 3.6 on does not start, without Jetty and
 * Jackson its AdminServer doesn't, without a binding it logs nothing.
 */
function companionsOf(version) {
  const [, minor] = numbersOf(version);
  if (minor < 5) return [];
  return [
    ['commons-cli', 'commons-cli'],
    ['org.eclipse.jetty', 'jetty-server'],
    ['org.eclipse.jetty', 'jetty-servlet'],
    ['com.fasterxml.jackson.core', 'jackson-databind'],
    ...(minor >= 6
      ? [
          ['io.dropwizard.metrics', 'metrics-core'],
          ['org.xerial.snappy', 'snappy-java'],
        ]
      : []),
    ...(minor >= 8
      ? [['ch.qos.logback', 'logback-classic']]
      : [
          ['org.slf4j', 'slf4j-reload4j'],
          ['ch.qos.reload4j', 'reload4j'],
        ]),
  ];
}

/** The jar's own runtime dependencies, for when its pom can't be read because its parent is not to be had. */
const RUNTIME_DEPENDENCIES = [
  ['org.apache.yetus', 'audience-annotations'],
  ['io.netty', 'netty-handler'],
  ['io.netty', 'netty-transport-native-epoll', 'linux-x86_64'],
  ['org.slf4j', 'slf4j-api'],
  ['commons-io', 'commons-io'],
];

const HEAD =
  '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>zkferry</groupId><version>1</version><packaging>pom</packaging>';

const dependency = ([group, artifact, classifier], version) =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
  (version ? `<version>${version}</version>` : '') +
  (classifier ? `<classifier>${classifier}</classifier>` : '') +
  '</dependency>';

const managedBy = (parentVersion) =>
  '<dependencyManagement><dependencies><dependency><groupId>org.apache.zookeeper</groupId>' +
  `<artifactId>parent</artifactId><version>${parentVersion}</version><type>pom</type>` +
  '<scope>import</scope></dependency></dependencies></dependencyManagement>';

const jarsPom = (version, management, extra) =>
  `${HEAD}<artifactId>jars</artifactId>${management}<dependencies>` +
  dependency(['org.apache.zookeeper', 'zookeeper'], version) +
  extra +
  '</dependencies></project>';

/** Copies what the pom in `directory` (or one named by an option) needs at run time. */
function copyDependencies(mvn, directory, into, options = []) {
  return runOrThrow(
    mvn,
    ['-B', '-ntp', '-q', ...options, PLUGIN, '-DincludeScope=runtime', `-DoutputDirectory=${into}`],
    { cwd: directory, timeoutMs: MAVEN_TIMEOUT_MS },
  );
}

/** `group:artifact` of each companion the release's parent has no version for: Maven names them when it reads the pom. */
const unmanagedIn = (error) =>
  new Set(
    [
      ...String(error.output).matchAll(
        /'dependencies\.dependency\.version' for ([^:\s]+:[^:\s]+):/g,
      ),
    ].map((match) => match[1]),
  );

async function copyAsPublished(mvn, version, work, into) {
  const [, minor] = numbersOf(version);
  const management = minor < 5 ? '' : managedBy(version);
  const attempt = async (companions) => {
    const extra = companions.map((coordinates) => dependency(coordinates)).join('');
    fs.writeFileSync(path.join(work, 'pom.xml'), jarsPom(version, management, extra));
    await copyDependencies(mvn, work, into);
  };
  const companions = companionsOf(version);
  try {
    await attempt(companions);
  } catch (error) {
    const unmanaged = unmanagedIn(error);
    if (unmanaged.size === 0 || parentIsMissing(error, version)) throw error;
    // An early release of its line: it has the library itself (log4j 1.2) or no use for it.
    await attempt(companions.filter(([group, artifact]) => !unmanaged.has(`${group}:${artifact}`)));
  }
}

/**
 * Some mirrors hold a release's jars but not its parent pom, without which Maven reads no dependency. The
 * parent of an earlier patch release manages the same libraries, so it stands in, under the missing
 * one's coordinates and in this build only.
 */
async function copyWithStandIn(mvn, version, work, into, standIn) {
  const extra = [
    dependency(['org.apache.zookeeper', 'zookeeper-jute'], version),
    ...[...RUNTIME_DEPENDENCIES, ...companionsOf(version)].map((item) => dependency(item)),
  ].join('');
  const parent =
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
    `<groupId>org.apache.zookeeper</groupId><artifactId>parent</artifactId><version>${version}</version>` +
    `<packaging>pom</packaging>${managedBy(standIn)}</project>`;
  const modules = `${HEAD}<artifactId>all</artifactId><modules><module>parent</module><module>jars</module></modules></project>`;
  for (const name of ['parent', 'jars']) fs.mkdirSync(path.join(work, name), { recursive: true });
  fs.writeFileSync(path.join(work, 'pom.xml'), modules);
  fs.writeFileSync(path.join(work, 'parent', 'pom.xml'), parent);
  fs.writeFileSync(path.join(work, 'jars', 'pom.xml'), jarsPom(version, managedBy(standIn), extra));
  await copyDependencies(mvn, work, into);
}

const parentIsMissing = (error, version) =>
  String(error.output).includes(`org.apache.zookeeper:parent:pom:${version}`);

/** Maven's first complaints, without the help it appends to each. */
const complaintsOf = (error) =>
  String(error.output ?? error.message)
    .split('\n')
    .filter((line) => line.startsWith('[ERROR]') && /\w/.test(line.slice(7)))
    .slice(0, 3)
    .map((line) => line.slice(7).trim())
    .join(' ') || error.message;

/**
 * Copies the jars a server of `version` needs into the directory `into`; `work` is scratch space. Throws
 * with Maven's own words.
 */
async function copyServerJars(mvn, version, work, into) {
  let failure;
  try {
    return await copyAsPublished(mvn, version, work, into);
  } catch (error) {
    failure = new Error(complaintsOf(error), { cause: error });
    if (!parentIsMissing(error, version)) throw failure;
  }
  const [major, minor, patch] = numbersOf(version);
  for (let earlier = patch - 1; earlier >= Math.max(0, patch - MAX_STAND_INS); earlier -= 1) {
    const standIn = `${major}.${minor}.${earlier}`;
    try {
      await copyWithStandIn(mvn, version, work, into, standIn);
      say(`the repository lacks the parent pom of ${version}: library versions as in ${standIn}`);
      return;
    } catch (error) {
      if (!parentIsMissing(error, standIn)) throw new Error(complaintsOf(error), { cause: error });
    }
  }
  throw failure;
}

module.exports = { complaintsOf, copyDependencies, copyServerJars };
