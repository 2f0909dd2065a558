/** The ensemble as a whole: quorum, margin, sessions, who else may change it. */
import type { EnsembleFacts, Finding } from '../../model/facts';
import { FENCED_HINT, fencedServers, isFenced } from '../fence/fenced';
import { error, info, warning } from '../findings';
import { lockFindings } from '../lockFindings';
import { fullMargin, isServing, isStandalone, leaderOf, settingOf, treeOf } from '../members';
import { SESSION_NEEDS_MS } from '../measured';
import type { PreflightInput } from '../preflight';

export function ensembleFindings(facts: EnsembleFacts, input: PreflightInput): Finding[] {
  return [
    ...lockFindings(facts),
    ...quorumFindings(facts, input.margin),
    ...servingFindings(facts),
    ...sessionFindings(facts),
    ...canaryFindings(facts),
    ...reconfigFindings(facts),
    ...zxidFindings(facts),
  ];
}

function quorumFindings(facts: EnsembleFacts, margin: number): Finding[] {
  const seen = `${facts.syncedVoters} of ${facts.voters} voters are synced, ${facts.quorumSize} make a quorum`;
  if (isStandalone(facts))
    return [
      error('Standalone', 'the ensemble is a single server: its restart stops the service', {
        hint: 'grow it to three servers first; then it can be upgraded without an outage',
      }),
    ];
  const fenced = fencedServers(facts.servers);
  if (fenced.length > 0)
    return [
      error(
        'ServerFenced',
        `${fenced.join(', ')} ${fenced.length === 1 ? 'is' : 'are'} closed to clients by zkferry's own fence`,
        { hint: FENCED_HINT },
      ),
    ];
  if (facts.quorumMargin < 0 || leaderOf(facts) === undefined)
    return [
      error('QuorumLost', `no synced quorum with a leader: ${seen}`, {
        hint: 'bring servers back until the ensemble serves, then plan again',
      }),
    ];
  const spare = fullMargin(facts) - 1;
  if (spare < margin)
    return [
      error(
        'NoMargin',
        `${facts.voters} voters leave ${spare < 0 ? 'no quorum' : `${spare} synced voter(s) beyond the quorum`} while one restarts; ${margin} must remain`,
        {
          hint:
            facts.voters === 2
              ? 'two voters tolerate no restart: add a third first'
              : 'add voters, or lower the margin in the inventory',
        },
      ),
    ];
  if (facts.quorumMargin - 1 < margin)
    return [
      warning(
        'MarginMissing',
        `${seen}: a serving voter may be restarted only once those that don't serve are back`,
        { hint: 'they are upgraded first; if they do not come back, the run stops there' },
      ),
    ];
  return [];
}

const servingFindings = (facts: EnsembleFacts): Finding[] =>
  facts.servers
    .filter((server) => !isServing(server) && !isFenced(server))
    .map(({ server, state, stateDetail }) =>
      warning(
        'ServerDown',
        `${server} is ${state}${stateDetail ? ` (${stateDetail})` : ''}: it is upgraded first, and the run goes on once it serves`,
        { server, hint: 'mend it before the upgrade if the cause is not its version' },
      ),
    );

/** The servers name sessions that are connected, where they answer at all; the tree has every one. */
function sessionFindings(facts: EnsembleFacts): Finding[] {
  const smallest = Math.min(
    facts.sessions?.smallestTimeoutMs ?? Infinity,
    treeOf(facts)?.sessions.shortestMs ?? Infinity,
  );
  if (smallest >= SESSION_NEEDS_MS) return [];
  return [
    warning(
      'SessionsTooShort',
      `a session has a timeout of ${smallest} ms; a leader change may keep clients out for ${SESSION_NEEDS_MS} ms`,
      { hint: `give clients session timeouts of at least ${SESSION_NEEDS_MS} ms` },
    ),
  ];
}

/** A canary is written only after gate `start`; where one was tried earlier and failed, that counts. */
const canaryFindings = ({ canary }: EnsembleFacts): Finding[] =>
  canary === undefined || canary.committed
    ? []
    : [
        error(
          'CanaryFailed',
          `a canary write was not committed: ${canary.error ?? 'no reason given'}`,
          {
            hint: 'the ensemble must commit writes before any server is stopped',
          },
        ),
      ];

function reconfigFindings(facts: EnsembleFacts): Finding[] {
  const enabled =
    facts.reconfigEnabled ??
    facts.servers.some((server) => settingOf(server, 'reconfigEnabled') === 'true');
  return enabled
    ? [
        info(
          'ReconfigEnabled',
          `dynamic reconfiguration is on${facts.configVersion ? ` (configuration version ${facts.configVersion})` : ''}: the run stops where somebody changes members meanwhile`,
        ),
      ]
    : [];
}

/** At 2³² transactions an epoch ends and the ensemble elects by itself. */
const ZXID_COUNTER_NEAR_END = 0xf000_0000n;

function zxidFindings(facts: EnsembleFacts): Finding[] {
  const counters = facts.servers.flatMap(({ zxid }) =>
    zxid !== undefined && /^0x[0-9a-f]{1,16}$/i.test(zxid) ? [BigInt(zxid) & 0xffff_ffffn] : [],
  );
  return counters.some((counter) => counter >= ZXID_COUNTER_NEAR_END)
    ? [
        warning(
          'ZxidNearRollover',
          'the epoch is nearly full of transactions: the ensemble will soon elect a leader by itself',
          { hint: 'the leader restart of the upgrade begins a new epoch and so settles it' },
        ),
      ]
    : [];
}
