/** The web console on a real server, where it takes longer: a restore that is chosen in it, and a very wide znode. */
import { strict as assert } from 'node:assert';
import { encodeMulti } from '../../src/codec/clientRequests';
import { LAB_REPOSITORY } from '../../src/lab/labInventory';
import type { ApiInstallation } from '../api/support';
import { installConsole, putZnodes } from '../console/installation';
import { Person } from '../console/person';
import { RawClient } from '../support/rawClient';
import { until } from '../support/until';
import type { Case } from '../upgrade/cases/types';

const MANY = 100_000;
const IN_ONE_MULTI = 1_000;
const MOST_ROWS_DRAWN = 150;
const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const CONFIG = '/shop/config';

async function withConsole(
  name: string,
  work: (installation: ApiInstallation, olga: Person) => Promise<void>,
): Promise<void> {
  const installation = await installConsole({ name, version: '3.9.6', servers: 3 });
  try {
    const olga = await Person.come(installation, 'olga');
    try {
      await olga.signIn();
      await work(installation, olga);
    } finally {
      await olga.leave();
    }
  } finally {
    await installation.destroy();
  }
}

const nameOf = (index: number): string => `item-${String(index).padStart(10, '0')}`;

async function makeWide({ harness: { lab } }: ApiInstallation): Promise<void> {
  const { host, clientPort } = lab.servers[0]!;
  const client = await RawClient.open({ host, clientPort });
  const create = (path: string) => ({
    ...{ kind: 'create' as const, path, data: Buffer.alloc(0), acl: OPEN, flags: 0 },
  });
  await client.ask('the parent', (xid) => encodeMulti(xid, [create('/queue')]));
  for (let from = 0; from < MANY; from += IN_ONE_MULTI) {
    const some = Array.from({ length: IN_ONE_MULTI }, (_, index) =>
      create(`/queue/${nameOf(from + index)}`),
    );
    await client.ask('children', (xid) => encodeMulti(xid, some));
  }
  await client.close();
}

const wide: Case = {
  name: `a znode of ${MANY} children is walked to its end, and filtered by name`,
  run: () =>
    withConsole('queues', async (installation, olga) => {
      await makeWide(installation);
      const { page } = olga;
      await olga.go(`/ensembles/${installation.harness.lab.name}/tree`);
      const tree = page.getByRole('tree');
      await tree.getByText('queue').click();
      await tree.focus();
      await page.keyboard.press('ArrowRight');
      await tree.getByText(nameOf(0)).waitFor();
      await olga.isUsable();
      await page.keyboard.press('End');
      await tree.getByText(nameOf(MANY - 1)).waitFor();
      assert.ok((await tree.getByRole('treeitem').count()) < MOST_ROWS_DRAWN);
      await page.getByLabel('Names under /queue that contain').fill('99998');
      await page.keyboard.press('Enter');
      await tree.getByText(nameOf(99_998)).waitFor();
      await olga.see('“99998”: 1 of its children');
      await tree.getByText(nameOf(99_998)).click();
      await olga.see('It holds no data');
      await olga.isUsable();
    }),
};

async function untilCaptured(installation: ApiInstallation): Promise<void> {
  const { name } = installation.harness.lab;
  const url = `/v1/repositories/${LAB_REPOSITORY}/history?ensemble=${name}&path=${CONFIG}`;
  await until(
    'both changes to be in the repository',
    async () => (await installation.as('olga').get(url)).body.total === 2,
    120_000,
    500,
  );
}

const restore: Case = {
  name: 'a restore is chosen by a second and by a change of a znode, and waits at its gate',
  run: () =>
    withConsole('stock', async (installation, olga) => {
      const { name } = installation.harness.lab;
      const { page } = olga;
      const backup = { ensemble: name, repository: LAB_REPOSITORY, segmentMs: 2_000 };
      const begun = await installation
        .as('olga')
        .post('/v1/runs', { ticket: 'CHG-1', strategy: 'backup', input: backup });
      assert.equal(begun.status, 201, JSON.stringify(begun.body));
      await olga.go('/runs/CHG-1');
      await olga.see('Follows');
      await until('a base', () => hasBase(installation), 120_000, 500);
      await putZnodes(installation, [
        ['/shop', ''],
        [CONFIG, '{"stock": 41}'],
      ]);
      const edit = `/v1/ensembles/${name}/tree/node`;
      const data = Buffer.from('{"stock": 0}').toString('base64');
      const set = await installation
        .as('root')
        .ask('PUT', edit, { path: CONFIG, data, version: 0 });
      assert.equal(set.status, 200, JSON.stringify(set.body));
      await untilCaptured(installation);
      await olga.isUsable();

      await olga.go('/backups');
      await olga.see('never proven');
      await page.getByLabel('Path', { exact: true }).fill(CONFIG);
      await page.keyboard.press('Enter');
      await olga.see('data set, version 1');
      await olga.picture('console-backups');
      await olga.isUsable();
      const just = page.getByRole('button', { name: /^just before/ });
      await just.first().click();
      assert.match(await page.getByLabel('zxid', { exact: true }).inputValue(), /^0x/);
      const when = await page
        .getByRole('region', { name: `History of ${CONFIG}` })
        .locator('time')
        .first()
        .getAttribute('datetime');
      await page.getByLabel('Moment', { exact: true }).selectOption('time');
      await page.getByLabel('Time, with its zone').fill(when!);
      await page.getByRole('link', { name: 'To the form of the restore' }).click();
      await page.getByRole('heading', { name: 'restore backup' }).waitFor();
      assert.equal(await page.getByLabel('repository').inputValue(), LAB_REPOSITORY);
      assert.equal(await page.getByLabel('time', { exact: true }).inputValue(), when);
      await page.getByLabel('Ticket').fill('CHG-2');
      await olga.press('Show the plan');
      await olga.see('A run would ask for this plan to be approved');
      await olga.isUsable();
      await olga.press('Start the run');
      await olga.see('Gate start: the run waits for a decision');
      await olga.isUsable();
    }),
};

async function hasBase(installation: ApiInstallation): Promise<true | undefined> {
  const url = `/v1/repositories/${LAB_REPOSITORY}/backups`;
  const { body } = await installation.as('olga').get(url);
  const items = (body.items ?? []) as { timelines: { restorable: unknown[] }[] }[];
  const isThere = items.some(({ timelines }) =>
    timelines.some(({ restorable }) => restorable.length > 0),
  );
  return isThere || undefined;
}

export const consoleCases: Case[] = [wide, restore];
