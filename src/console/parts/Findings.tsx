/** What a person should know or mend, the gravest first. */
import type { Finding, Severity } from '../../model/facts';

const ORDER: Record<Severity, number> = { error: 0, warning: 1, info: 2 };
const SIGNS: Record<Severity, string> = { error: '✕ error', warning: '! warning', info: 'i note' };

export function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return <p className="dim">Nothing found.</p>;
  const sorted = [...findings].sort((one, other) => ORDER[one.severity] - ORDER[other.severity]);
  return (
    <ul className="findings">
      {sorted.map((finding, index) => (
        <li key={index} className={`finding finding-${finding.severity}`}>
          <span className="finding-sign">{SIGNS[finding.severity]}</span>
          <div>
            {finding.server !== undefined && <strong>{finding.server}: </strong>}
            {finding.message} <code className="dim">{finding.code}</code>
            {finding.hint !== undefined && <p className="finding-hint">{finding.hint}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}
