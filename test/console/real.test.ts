/** The console before a real server, ensemble and worker: an operator and an approver carry out a change, and take it back. */
import type { ApiInstallation } from '../api/support';
import { installConsole, putZnodes } from './installation';
import { Person } from './person';

jest.setTimeout(400_000);

const FROM = '3.8.4';
const TO = '3.9.6';
const TICKET = 'CHG-2041';

let installation: ApiInstallation;
let ensemble: string;
let olga: Person;
let adam: Person;

beforeAll(async () => {
  installation = await installConsole({ name: 'payments', version: FROM, servers: 3 });
  ensemble = installation.harness.lab.name;
  olga = await Person.come(installation, 'olga');
  adam = await Person.come(installation, 'adam');
}, 240_000);

afterAll(async () => {
  await olga?.leave();
  await adam?.leave();
  await installation?.destroy();
}, 120_000);

test('the console is found from the address of the server, under the policy that it was built for', async () => {
  for (const path of ['/', '/console']) {
    const response = await fetch(`${installation.url}${path}`, { redirect: 'follow' });
    expect(new URL(response.url).pathname).toBe('/console/');
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('content-security-policy')).not.toMatch(/unsafe/);
  }
  await olga.signIn();
  await adam.signIn();
  await olga.isUsable();
});

test('an ensemble is looked at: who leads, its facts, its tree, and what differs between two subtrees', async () => {
  await putZnodes(installation, [
    ['/shop', 'the shop'],
    ['/shop/config', '{"currency": "EUR", "stock": 41, "warehouses": ["north", "south"]}'],
    ['/shop/orders', ''],
    ['/shop/orders/o-0001', 'open'],
    ['/shop-copy', 'the shop'],
    ['/shop-copy/config', '{"currency": "EUR"}'],
    ['/shop-copy/orders', ''],
  ]);
  await olga.go(`/ensembles/${ensemble}`);
  await olga.see('★ leader');
  await olga.press('Look at servers and hosts');
  await olga.see(/of 3 in sync/);
  await olga.isUsable();
  await olga.picture('console-ensemble');

  await olga.go(`/ensembles/${ensemble}/tree?path=/shop/config`);
  await olga.see('"currency": "EUR"');
  await olga.page.getByRole('tree').getByText('orders').waitFor();
  await olga.isUsable();
  await olga.picture('console-tree');
  await adam.go(`/ensembles/${ensemble}/tree?path=/shop/config`);
  await adam.see('operators may read them');

  const { page } = olga;
  await olga.go('/diff');
  for (const [side, path] of [
    ['left', '/shop'],
    ['right', '/shop-copy'],
  ] as const) {
    await page.getByLabel(`Ensemble, ${side}`).selectOption(ensemble);
    await page.getByLabel(`Path, ${side}`).fill(path);
  }
  await olga.press('Compare');
  await olga.see('3 differences');
  await olga.see('19 bytes: {"currency": "EUR"}');
  await olga.see('only on the left');
  await olga.isUsable();
});

test('a change is planned and started from a form, approved by somebody else, seen live, paused and resumed', async () => {
  const { page } = olga;
  await olga.go(`/start?strategy=upgrade&ensemble=${ensemble}`);
  await page.getByLabel('version').fill(TO);
  await page.getByLabel('Ticket').fill(TICKET);
  await page.getByText('Everything else has a safe default').click();
  await page.getByLabel('soak (ms)').fill('500');
  await olga.press('Show the plan');
  await olga.see('A run would ask for this plan to be approved');
  await olga.isUsable();
  await olga.press('Start the run');
  await olga.see('Gate start: the run waits for a decision');
  await olga.see(`Approvers of ${ensemble} decide`);

  await adam.go(`/runs/${TICKET}`);
  await adam.see('Gate start: the run waits for a decision');
  await adam.isUsable();
  await adam.picture('console-gate');
  await adam.decide('Approve…', /^Approve plan [0-9a-f]{8}$/, 'in the window of Tuesday');

  await page.locator('.step-done').nth(3).waitFor();
  await olga.isUsable();
  await olga.decide('Pause…', 'Pause', 'a colleague asked');
  await olga.see('Paused since');
  await olga.see(/by olga: a colleague asked/);
});

test('a server that is killed and comes back is told of, and the page goes on by itself', async () => {
  const { page } = olga;
  await page.evaluate('globalThis.isTheSamePage = true');
  const lost = page.getByText('Connection lost, trying again');
  await Promise.all([lost.waitFor(), installation.replaceServer()]);
  await lost.waitFor({ state: 'detached' });
  await olga.decide('Resume…', 'Resume');
  const running = page.locator('.step-running');
  await running.first().waitFor();
  await olga.picture('console-run', 'dark');
  await olga.see('Gate before leader: the run waits for a decision');
  expect(await page.evaluate('globalThis.isTheSamePage')).toBe(true);
  await olga.isUsable();
});

test('it is taken back by a dialog, and the report says what it cost', async () => {
  await olga.decide('Roll back…', 'Roll back', 'the clients complain');
  await olga.see('Report: rolled back');
  await olga.isUsable();
  await olga.go('/runs');
  await olga.page.getByRole('link', { name: TICKET }).waitFor();
  await olga.see('rolled back');
  await olga.isUsable();
  await adam.isClean();
});
