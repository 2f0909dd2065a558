/** Settings that both sides have differently, where both have any. Of a stretch none: its servers are given the old ones'. */
import type { EnsembleFacts, ServerFacts } from '../../../model/facts';
import type { ManualChange } from '../../../model/migrationAdvice';

/** Of one server or its place, or changed by every installation. */
const OWN_SETTING =
  /^(server|group|weight)\.|^(dataDir|dataLogDir|dynamicConfigFile|peerType|clientPortAddress|secureClientPortAddress|clientPort|secureClientPort|quorumListenOnAllIPs|initialConfig)$|^(admin\.server|metricsProvider\.http|ssl\.(quorum\.)?(key|trust)Store)/;

const SUPER_DIGEST = 'zookeeper.DigestAuthenticationProvider.superDigest';
const MAX_BUFFER = 'jute.maxbuffer';

/** JVM flags that change what a server grants, takes or keeps; not where it logs. */
const FLAG = /^-D(zookeeper\.[^=]+|jute\.maxbuffer|readonlymode\.enabled)(?:=(.*))?$/;
const OWN_FLAG = /^zookeeper\.(log|root\.logger|console|jmx|admin\.server|authProvider\.)/;
const SECRET = /pass|secret|superDigest/i;

const WHY: Record<string, string> = {
  [SUPER_DIGEST]: 'whoever administers the old side by it cannot do so on the new one',
  [MAX_BUFFER]: 'a larger znode or reply than the new side takes is refused there',
  reconfigEnabled: 'members of the new side are changed by files, or no more by files',
  tickTime: 'session timeouts that are granted, and the limits counted in ticks, change',
  maxSessionTimeout: 'clients are granted other session timeouts',
  minSessionTimeout: 'clients are granted other session timeouts',
  extendedTypesEnabled: 'without it nodes with a time to live are deleted',
};

type Settings = ReadonlyMap<string, string>;

export function differingSettings(source: EnsembleFacts, target: EnsembleFacts): ManualChange[] {
  const sides = [source.servers, target.servers] as const;
  return [
    ...differing('zoo.cfg', sides.map(configOf), target.ensemble),
    ...differing('JVM flags', sides.map(flagsOf), target.ensemble),
  ];
}

function differing(
  file: string,
  [old, fresh]: (Settings | undefined)[],
  target: string,
): ManualChange[] {
  if (old === undefined || fresh === undefined) return [];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .sort()
    .filter((name) => old.get(name) !== fresh.get(name))
    .map((name) => ({
      what: differenceOf(name, old, fresh),
      where: `${file} of ${target}`,
      why: WHY[name] ?? 'the new side would behave otherwise; make them equal unless it is meant',
    }));
}

/** Values of secrets are compared, and never shown. */
function differenceOf(name: string, old: Settings, fresh: Settings): string {
  if (SECRET.test(name) && old.has(name) && fresh.has(name)) return `${name}: not the same`;
  return `${name}: ${valueOf(name, old)} on the old side, ${valueOf(name, fresh)} on the new`;
}

const valueOf = (name: string, settings: Settings): string =>
  settings.has(name) ? (SECRET.test(name) ? 'set' : settings.get(name) || 'set') : 'not set';

/** What all of a side's servers that were looked at say alike; absent where none was. */
function commonOf(each: readonly Settings[]): Settings | undefined {
  const [first, ...others] = each;
  if (first === undefined) return undefined;
  return new Map(
    [...first].filter(([name, value]) => others.every((other) => other.get(name) === value)),
  );
}

const configOf = (servers: readonly ServerFacts[]): Settings | undefined =>
  commonOf(
    servers.flatMap(({ host }) =>
      host?.config === undefined
        ? []
        : [
            new Map(
              Object.entries(host.config.settings).filter(([name]) => !OWN_SETTING.test(name)),
            ),
          ],
    ),
  );

const flagsOf = (servers: readonly ServerFacts[]): Settings | undefined =>
  commonOf(
    servers.flatMap(({ host }) =>
      host?.jvmFlags === undefined
        ? []
        : [
            new Map(
              host.jvmFlags.flatMap((flag): [string, string][] => {
                const [, name, value = ''] = FLAG.exec(flag) ?? [];
                if (name === undefined || OWN_FLAG.test(name)) return [];
                return [[name, value]];
              }),
            ),
          ],
    ),
  );
