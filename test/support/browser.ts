/** A real headless Chromium for tests that use a web page as a person would. */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const LAUNCH_DEADLINE_MS = 60_000;
/** Most a single click, fill or navigation may take; generous, since real ensembles share the machine. */
const ACTION_DEADLINE_MS = 30_000;

export interface Browser {
  readonly page: Page;
  /** Ends the browser and removes its profile. */
  close(): Promise<void>;
}

/** CHROMIUM_PATH, or the first of chromium, chromium-browser and google-chrome on PATH. */
export function findBrowser(environment: NodeJS.ProcessEnv = process.env): string {
  const { CHROMIUM_PATH: chosen, PATH: path = '' } = environment;
  if (chosen) {
    if (isExecutable(chosen)) return chosen;
    throw new Error(`CHROMIUM_PATH is ${chosen}, which is no executable file; correct or unset it`);
  }
  const directories = path.split(delimiter).filter((directory) => directory !== '');
  const found = NAMES.flatMap((name) => directories.map((directory) => join(directory, name))).find(
    isExecutable,
  );
  if (found !== undefined) return found;
  throw new Error(
    `no browser found: none of ${NAMES.join(', ')} is on PATH; install one with \`apt-get install -y chromium\` or set CHROMIUM_PATH`,
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A browser with a fresh profile and one empty page. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  const profile = mkdtempSync(join(tmpdir(), 'zkferry-browser-'));
  const removeProfile = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: FLAGS,
      headless: true,
      timeout: LAUNCH_DEADLINE_MS,
      viewport: { width: 1400, height: 1000 },
      colorScheme: 'light',
    });
    context.setDefaultTimeout(ACTION_DEADLINE_MS);
    context.setDefaultNavigationTimeout(ACTION_DEADLINE_MS);
    const page = context.pages()[0] ?? (await context.newPage());
    return {
      page,
      close: async () => {
        await context.close();
        removeProfile();
      },
    };
  } catch (error) {
    removeProfile();
    throw error;
  }
}

/** Does `work`; where it fails, keeps a screenshot and says where, and what was being done. */
export async function withScreenshot<T>(
  page: Page,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const directory = mkdtempSync(join(tmpdir(), 'zkferry-screenshot-'));
    const file = join(directory, `${what.replace(/[^a-z0-9]+/gi, '-')}.png`);
    const kept = await page.screenshot({ path: file, timeout: 10_000 }).then(
      () => `screenshot: ${file}`,
      (reason: unknown) => `no screenshot: ${String(reason)}`,
    );
    throw new Error(`${what}: ${String((error as Error).message)}\nat ${page.url()}; ${kept}`, {
      cause: error,
    });
  }
}
