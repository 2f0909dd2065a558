/** What is asked of an open page: its accessibility, what it complained about, where the focus is. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

/** Written as text: it runs in the page, whose globals this program does not have. */
const WATCH_POLICY = `
  globalThis.policyViolations = [];
  document.addEventListener('securitypolicyviolation', (event) =>
    globalThis.policyViolations.push(event.violatedDirective + ' ' + event.blockedURI));
`;

const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export interface Watched {
  /** Errors on the page's console and uncaught ones, but for answers that are no success. */
  readonly errors: string[];
}

export async function watch(page: Page): Promise<Watched> {
  const errors: string[] = [];
  page.on('console', (message) => {
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (['error', 'warning'].includes(message.type()) && !isAnswer) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.addInitScript(WATCH_POLICY);
  return { errors };
}

export const policyViolations = (page: Page): Promise<string[]> =>
  page.evaluate('globalThis.policyViolations');

/** What axe finds serious or critical, with where. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate<{
    violations: {
      id: string;
      impact: string;
      nodes: { target: string[]; failureSummary: string }[];
    }[];
  }>(`axe.run(document, { resultTypes: ['violations'] })`);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} (${failureSummary})`).join('; ')}`,
    );
}

/** `BUTTON Approve…`, of what has the focus. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate(
    `(({ tagName, innerText, ariaLabel }) => tagName + ' ' + (ariaLabel ?? innerText ?? '').slice(0, 60))(document.activeElement)`,
  );

/** Shows the second of each pair where the first stands, until the page draws it anew. */
export const sayInstead = (
  page: Page,
  pairs: readonly (readonly [string, string])[],
): Promise<void> =>
  page.evaluate(`((pairs) => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
      for (const [text, instead] of pairs)
        walker.currentNode.data = walker.currentNode.data.replaceAll(text, instead);
  })(${JSON.stringify(pairs)})`);
