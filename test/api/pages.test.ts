/** The page that describes the API works in a real browser, under its content security policy, with nothing from elsewhere. */
import { openBrowser, type Browser } from '../support/browser';
import { startLocalServer, type LocalServer } from './localServer';

let server: LocalServer;
let browser: Browser;

beforeAll(async () => {
  server = await startLocalServer({ root: ['admin:*'] }, { requestsPerMinute: 100_000 });
  browser = await openBrowser();
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
}, 30_000);

test('/docs shows every route, asks nobody else, and breaks no rule of its policy', async () => {
  const { page } = browser;
  const elsewhere: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(server.url))
      elsewhere.push(request.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  const answer = await page.goto(`${server.url}/docs/`);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toMatch(/script-src 'self';/);
  expect(policy).toMatch(/frame-ancestors 'none'/);
  await page.waitForSelector('.opblock');
  expect(await page.locator('.opblock').count()).toBeGreaterThan(25);
  await page.locator('.opblock-summary').first().click();
  await page.waitForSelector('.opblock-body');
  expect({ elsewhere, errors }).toEqual({ elsewhere: [], errors: [] });
}, 60_000);
