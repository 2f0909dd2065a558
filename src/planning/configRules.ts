/**
 * One rule a function: settings that a hop makes necessary, impossible or harmful. Sources: QuorumPeerConfig,
 * ServerCnxn, FileTxnSnapLog and X509Util of the release tags 3.4.14 to 3.9.5, and the administrator's guides.
 */
import type { Finding } from '../model/facts';
import type { ConfigChange } from '../model/plan';
import { atLeast, compareVersions } from '../model/version';
import type { ConfigMigrationInput } from './configMigration';
import { error, warning } from './findings';

export interface RuleContext extends ConfigMigrationInput {
  flags: readonly string[];
  /** zoo.cfg's value, or that of the JVM flag `-Dzookeeper.<name>`. */
  setting: (name: string) => string | undefined;
}

interface RuleOutcome {
  changes?: ConfigChange[];
  findings?: Finding[];
}

type Rule = (context: RuleContext) => RuleOutcome;

const crosses = ({ from, to }: RuleContext, floor: string): boolean =>
  compareVersions(from, floor) < 0 && atLeast(to, floor);

const isTrue = (value: string | undefined): boolean => value?.trim().toLowerCase() === 'true';

const put = (
  setting: string,
  to: string,
  why: string,
  rest: Partial<ConfigChange> = {},
): ConfigChange => ({ file: 'zoo.cfg', setting, to, why, ...rest });

const takeOut = (setting: string, from: string, why: string): ConfigChange => ({
  file: 'zoo.cfg',
  setting,
  from,
  why,
});

/**
 * What 3.4.14 answers when nothing is said: all words but wchc and wchp (ServerCnxn.isEnabled). Not `*`,
 * which would open these two as well: they can stall a server (CVE-2017-5637).
 */
export const WORDS_OF_3_4 =
  'conf, cons, crst, dump, envi, gtmk, isro, mntr, ruok, srst, srvr, stat, stmk, wchs';

const keepWords: Rule = (context) =>
  crosses(context, '3.5.0') && context.setting('4lw.commands.whitelist') === undefined
    ? {
        changes: [
          put(
            '4lw.commands.whitelist',
            WORDS_OF_3_4,
            '3.5+ answers only srvr by default: monitoring, and zkferry (mntr, conf), keep what 3.4 answered; wchc and wchp stay shut. Narrow it when your monitoring allows',
          ),
        ],
      }
    : {};

const noAdminServer: Rule = (context) =>
  crosses(context, '3.5.0') && context.setting('admin.enableServer') === undefined
    ? {
        changes: [
          put(
            'admin.enableServer',
            'false',
            '3.4 had no AdminServer; 3.5+ would open port 8080 on all addresses. Switch it on when you want it',
          ),
        ],
      }
    : {};

const TRUST_EMPTY = 'snapshot.trust.empty';

/** ZOOKEEPER-3781: before these, a follower that starts from logs alone writes no snapshot of its own. */
const WRITES_FIRST_SNAPSHOT = '3.5.9';

const trustEmpty: Rule = (context) => {
  const present = context.setting(TRUST_EMPTY);
  const needed = !context.hasSnapshot && context.hasLogs !== false && atLeast(context.to, '3.5.0');
  if (present !== undefined) {
    return needed || !isTrue(present)
      ? {}
      : {
          findings: [
            warning(
              'TrustEmptyLeft',
              `${TRUST_EMPTY}=true is set though the server has a snapshot: a server that lost its snapshots would start empty, unnoticed`,
              { hint: 'take it out; zkferry leaves what it did not set' },
            ),
          ],
        };
  }
  if (!needed) return {};
  if (atLeast(context.from, '3.5.0')) {
    return {
      findings: [
        error(
          'NoSnapshot',
          `the server has logs but no snapshot; ${context.to} would not start on that`,
          { hint: 'restart it on its present version so that it writes one, then plan again' },
        ),
      ],
    };
  }
  if (compareVersions(context.to, WRITES_FIRST_SNAPSHOT) < 0) {
    return {
      findings: [
        error(
          'NoFirstSnapshot',
          `the server has no snapshot, and a follower on ${context.to} writes none at its start (ZOOKEEPER-3781), so ${TRUST_EMPTY} could never be taken out`,
          { hint: 'choose 3.5.10, or let the 3.4 server write a snapshot first' },
        ),
      ],
    };
  }
  return {
    changes: [
      put(
        TRUST_EMPTY,
        'true',
        'the server has logs but no snapshot, on which 3.5+ refuses to start; for this one start, taken out once it is up',
        { temporary: 'untilServerIsUp' },
      ),
    ],
  };
};

const electionAlgorithm: Rule = (context) => {
  const value = context.settings['electionAlg'];
  return crosses(context, '3.6.0') && value !== undefined && value.trim() !== '3'
    ? {
        findings: [
          error('ElectionAlgUnsupported', `electionAlg=${value}: 3.6+ knows only 3`, {
            hint: 'all servers must use one algorithm: set electionAlg=3 and restart them together first',
          }),
        ],
      }
    : {};
};

const memberPorts: Rule = (context) => {
  if (!crosses(context, '3.5.0')) return {};
  const findings = (context.members ?? [])
    .filter(({ quorumPort, electionPort }) => quorumPort === electionPort)
    .map(({ id, quorumPort }) =>
      error(
        'ElectionPortShared',
        `server.${id} has port ${quorumPort} for quorum and election: 3.5+ refuses that`,
        { hint: 'give each member two ports, on every server, before the upgrade' },
      ),
    );
  for (const [key, value] of Object.entries(context.settings)) {
    if (
      /^server\.\d+$/.test(key) &&
      /^(\[[^\]]+\]|[^:[\]]+)(:\d+)?(:observer)?$/.test(value.trim())
    )
      findings.push(
        error('ElectionPortMissing', `${key}=${value} names no election port: 3.5+ refuses that`, {
          hint: 'write host:quorumPort:electionPort on every server before the upgrade',
        }),
      );
  }
  return { findings };
};

/** Settings the older line ignores and the newer one would act on while versions are mixed. */
const noEarlyMultiAddress: Rule = (context) => {
  const value = context.settings['multiAddress.enabled'];
  return crosses(context, '3.6.0') && isTrue(value)
    ? {
        changes: [
          takeOut(
            'multiAddress.enabled',
            value!,
            'must not be on while 3.5 and 3.6 are mixed (ZOOKEEPER-3720); put it back after the upgrade',
          ),
        ],
      }
    : {};
};

const noEarlyCompression: Rule = (context) => {
  const value = context.settings['snapshot.compression.method'];
  return crosses(context, '3.6.0') && value !== undefined && value.trim() !== ''
    ? {
        changes: [
          takeOut(
            'snapshot.compression.method',
            value,
            '3.5 ignored it, 3.6+ would write compressed snapshots, which 3.5 cannot read on a way back; put it back after the upgrade',
          ),
        ],
      }
    : {};
};

const SINCE_3_5 = [
  'secureClientPort',
  'portUnification',
  'localSessionsEnabled',
  'reconfigEnabled',
] as const;

const sleepingSettings: Rule = (context) => {
  if (!crosses(context, '3.5.0')) return {};
  const findings: Finding[] = [];
  if (isTrue(context.settings['sslQuorum']))
    findings.push(
      error(
        'QuorumTlsWouldStart',
        'sslQuorum=true is ignored by 3.4 and would cut an upgraded server off the others',
        {
          hint: 'take it out; quorum TLS is switched on after the upgrade, through portUnification',
        },
      ),
    );
  for (const name of SINCE_3_5) {
    const value = context.settings[name];
    if (value !== undefined && value.trim().toLowerCase() !== 'false')
      findings.push(
        warning('SettingWakesUp', `${name}=${value} is ignored by 3.4 and acted on by 3.5+`, {
          hint: 'take it out unless that is what you want',
        }),
      );
  }
  return { findings };
};

/** X509Util.FIPS_MODE_DEFAULT is true since 3.9.0; SecurityUtils.createSaslClient then refuses DIGEST-MD5. */
const keepFipsModeOff: Rule = (context) => {
  if (!crosses(context, '3.9.0') || context.setting('fips-mode') !== undefined) return {};
  const sasl = isTrue(context.setting('quorum.auth.enableSasl'));
  const tls = isTrue(context.setting('sslQuorum'));
  if (!sasl && !tls) return {};
  const what = [
    ...(sasl ? ['quorum SASL by DIGEST-MD5'] : []),
    ...(tls ? ['host name checks of quorum TLS'] : []),
  ];
  return {
    changes: [
      put(
        'fips-mode',
        'false',
        `3.9 switches FIPS mode on by default, which ends ${what.join(' and ')}: kept as it was`,
      ),
    ],
  };
};

const ttlOf353: Rule = ({ from, to, setting }) =>
  from === '3.5.3' &&
  compareVersions(to, from) > 0 &&
  isTrue(setting('extendedTypesEnabled')) &&
  !isTrue(setting('emulate353TTLNodes'))
    ? {
        findings: [
          warning(
            'TtlNodesOf353',
            'TTL nodes made by 3.5.3 are misread by later releases (ZOOKEEPER-2901)',
            {
              hint: 'if there are any, add -Dzookeeper.emulate353TTLNodes=true first',
            },
          ),
        ],
      }
    : {};

export const CONFIG_RULES: readonly Rule[] = [
  keepWords,
  noAdminServer,
  trustEmpty,
  electionAlgorithm,
  memberPorts,
  noEarlyMultiAddress,
  noEarlyCompression,
  sleepingSettings,
  keepFipsModeOff,
  ttlOf353,
];
