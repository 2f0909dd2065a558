/** What would make the way back lose something, or impossible. */
import type { EnsembleFacts, Finding } from '../../model/facts';
import { compareVersions } from '../../model/version';
import { error, info, warning } from '../findings';
import { foundNewFormat, leavesOldFormat } from '../gates';
import { settingOf, versionOfServer } from '../members';
import type { PreflightInput } from '../preflight';

export function wayBackFindings(facts: EnsembleFacts, input: PreflightInput): Finding[] {
  return [
    ...compressionFindings(facts, input),
    ...newFormatFindings(facts, input),
    ...extendedTypesFindings(facts),
    ...firstSnapshotFindings(facts, input),
    ...quorumSaslFindings(facts),
  ];
}

const startsBelow = (facts: EnsembleFacts, version: string): boolean =>
  facts.servers.some((server) => {
    const own = versionOfServer(server);
    return own !== undefined && compareVersions(own, version) < 0;
  });

/** Below 3.6 a compressed snapshot is passed over as if it were not there: a 3.5 server died of it (measured). */
function compressionFindings(facts: EnsembleFacts, { hops }: PreflightInput): Finding[] {
  const blind = hops.find(({ to }) => compareVersions(to, '3.6.0') < 0)?.to;
  const has = facts.servers.filter(({ host }) => host?.data?.hasGzSnapshots);
  if (blind !== undefined && has.length > 0)
    return has.map(({ server }) =>
      error(
        'CompressedSnapshots',
        `${server} has compressed snapshots, and the way leads through ${blind}, which passes them over: it would not start, or serve older data`,
        {
          server,
          hint: 'let the server write an uncompressed snapshot, and move the compressed ones away',
        },
      ),
    );
  if (!startsBelow(facts, '3.6.0')) return [];
  return facts.servers
    .filter(
      (server) =>
        has.includes(server) ||
        server.host?.jvmFlags?.some((flag) =>
          flag.startsWith('-Dzookeeper.snapshot.compression.method='),
        ),
    )
    .map(({ server }) =>
      warning(
        'CompressedSnapshots',
        `${server} has or would write compressed snapshots: no release below 3.6 can read them, so there is no way back once it wrote one`,
        {
          server,
          hint: 'take snapshot.compression.method out of the JVM flags until the upgrade is final',
        },
      ),
    );
}

/** Only where an upgrade goes on that others began: 3.4 itself makes no such nodes. */
function newFormatFindings(facts: EnsembleFacts, { hops }: PreflightInput): Finding[] {
  const crossing = hops.find(({ from, to }) => leavesOldFormat(from, to));
  const found = crossing && foundNewFormat(facts);
  return found === undefined
    ? []
    : [
        warning(
          'NoWayBackBelow35',
          `${found}: ${crossing!.from} dies on the transactions that made them, or deletes them silently, so there is no way back from the start`,
          {
            hint: 'go forward only, or start once they are deleted and every log of then is purged',
          },
        ),
      ];
}

/** Without it a server silently deletes TTL nodes (measured on 3.8.4 and 3.9.4). */
function extendedTypesFindings(facts: EnsembleFacts): Finding[] {
  const known = facts.servers.filter(({ host }) => host?.jvmFlags !== undefined);
  const on = known.filter((server) => settingOf(server, 'extendedTypesEnabled') === 'true');
  if (on.length === 0) return [];
  const off = known.filter((server) => !on.includes(server)).map(({ server }) => server);
  if (off.length === 0)
    return [info('ExtendedTypesEnabled', 'extendedTypesEnabled is on everywhere and carried over')];
  return [
    error(
      'ExtendedTypesDiffer',
      `extendedTypesEnabled is on for ${on.map(({ server }) => server).join(', ')}, but not for ${off.join(', ')}: a leader without it deletes TTL nodes`,
      { hint: 'give all servers the same value first' },
    ),
  ];
}

function firstSnapshotFindings(facts: EnsembleFacts, input: PreflightInput): Finding[] {
  const leaves34 = input.hops.some(
    ({ from, to }) => compareVersions(from, '3.5.0') < 0 && compareVersions(to, '3.5.0') >= 0,
  );
  if (!leaves34) return [];
  return facts.servers
    .filter((server) => server.host?.data?.snapshotCount === 0)
    .map(({ server }) =>
      info(
        'NoSnapshot',
        `${server} has no snapshot on disk: its first start on 3.5+ gets snapshot.trust.empty`,
        {
          server,
          hint: 'better, where you can: let 3.4 write one first (it does after snapCount transactions)',
        },
      ),
    );
}

function quorumSaslFindings(facts: EnsembleFacts): Finding[] {
  const using = facts.servers.filter(
    (server) => settingOf(server, 'quorum.auth.enableSasl')?.toLowerCase() === 'true',
  );
  if (using.length === 0) return [];
  const open = using.filter(
    (server) => settingOf(server, 'quorum.auth.serverRequireSasl')?.toLowerCase() !== 'true',
  );
  return open.length === 0
    ? [info('QuorumSasl', 'quorum SASL is on and required: its JAAS settings are carried over')]
    : [
        info(
          'QuorumSaslNotRequired',
          `quorum SASL is on but not required by ${open.map(({ server }) => server).join(', ')}: a server without credentials can still join (measured)`,
          { hint: 'set quorum.auth.serverRequireSasl=true once all servers authenticate' },
        ),
      ];
}
