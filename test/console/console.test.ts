/** The console as a person uses it: a real browser, the server's content security policy, and a stand-in for its answers. */
import { openBrowser, withScreenshot, type Browser } from '../support/browser';
import { until } from '../support/until';
import { BACKUP, DONE, GATED, MIGRATION, plan, UPGRADE } from './documents';
import { accessibilityFaults, focused, policyViolations, watch, type Watched } from './inThePage';
import { startStandIn, type StandIn } from './standIn';
import { changeBehind, MANY } from './standInTree';

jest.setTimeout(240_000);

const PAGES: [route: string, shows: string][] = [
  ['/runs', UPGRADE],
  [`/runs/${UPGRADE}`, 'Write availability'],
  [`/runs/${GATED}`, 'the run waits for a decision'],
  [`/runs/${MIGRATION}`, 'Lag, since this page was opened'],
  [`/runs/${BACKUP}`, 'Backup into vault'],
  [`/runs/${DONE}`, 'Report: completed'],
  ['/ensembles', 'orders-west'],
  ['/ensembles/orders', 'Begin with it'],
  ['/ensembles/orders/tree?path=/shop/config', 'currency'],
  ['/start?strategy=restore&repository=vault&zxid=0x1f00000040', 'Everything else'],
  ['/diff', 'Compare'],
  ['/backups', 'What can be restored'],
  ['/audit', 'jonas'],
  ['/nowhere', 'No such page'],
];

let server: StandIn;
let browser: Browser;
let watched: Watched;

beforeAll(async () => {
  server = await startStandIn();
  browser = await openBrowser();
  watched = await watch(browser.page);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

afterEach(async () => {
  expect(watched.errors).toEqual([]);
  expect(await policyViolations(browser.page)).toEqual([]);
});

async function signIn(token = 'admin-token'): Promise<void> {
  const { page } = browser;
  await page.context().clearCookies();
  await page.goto(server.url);
  await page.reload();
  await page.getByLabel('API token').fill(token);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
}

const go = (route: string) => browser.page.goto(`${server.url}#${route}`);

test('a wrong token is refused near its field, and the login has no accessibility fault', async () => {
  const { page } = browser;
  await page.goto(server.url);
  await page.getByLabel('API token').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('The token is not known').waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await accessibilityFaults(page)).toEqual([]);
  }
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  beforeAll(async () => {
    await browser.page.emulateMedia({ colorScheme });
    await signIn();
  });

  test.each(PAGES)(
    '%s shows itself, without a serious accessibility fault',
    async (route, shows) => {
      const { page } = browser;
      await withScreenshot(page, `${colorScheme} ${route}`, async () => {
        await go(route);
        await page.getByText(shows).first().waitFor();
        expect(await accessibilityFaults(page)).toEqual([]);
      });
    },
  );
});

test('everything is reached by keyboard: the page by one key, a gate is approved, the dialog gives the focus back', async () => {
  const { page } = browser;
  await signIn();
  await go(`/runs/${GATED}`);
  await page.getByRole('button', { name: 'Approve…' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Approve…' }).waitFor();
  const seen: string[] = [];
  for (let presses = 0; presses < 40 && seen.at(-1) !== 'BUTTON Approve…'; presses += 1) {
    await page.keyboard.press('Tab');
    seen.push(await focused(page));
  }
  expect(seen.at(-1)).toBe('BUTTON Approve…');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  expect(await dialog.innerText()).toContain(plan.hash.slice(0, 8));
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await until('the focus is back', async () => (await focused(page)) === 'BUTTON Approve…', 5_000);

  await page.keyboard.press('Enter');
  await dialog.getByLabel('Comment').fill('looks good');
  await dialog.getByRole('button', { name: `Approve plan ${plan.hash.slice(0, 8)}` }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(server.received.at(-1)).toEqual({
    method: 'POST',
    path: `/v1/runs/${GATED}/gates/beforeLeader/approve`,
    body: { planHash: plan.hash, comment: 'looks good' },
  });
});

test('a plan is shown before a start; a refusal stands at its field', async () => {
  const { page } = browser;
  await signIn();
  await go('/start?strategy=upgrade&ensemble=orders');
  await page.getByLabel('version').fill('3.9');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByRole('alert').getByText('The input does not fit').waitFor();
  expect(await page.getByLabel('version').getAttribute('aria-invalid')).toBe('true');
  await page.getByLabel('version').fill('3.9.4');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByText(plan.goal).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Start the run' }).click();
  await page.getByRole('heading', { name: UPGRADE }).waitFor();
  expect(server.received.at(-1)).toMatchObject({
    path: '/v1/runs',
    body: { strategy: 'upgrade', input: { ensemble: 'orders', target: { version: '3.9.4' } } },
  });
});

test('facts come when they are asked for, and a comparison says what differs, without an accessibility fault', async () => {
  const { page } = browser;
  await signIn();
  await go('/ensembles/orders');
  await page.getByRole('button', { name: 'Look at servers and hosts' }).click();
  await page.getByText('WhitelistClosed').waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);

  await go('/diff');
  await page.getByLabel('Ensemble, left').selectOption('orders');
  await page.getByLabel('Ensemble, right').selectOption('orders-west');
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByText('/shop/<b>bold</b>').waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
});

test('a moment of a backup leads to the form that restores it', async () => {
  const { page } = browser;
  await signIn();
  await go('/backups');
  await page.getByText('nobody captured, and no server had the log any more').waitFor();
  await page.getByText('restore proven').waitFor();
  await page.getByLabel('Path', { exact: true }).fill('/shop/config');
  await page.keyboard.press('Enter');
  const changes = page.getByRole('region', { name: 'History of /shop/config' });
  await changes.getByText('data set, version 1').waitFor();
  await changes.getByText('just before').first().click();
  await page.getByRole('link', { name: 'Only /shop/config' }).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole('link', { name: 'To the form of the restore' }).click();
  await page.getByRole('heading', { name: 'restore backup' }).waitFor();
  expect(await page.getByLabel('repository').inputValue()).toBe('vault');
  expect(await page.getByLabel('zxid').inputValue()).toBe('0x1f00002bc0');
  expect(await page.getByLabel('from', { exact: true }).inputValue()).toBe('orders');
});

test('a moment in a hole, or before everything, leads nowhere', async () => {
  const { page } = browser;
  await signIn();
  await go('/backups');
  const form = page.getByRole('link', { name: 'To the form of the restore' });
  await page.getByLabel('Moment', { exact: true }).selectOption('zxid');
  await page.getByLabel('zxid', { exact: true }).fill('0x1f00001450');
  await form.waitFor();
  await page.getByLabel('zxid', { exact: true }).fill('0x1f000014ff');
  await page.getByText('no range holds that zxid').first().waitFor();
  expect(await form.count()).toBe(0);
  await page.getByLabel('Moment', { exact: true }).selectOption('time');
  await page.getByLabel('Time, with its zone').fill('2020-01-01T00:00:00Z');
  await page.getByText('that is before the first moment').first().waitFor();
  expect(await form.count()).toBe(0);
});

test('a znode with 100,000 children scrolls to its end with few rows drawn, and is filtered by name', async () => {
  const { page } = browser;
  await signIn();
  await go('/ensembles/orders/tree');
  const tree = page.getByRole('tree');
  await tree.getByText('queue').click();
  await tree.focus();
  await page.keyboard.press('ArrowRight');
  await tree.getByText('item-0000000000').waitFor();
  // The longest wait between two frames while it is scrolled through.
  const longestMs = await page.evaluate<number>(`(async () => {
    const tree = document.querySelector('[role=tree]');
    let longest = 0;
    let last = performance.now();
    for (let frame = 1; frame <= 90; frame += 1) {
      tree.scrollTop = (tree.scrollHeight * frame) / 90;
      await new Promise(requestAnimationFrame);
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    return longest;
  })()`);
  expect(longestMs).toBeLessThan(1_000);
  await page.keyboard.press('End');
  await tree.getByText(`item-${String(MANY - 1).padStart(10, '0')}`).waitFor({ timeout: 60_000 });
  expect(await tree.getByRole('treeitem').count()).toBeLessThan(150);

  await page.getByLabel('Names under /queue that contain').fill('99998');
  await page.keyboard.press('Enter');
  await tree.getByText('item-0000099998').waitFor();
  await page.getByText('“99998”: 1 of its children').waitFor();
});

test('data that somebody else has changed are not overwritten unseen', async () => {
  const { page } = browser;
  await signIn();
  await go('/ensembles/orders/tree?path=/shop/config');
  await page.getByRole('button', { name: 'Edit' }).click();
  changeBehind('/shop/config');
  await page.getByLabel('Data (UTF-8)').fill('{"stock":40}');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').getByText('The znode was changed meanwhile').waitFor();
  await page.getByRole('button', { name: 'Read it again' }).click();
  await page.getByLabel('What is there now').getByText('currency').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByLabel('Data as JSON').getByText('"stock": 40').waitFor();
});

test('a znode is created under the one that is shown, and deleted in the version that was read', async () => {
  const { page } = browser;
  await signIn();
  await go('/ensembles/orders/tree?path=/shop');
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Create below…' }).click();
  await dialog.getByLabel('Name').fill('a/b');
  await dialog.getByText('one name, without /').waitFor();
  await dialog.getByLabel('Name').fill('fresh');
  await dialog.getByLabel('Data (UTF-8)').fill('grüße');
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Create /shop/fresh' }).click();
  await page.getByLabel('Data as text').getByText('grüße').waitFor();
  await page.getByRole('tree').getByText('fresh').waitFor();

  await page.getByRole('button', { name: 'Delete…' }).click();
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Delete /shop/fresh' }).click();
  await page.getByRole('tree').getByText('fresh').waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: '/shop', exact: true }).waitFor();
});

test('waits are tuned by whole numbers, and a backup is stopped by a dialog that says what that means', async () => {
  const { page } = browser;
  await signIn();
  await go(`/runs/${UPGRADE}`);
  const dialog = page.getByRole('dialog');
  const tune = dialog.getByRole('button', { name: 'Tune' });
  await page.getByRole('button', { name: 'Tune…' }).click();
  expect(await tune.isDisabled()).toBe(true);
  await dialog.getByLabel('Soak (ms)').fill('2x');
  await dialog.getByText('expected a whole number').waitFor();
  expect(await tune.isDisabled()).toBe(true);
  await dialog.getByLabel('Soak (ms)').fill('2000');
  expect(await accessibilityFaults(page)).toEqual([]);
  await tune.click();
  await dialog.waitFor({ state: 'detached' });
  expect(server.received.at(-1)).toMatchObject({
    ...{ path: `/v1/runs/${UPGRADE}/tune`, body: { soakMs: 2_000 } },
  });

  await go(`/runs/${BACKUP}`);
  await page.getByRole('button', { name: 'Stop the backup…' }).click();
  await dialog.getByText('From then on nothing is backed up').waitFor();
  await dialog.getByLabel('Comment').fill('moved to the other site');
  await dialog.getByRole('button', { name: 'Stop the backup' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(server.received.at(-1)).toMatchObject({
    ...{ path: `/v1/runs/${BACKUP}/stop`, body: { comment: 'moved to the other site' } },
  });
});

test('while nobody answers for a run it is said why, and no longer once somebody does', async () => {
  const { page } = browser;
  await signIn();
  await go(`/runs/${UPGRADE}`);
  await page.getByText('Write availability').waitFor();
  server.away('no worker answers on zkferry');
  const notice = page.getByText('Nobody answers for the run now: no worker answers on zkferry');
  await notice.waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  server.away(undefined);
  await notice.waitFor({ state: 'detached' });
});

test('who logs out sees the login, also after the page is loaded again', async () => {
  const { page } = browser;
  await signIn();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('API token').waitFor();
  await page.reload();
  await page.getByLabel('API token').waitFor();
  expect(await page.context().cookies()).toEqual([]);
});

test('who may only look sees nothing that changes anything', async () => {
  const { page } = browser;
  await signIn('viewer-token');
  await go('/ensembles/orders/tree?path=/shop/config');
  await page.getByText('operators may read them').waitFor();
  for (const name of ['Edit', 'Create below…', 'Delete…'])
    expect(await page.getByRole('button', { name }).count()).toBe(0);
  await go(`/runs/${GATED}`);
  await page.getByText('Approvers of orders decide').waitFor();
  for (const name of ['Approve…', 'Pause…', 'Roll back…'])
    expect(await page.getByRole('button', { name }).count()).toBe(0);
  expect(await page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
});

test('a server that is gone is said to be, and once it is back the page goes on by itself', async () => {
  const { page } = browser;
  await signIn();
  await go(`/runs/${UPGRADE}`);
  await page.getByText('Last told').waitFor();
  const { port } = server;
  await server.close();
  await page.getByText('Connection lost, trying again').waitFor();
  server = await startStandIn(port);
  await page.getByText('Connection lost, trying again').waitFor({ state: 'detached' });
  // Followed again, by the stream: a second run of it answers with what it tells.
  await until('it is followed again', () => server.streams() > 0, 20_000);
});

test('a session that is over leads to the login, and from there back to the page', async () => {
  const { page } = browser;
  await signIn();
  await go('/runs');
  await page.getByText(UPGRADE).waitFor();
  await page.context().clearCookies();
  await page.getByLabel('API token').waitFor();
  await page.getByLabel('API token').fill('admin-token');
  await page.keyboard.press('Enter');
  await page.getByText(UPGRADE).waitFor();
});
