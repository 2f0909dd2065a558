/**
 * The pages of Temporal's web UI (2.42) that an operator uses for a run: start form, the workflow's page
 * with its details, and the dialogs that send a signal or an update.
 */
import type { Locator, Page, Response } from 'playwright-core';
import { withScreenshot } from './browser';
import { until } from './until';

const ANSWER_DEADLINE_MS = 60_000;

export interface WorkflowInUi {
  uiUrl: string;
  workflowId: string;
  runId: string;
}

export interface StartForm {
  uiUrl: string;
  workflowId: string;
  taskQueue: string;
  workflowType: string;
  input: object;
}

export type Handler = { name: string; description: string };
export type UpdateAnswer = { accepted: true } | { accepted: false; refusal: string };

const STATUS =
  /^\s*(Running|Completed|Failed|Canceled|Terminated|Timed Out|Continued as New|Paused)\s*$/;

type Tab = 'history' | 'user-metadata';
type MessageKind = 'signal' | 'update';

const workflowsUrl = (uiUrl: string): string => `${uiUrl}/namespaces/default/workflows`;

/** Fills the form behind "Start Workflow" and submits it. */
export function startWorkflowInUi(page: Page, form: StartForm): Promise<WorkflowInUi> {
  return withScreenshot(page, `start ${form.workflowType} in the form`, async () => {
    const { uiUrl, workflowId, taskQueue, workflowType } = form;
    await page.goto(workflowsUrl(uiUrl));
    await page
      .getByText('Start Workflow', { exact: true })
      .filter({ visible: true })
      .first()
      .click();
    await page.getByRole('heading', { name: 'Start a Workflow' }).waitFor();
    await page.getByTestId('workflowId').fill(workflowId);
    await page.getByTestId('taskQueue').fill(taskQueue);
    await page.getByTestId('workflowType').fill(workflowType);
    await fillJson(page.locator('main'), form.input);
    await page.getByRole('radio', { name: 'json/plain' }).check();
    await page.locator('button[data-testid=start-workflow-button]').click();
    const link = page.locator(`a[href*="/workflows/${workflowId}/"]`).first();
    await link.waitFor({ timeout: ANSWER_DEADLINE_MS });
    const runId = (await link.getAttribute('href'))?.split(`/${workflowId}/`)[1]?.split('/')[0];
    if (!runId) throw new Error('the link to the started workflow names no run');
    return { uiUrl, workflowId, runId };
  });
}

export async function openWorkflow(page: Page, run: WorkflowInUi, tab: Tab): Promise<void> {
  await page.goto(`${workflowsUrl(run.uiUrl)}/${run.workflowId}/${run.runId}/${tab}`);
  await page.getByTestId('workflow-id-heading').filter({ visible: true }).first().waitFor();
}

/** Running, Completed, Failed, …: what the workflow's page says now. */
export function readWorkflowStatus(page: Page, run: WorkflowInUi): Promise<string> {
  return withScreenshot(page, 'read the status', async () => {
    await openWorkflow(page, run, 'history');
    const badge = page.locator('main span').filter({ hasText: STATUS, visible: true }).first();
    return (await badge.innerText()).trim();
  });
}

/** The text of "Current Details", as the page renders its Markdown. */
export function readCurrentDetails(page: Page, run: WorkflowInUi): Promise<string> {
  return withScreenshot(page, 'read the current details', async () => {
    await openWorkflow(page, run, 'user-metadata');
    return currentDetailsFrame(page).locator('body').innerText();
  });
}

/** Reads the current details anew until they match. */
export function waitForCurrentDetails(
  page: Page,
  run: WorkflowInUi,
  pattern: RegExp,
  deadlineMs: number,
): Promise<string> {
  let last = '';
  return until(
    () => `current details that match ${String(pattern)}; last seen:\n${last}`,
    async () => {
      last = await readCurrentDetails(page, run);
      return pattern.test(last) ? last : undefined;
    },
    deadlineMs,
    250,
  );
}

const currentDetailsFrame = (page: Page) =>
  page
    .getByRole('heading', { name: 'Current Details' })
    .locator('xpath=following::iframe[1]')
    .contentFrame();

/** The handlers the dialog offers to a person, with their descriptions. */
export function readHandlersShown(
  page: Page,
  run: WorkflowInUi,
  kind: MessageKind,
): Promise<Handler[]> {
  return withScreenshot(page, `read the ${kind}s offered`, async () => {
    const dialog = await openDialog(page, run, kind);
    await openHandlerList(dialog, kind);
    const handlers: Handler[] = [];
    for (const option of await dialog.getByRole('option').all()) {
      const name = (await option.locator('span').first().innerText()).trim();
      const description = (await option.innerText()).trim().slice(name.length).trim();
      handlers.push({ name, description });
    }
    // The list ends in a field for a name of one's own.
    return handlers.filter(({ name }) => name !== 'Custom');
  });
}

/** "Send a Signal"; resolves when Temporal took it. */
export function sendSignalInUi(
  page: Page,
  run: WorkflowInUi,
  name: string,
  input: object,
): Promise<void> {
  return withScreenshot(page, `send signal ${name}`, async () => {
    const dialog = await openDialog(page, run, 'signal');
    const response = await submit(page, dialog, 'signal', name, input);
    if (!response.ok()) throw new Error(`refused: ${response.status()} ${await response.text()}`);
    await dialog.waitFor({ state: 'hidden' });
  });
}

/** "Send an Update"; the answer is what the dialog shows to the person. */
export function sendUpdateInUi(
  page: Page,
  run: WorkflowInUi,
  name: string,
  input: object,
): Promise<UpdateAnswer> {
  return withScreenshot(page, `send update ${name}`, async () => {
    const dialog = await openDialog(page, run, 'update');
    await submit(page, dialog, 'update', name, input);
    const alert = dialog.getByRole('alert').filter({ hasText: /\S/ }).first();
    await until(
      'the dialog to close or to show why not',
      async () => (await dialog.isHidden()) || (await alert.isVisible()) || undefined,
      ANSWER_DEADLINE_MS,
    );
    if (await dialog.isHidden()) return { accepted: true };
    return { accepted: false, refusal: (await alert.innerText()).trim() };
  });
}

async function openDialog(page: Page, run: WorkflowInUi, kind: MessageKind): Promise<Locator> {
  await openWorkflow(page, run, 'history');
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.locator(`[data-testid=${kind}-button]:visible`).click();
  const dialog = page.locator(`dialog[open][data-testid=${kind}-confirmation-modal]`);
  await dialog.waitFor();
  return dialog;
}

async function openHandlerList(dialog: Locator, kind: MessageKind): Promise<void> {
  await dialog.getByTestId(`${kind}-select-button`).click();
  await dialog.getByRole('option').first().waitFor();
}

/** Chooses the handler from the list, types the JSON, submits; gives the server's answer. */
async function submit(
  page: Page,
  dialog: Locator,
  kind: MessageKind,
  name: string,
  input: object,
): Promise<Response> {
  await openHandlerList(dialog, kind);
  const exactly = page.locator('span', { hasText: new RegExp(`^\\s*${name}\\s*$`) });
  await dialog.getByRole('option').filter({ has: exactly }).click();
  await fillJson(dialog, input);
  const [response] = await Promise.all([
    page.waitForResponse(
      (candidate) =>
        candidate.request().method() === 'POST' &&
        new URL(candidate.url()).pathname.includes(`/${kind}/${name}`),
      { timeout: ANSWER_DEADLINE_MS },
    ),
    dialog.getByTestId('confirm-modal-button').click(),
  ]);
  return response;
}

/**
 * The editor reformats its text when it loses the focus, which moves the button below under the pointer: so
 * the text is written as the editor would, and the focus is taken away before anything is clicked.
 */
async function fillJson(within: Locator, value: object): Promise<void> {
  const editor = within.locator('.cm-content[contenteditable=true]').first();
  await editor.fill(JSON.stringify(value, null, 2));
  await editor.blur();
}
