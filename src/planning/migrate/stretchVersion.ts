/** Whether servers of another release may join those there are, without an upgrade on the way. */
import type { EnsembleFacts, Finding } from '../../model/facts';
import { error } from '../findings';
import { versionOfServer } from '../members';
import { planVersionPath } from '../versionPath';

export function stretchVersionFindings(source: EnsembleFacts, version: string): Finding[] {
  const from = source.servers.flatMap((server) => versionOfServer(server) ?? []);
  if (from.length === 0) return [];
  const { hops, findings } = planVersionPath(from, version);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (hops.length < 2) return errors;
  const path = [hops[0]!.from, ...hops.map(({ to }) => to)].join(' → ');
  return [
    error(
      'VersionsFarApart',
      `servers of ${hops[0]!.from} and ${version} are not known to work in one ensemble: an upgrade goes ${path}`,
      {
        hint: `upgrade to ${hops.at(-1)!.from} first, or stretch without version and upgrade afterwards`,
      },
    ),
  ];
}
