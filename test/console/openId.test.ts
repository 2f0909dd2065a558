/** Logging in to the console by a real identity provider, in a real browser: two sites, so that cookies are held to their rules. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalServer, type LocalServer } from '../api/localServer';
import {
  CLIENT_SECRET,
  freePort,
  loginBy,
  startOpenIdProvider,
  type OpenIdProvider,
} from '../api/openIdProvider';
import { openBrowser, type Browser } from '../support/browser';
import { accessibilityFaults, policyViolations, watch, type Watched } from './inThePage';

jest.setTimeout(120_000);

let directory: string;
let provider: OpenIdProvider;
let server: LocalServer;
let browser: Browser;
let watched: Watched;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-openid-'));
  const secret = join(directory, 'client-secret');
  writeFileSync(secret, CLIENT_SECRET, { mode: 0o600 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  provider = await startOpenIdProvider(url);
  server = await startLocalServer(
    {},
    { port, identityProvider: loginBy(provider.issuer, url, `file:${secret}`) },
    join(process.cwd(), 'dist', 'console'),
  );
  browser = await openBrowser();
  watched = await watch(browser.page);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await provider?.end();
  rmSync(directory, { recursive: true });
});

async function logInAs(who: string): Promise<void> {
  const { page } = browser;
  await page.context().clearCookies();
  await page.goto('about:blank');
  await page.goto(`${server.url}/console/#/diff`);
  await page.getByLabel('API token').waitFor();
  const link = page.getByRole('link', { name: 'Log in with Example <Login>' });
  await link.waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await link.click();
  await page.getByPlaceholder('Enter any login').fill(who);
  await page.getByPlaceholder('and password').fill('any');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Continue' }).click();
}

test('who logs in there comes back to the page that they wanted, and out of it again', async () => {
  const { page } = browser;
  await logInAs('grace');
  await page.getByRole('heading', { name: 'Diff' }).waitFor();
  expect(page.url()).toBe(`${server.url}/console/#/diff`);
  await page.getByText('grace@example.org').waitFor();
  expect(watched.errors).toEqual([]);
  expect(await policyViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('API token').waitFor();
});

test('who has no role reads so on a page that one can read, and gets back to the login', async () => {
  const { page } = browser;
  await logInAs('nora');
  await page.getByText('You are nora@example.org').waitFor();
  await page.getByText('Of your groups (<img src=x>, staff) none is given one.').waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await accessibilityFaults(page)).toEqual([]);
  }
  expect(await policyViolations(page)).toEqual([]);
  await page.getByRole('link', { name: 'Back to the login' }).click();
  await page.getByLabel('API token').waitFor();
});
