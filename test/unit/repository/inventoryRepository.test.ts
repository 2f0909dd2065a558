/** A repository by its name: what the inventory says of keys, and what is done without them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createNamedRepository,
  openNamedRepository,
} from '../../../src/adapters/repository/inventoryRepository';
import { createSecrets } from '../../../src/adapters/secrets';
import type { InventoryPort } from '../../../src/model/ports';
import { ageKey } from '../../support/ageKeys';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'zkferry-named-'))));
afterEach(() => rmSync(directory, { recursive: true }));

test('without the identity that the inventory names it is written to and listed, and not read', async () => {
  const identity = `file:${join(directory, 'kept-elsewhere')}`;
  const spec = {
    directory: join(directory, 'r'),
    encryption: { recipients: [ageKey.recipient], identity },
    retention: { daily: 0, weekly: 0 },
  };
  const inventory = { repository: () => Promise.resolve(spec) } as Partial<InventoryPort>;
  const sources = { inventory: inventory as InventoryPort, secrets: createSecrets() };
  await createNamedRepository(sources, 'vault');
  const repository = await openNamedRepository(sources, 'vault');
  const stored = await repository.putSealed('orders/x', Buffer.from('secret'));
  expect(await repository.store.folders('')).toEqual(['orders']);
  await expect(repository.unseal(stored)).rejects.toMatchObject({
    type: 'NotDecrypted',
    message: expect.stringContaining('kept-elsewhere'),
  });
});
