/** An operator with nothing but Temporal's own web UI carries a real ensemble to its next version. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { CONTROL_NAMES, TASK_QUEUE, WORKFLOW_TYPES, type GateName } from '../../src/model/contract';
import type { UpgradeReport } from '../../src/model/status';
import { findBrowser, openBrowser, type Browser } from '../support/browser';
import { Harness, Run } from '../support/harness';
import {
  readCurrentDetails,
  readHandlersShown,
  readWorkflowStatus,
  sendSignalInUi,
  sendUpdateInUi,
  startWorkflowInUi,
  waitForCurrentDetails,
  type WorkflowInUi,
} from '../support/temporalUi';

const MINUTE_MS = 60_000;
const FROM = '3.8.4';
const TO = '3.9.6';

test('without a browser, the error names the command that installs one', () =>
  expect(() => findBrowser({ PATH: '/nowhere' })).toThrow(/apt-get install -y chromium/));

describe('a rolling upgrade driven from the Temporal UI alone', () => {
  let harness: Harness;
  let browser: Browser;
  let workflow: WorkflowInUi;
  let run: Run;
  let report: UpgradeReport;

  beforeAll(async () => {
    browser = await openBrowser();
    harness = await Harness.create({
      name: 'uitest',
      version: FROM,
      servers: 3,
      withoutWorker: true,
    });
    await harness.startWorker({ ZKFERRY_INVENTORY: inventoryNaming(harness, 'demo') });
    workflow = await startWorkflowInUi(browser.page, {
      uiUrl: harness.temporal.uiUrl,
      workflowId: 'upgrade-from-the-form',
      taskQueue: TASK_QUEUE,
      workflowType: WORKFLOW_TYPES.upgrade,
      input: { ensemble: 'demo', target: { version: TO }, soakMs: 500 },
    });
    const { workflowId, runId } = workflow;
    run = new Run(harness.client.workflow.getHandle(workflowId, runId), harness);
  }, 5 * MINUTE_MS);

  /** What the page says once the run waits at `gate`. */
  async function detailsAtGate(gate: GateName, deadlineMs: number): Promise<string> {
    // Asked of the run first: loading the page over and over would slow down what is waited for.
    await run.atGate(gate, deadlineMs);
    const { page } = browser;
    return waitForCurrentDetails(page, workflow, new RegExp(`waiting at gate ${gate}`), MINUTE_MS);
  }

  afterAll(async () => {
    await browser?.close();
    await harness?.destroy();
  }, 2 * MINUTE_MS);

  test(
    'started from the form with one small JSON object, it shows the plan and the gate it waits at',
    async () => {
      const details = await detailsAtGate('start', 2 * MINUTE_MS);

      expect(details).toContain('Nothing has been changed so far');
      for (const server of ['zk1', 'zk2', 'zk3'])
        expect(details).toMatch(new RegExp(`${server} .*${FROM} → ${TO}: . stop`));
      expect(details).toMatch(/gate beforeLeader/);
      expect(details).toMatch(/approve .*"gate":"start"/);
    },
    4 * MINUTE_MS,
  );

  test.each(['signal', 'update'] as const)(
    'every control is offered as a %s, with a description that shows its input',
    async (kind) => {
      const handlers = await readHandlersShown(browser.page, workflow, kind);

      expect(handlers.map(({ name }) => name).sort()).toEqual([...CONTROL_NAMES].sort());
      for (const { description } of handlers) expect(description).toMatch(/\{".+\}/);
    },
    2 * MINUTE_MS,
  );

  test(
    'an approval of the wrong gate, sent as an update, is refused on the page and changes nothing',
    async () => {
      const answer = await sendUpdateInUi(browser.page, workflow, 'approve', {
        gate: 'finalize',
        approver: 'operator',
      });

      expect(answer).toEqual({
        accepted: false,
        refusal: expect.stringMatching(/waits at gate start, not at finalize/),
      });
      const status = await run.atGate('start', MINUTE_MS);
      expect(status.gates).toEqual([]);
      expect(await versions(harness)).toEqual([FROM, FROM, FROM]);
    },
    2 * MINUTE_MS,
  );

  test(
    'a signal, which gets no answer, leaves its refusal in the details',
    async () => {
      const { page } = browser;

      await sendSignalInUi(page, workflow, 'approve', { gate: 'finalize', approver: 'operator' });

      const refused = /signal approve refused: the run waits at gate start, not at finalize/;
      await waitForCurrentDetails(page, workflow, refused, MINUTE_MS);
    },
    2 * MINUTE_MS,
  );

  test(
    'start passes by signal, beforeLeader by update, finalize by signal, and all servers run the target',
    async () => {
      const { page } = browser;
      const by = { approver: 'operator' };

      await sendSignalInUi(page, workflow, 'approve', { gate: 'start', ...by });
      await detailsAtGate('beforeLeader', 6 * MINUTE_MS);
      await keepPicture(browser, workflow);
      const answer = await sendUpdateInUi(page, workflow, 'approve', {
        gate: 'beforeLeader',
        ...by,
        comment: 'on the phone with the application team',
      });
      expect(answer).toEqual({ accepted: true });
      await detailsAtGate('finalize', 4 * MINUTE_MS);
      await sendSignalInUi(page, workflow, 'approve', { gate: 'finalize', ...by });

      report = await run.report(3 * MINUTE_MS);
      expect(report.outcome).toBe('completed');
      expect(await versions(harness)).toEqual([TO, TO, TO]);
    },
    15 * MINUTE_MS,
  );

  test(
    'the page says Completed, and its details end in the report, with who approved what',
    async () => {
      const { page } = browser;

      expect(await readWorkflowStatus(page, workflow)).toBe('Completed');
      // The page draws the frame before Temporal has answered the query that fills it.
      const ended = /rolling upgrade completed/;
      const details = await waitForCurrentDetails(page, workflow, ended, MINUTE_MS);
      expect(details).toContain(`zk2: ${FROM} → ${TO}`);
      const { gates, state } = (await run.status()) ?? { gates: [], state: undefined };
      expect(state).toBe('completed');
      expect(gates.map(({ gate, decision, by }) => [gate, decision, by])).toEqual([
        ['start', 'approved', 'operator'],
        ['beforeLeader', 'approved', 'operator'],
        ['finalize', 'approved', 'operator'],
      ]);
      expect(report.leaderRestarts).toBe(1);
      expect(report.availability.sessionsLost).toBe(0);
    },
    2 * MINUTE_MS,
  );
});

/** The lab's inventory with its ensemble under another name. */
function inventoryNaming({ lab, directory }: Harness, ensemble: string): string {
  const { ensembles } = lab.inventory();
  const file = join(directory, 'inventory.yaml');
  writeFileSync(file, stringify({ ensembles: { [ensemble]: ensembles[lab.name] } }), {
    mode: 0o600,
  });
  return file;
}

/** What each server itself says it runs. */
async function versions({ lab }: Harness): Promise<(string | undefined)[]> {
  const zookeeper = createZooKeeperAdapter();
  const seen = await Promise.all(lab.members.map((server) => zookeeper.probe(server)));
  return seen.map(({ version }) => version);
}

/** For the README: the workflow's page in the middle of the run, where ZKFERRY_SCREENSHOTS names a directory. */
async function keepPicture({ page }: Browser, workflow: WorkflowInUi): Promise<void> {
  const { ZKFERRY_SCREENSHOTS: directory } = process.env;
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  await page.setViewportSize({ width: 1280, height: 840 });
  await readCurrentDetails(page, workflow);
  await page.screenshot({ path: join(directory, 'temporal-ui.png') });
}
