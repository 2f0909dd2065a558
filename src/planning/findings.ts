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

export const hasErrors = (findings: readonly Finding[]): boolean =>
  findings.some(({ severity }) => severity === 'error');

/** `12.3 MB` (decimal, as disk sizes are given). */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return `${value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} MB`;
}
