/** Dashboard, alert rules and documentation name metrics that are exported, with labels that they have. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { SERVER_METRICS, WORKER_METRICS, type MetricSpec } from '../../../src/model/metricNames';

const ROOT = join(__dirname, '..', '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const METRICS: Record<string, MetricSpec> = { ...WORKER_METRICS, ...SERVER_METRICS };

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { h: number; w: number; x: number; y: number };
  targets?: { expr: string; refId: string; legendFormat: string }[];
}
const dashboard = JSON.parse(read('deploy/grafana/zkferry.json')) as {
  panels: Panel[];
  templating: { list: { name: string; query: unknown }[] };
};
interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}
const rules = (
  parse(read('deploy/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }
).groups.flatMap(({ rules: each }) => each);

const expressions: [string, string][] = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, expr]),
  ),
  ...dashboard.templating.list
    .filter(({ name }) => name !== 'datasource')
    .map(({ name, query }): [string, string] => [`variable ${name}`, JSON.stringify(query)]),
  ...rules.map(({ alert, expr }): [string, string] => [alert, expr]),
];

/** Of a histogram three are exported. */
function metricOf(name: string): MetricSpec | undefined {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return METRICS[name] ?? (METRICS[base]?.kind === 'histogram' ? METRICS[base] : undefined);
}

test.each(expressions)('%s asks for metrics and labels that there are: %s', (_, expression) => {
  const named = [...expression.matchAll(/\b(zkferry_\w+)(?:\{([^}]*)\})?/g)];
  for (const [, name, matchers = ''] of named) {
    const metric = metricOf(name!);
    expect([name, metric !== undefined]).toEqual([name, true]);
    const matched = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map((match) => match[1]!);
    expect(metric!.labels).toEqual(expect.arrayContaining(matched));
  }
  if (named.length === 0) expect(expression).toContain('up{job="zkferry-server"}');
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) =>
    match[1]!.split(',').map((label) => label.trim()),
  );
  const known = named.flatMap(([, name]) => [...metricOf(name!)!.labels, 'le']);
  expect(known).toEqual(expect.arrayContaining(grouped));
  const open = expression.replace(/"[^"]*"/g, '""');
  for (const [left, right] of ['()', '{}', '[]'])
    expect(open.split(left!).length).toBe(open.split(right!).length);
});

test('counters are asked for their increase, and nothing else is', () => {
  for (const [, expression] of expressions)
    for (const [, around, name] of expression.matchAll(/(\w+)\((zkferry_\w+)/g))
      if (around === 'rate' || around === 'increase')
        expect([name, metricOf(name!)!.kind]).not.toEqual([name, 'gauge']);
});

test('panels do not overlap and have numbers of their own', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
    Array.from({ length: h * w }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
});

test('legends and summaries name labels that their metrics have', () => {
  const labelsIn = (text: string) =>
    [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map((match) => match[1]!);
  const of = (expression: string) =>
    [...expression.matchAll(/\bzkferry_\w+/g)].flatMap(([name]) => [...metricOf(name)!.labels]);
  for (const { targets = [] } of dashboard.panels)
    for (const { expr, legendFormat } of targets)
      expect(of(expr)).toEqual(expect.arrayContaining(labelsIn(legendFormat)));
  for (const { expr, annotations } of rules)
    expect(of(expr)).toEqual(
      expect.arrayContaining(labelsIn(`${annotations.summary} ${annotations.description}`)),
    );
});

describe('docs/observability.md', () => {
  const page = read('docs/observability.md');
  const rows = [...page.matchAll(/^\| `(zkferry_\w+)` *\| (\w+) *\| ([^|]*)\|/gm)].map(
    ([, name, kind, labels]) => [
      name!,
      kind!,
      [...labels!.matchAll(/`(\w+)`/g)].map((match) => match[1]!).join(),
    ],
  );

  test('lists every metric with its kind and labels', () => {
    expect(rows).toEqual(
      Object.entries(METRICS).map(([name, { kind, labels }]) => [name, kind, labels.join()]),
    );
  });

  test('lists every alert', () => {
    const listed = [...page.matchAll(/^\| `(Zkferry\w+)` *\|/gm)].map((match) => match[1]!);
    expect(listed).toEqual(rules.map(({ alert }) => alert));
  });
});

test('the example of what to scrape names the job that the rules rely on, and the rules', () => {
  const { scrape_configs: jobs, rule_files: files } = parse(
    read('deploy/prometheus/prometheus.yml'),
  ) as { scrape_configs: { job_name: string }[]; rule_files: string[] };
  expect(jobs.map(({ job_name: name }) => name)).toEqual(['zkferry-server', 'zkferry-worker']);
  expect(files).toEqual(['alerts.yml']);
});
