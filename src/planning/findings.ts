/** Making and joining findings. */
import type { Finding } from '../model/facts';

type Rest = Omit<Finding, 'severity' | 'code' | 'message'>;

export const error = (code: string, message: string, rest: Rest = {}): Finding => ({
  severity: 'error',
  code,
  ...rest,
  message,
});

export const warning = (code: string, message: string, rest: Rest = {}): Finding => ({
  severity: 'warning',
  code,
  ...rest,
  message,
});

export const info = (code: string, message: string, rest: Rest = {}): Finding => ({
  severity: 'info',
  code,
  ...rest,
  message,
});

const RANK = { error: 0, warning: 1, info: 2 } as const;

/** Errors first, then warnings, then infos; the first of equal findings (code, server, message) is kept. */
export function joinFindings(...lists: readonly (readonly Finding[])[]): Finding[] {
  const seen = new Map<string, Finding>();
  for (const finding of lists.flat()) {
    const key = JSON.stringify([finding.code, finding.server ?? '', finding.message]);
    if (!seen.has(key)) seen.set(key, finding);
  }
  return [...seen.values()].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** What is the same on several servers is said once, with their names. */
export function sameOfSeveral(findings: readonly Finding[]): Finding[] {
  const servers = new Map<string, string[]>();
  const keyOf = ({ code, message }: Finding) => `${code} ${message}`;
  for (const finding of findings)
    if (finding.server !== undefined)
      servers.set(keyOf(finding), [...(servers.get(keyOf(finding)) ?? []), finding.server]);
  const said = new Set<string>();
  return findings.flatMap((finding) => {
    const names = servers.get(keyOf(finding)) ?? [];
    if (finding.server === undefined || names.length < 2) return [finding];
    if (said.has(keyOf(finding))) return [];
    said.add(keyOf(finding));
    return [
      {
        ...finding,
        server: undefined,
        message: `${[...names].sort().join(', ')}: ${finding.message}`,
      },
    ];
  });
}

/** Findings made elsewhere that say something new: another code, or the same about another server. */
export function othersBeside(own: readonly Finding[], others: readonly Finding[]): Finding[] {
  const said = new Set(own.map(({ code, server }) => `${code} ${server ?? ''}`));
  // An unreachable host is named by its own error here.
  return others.filter(
    ({ code, server }) => code !== 'HostUnreachable' && !said.has(`${code} ${server ?? ''}`),
  );
}

export const hasErrors = (findings: readonly Finding[]): boolean =>
  findings.some(({ severity }) => severity === 'error');

/** `12.3 MB` (decimal, as disk sizes are given). */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return `${value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} MB`;
}
