/** The subtree of the demo that gets lost: what copies get wrong is in it (sequence numbers, ACLs, nodes open to few). */
import { randomBytes } from 'node:crypto';
import { createZooKeeperAdapter, ownerAcl } from '../../../adapters/zookeeper';
import type { ZkAcl, ZkSession } from '../../../model/ports';
import type { Lab } from '../../lab';

export const SHOP = '/shop';
const ORDERS = 200;
const CUSTOMERS = 40;
const READ_BY_ALL: ZkAcl = { perms: 1, scheme: 'world', id: 'anyone' };

/** A client of the shop; each one is a session of its own. */
export async function enterShop(lab: Lab, credential: string): Promise<ZkSession> {
  const servers = lab.members.map(({ host, clientPort }) => ({ host, clientPort }));
  return createZooKeeperAdapter().openSession({
    servers,
    auth: [{ scheme: 'digest', credential }],
  });
}

export const newCredential = (): string => `shop:${randomBytes(12).toString('hex')}`;

export async function buildShop(session: ZkSession, credential: string): Promise<void> {
  const owner = ownerAcl(credential);
  const shown = [...owner, READ_BY_ALL];
  await session.create(SHOP, Buffer.from('the shop'), { acl: shown });
  await session.create(`${SHOP}/config`, Buffer.from('currency=EUR\n'), { acl: shown });
  await session.create(`${SHOP}/customers`, Buffer.alloc(0), { acl: owner });
  await session.create(`${SHOP}/orders`, Buffer.alloc(0), { acl: shown });
  for (let customer = 0; customer < CUSTOMERS; customer += 1)
    await session.create(`${SHOP}/customers/c${customer}`, randomBytes(64), { acl: owner });
}

/** Orders come by sequence numbers, and every fourth one goes again. */
export async function trade(session: ZkSession, credential: string): Promise<void> {
  const acl = [...ownerAcl(credential), READ_BY_ALL];
  for (let order = 0; order < ORDERS; order += 1) {
    const data = Buffer.from(`order ${order}`);
    const path = await session.create(`${SHOP}/orders/order-`, data, { sequential: true, acl });
    if (order % 4 === 0) await session.delete(path);
    if (order % 50 === 0) await session.set(`${SHOP}/config`, Buffer.from(`seen=${order}\n`));
  }
}

/** Children before their parents. @returns how many are gone */
export async function deleteAll(session: ZkSession, path: string): Promise<number> {
  let gone = 1;
  for (const child of await session.children(path))
    gone += await deleteAll(session, `${path}/${child}`);
  await session.delete(path);
  return gone;
}
