/** Whose a start is that has the name of a ticket: what the server has signed for that very run tells. */
import { generateKeyPairSync } from 'node:crypto';
import { createVerifier, publicKeysOf } from '../../../src/adapters/approvals/verifier';
import { createSigner } from '../../../src/adapters/approvals/signer';

const newPair = () =>
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
const newKey = () => newPair().privateKey;

const signer = createSigner(newKey());
const signed = (action: 'start' | 'approve' = 'start', by = signer) =>
  by.sign({
    ...{ action, workflowId: 'CHG-1', ensemble: 'orders', actor: 'olga', role: 'operator' },
    input: {},
  });
const run = (workflowId: string, agoMs = 0) => ({ workflowId, at: new Date(Date.now() - agoMs) });
const HOUR_MS = 3_600_000;

test('its own counts, at the moment that it was signed for', async () => {
  const proof = await signed();
  expect(await signer.hasSignedStart(proof, run('CHG-1'))).toBe(true);
  // A copy of it at another run of that name, which began later or before.
  expect(await signer.hasSignedStart(proof, run('CHG-1', -HOUR_MS))).toBe(false);
  expect(await signer.hasSignedStart(proof, run('CHG-1', HOUR_MS))).toBe(false);
});

test('what was signed for another run, another control, by another key, or not at all, counts nothing', async () => {
  expect(await signer.hasSignedStart(await signed(), run('CHG-2'))).toBe(false);
  expect(await signer.hasSignedStart(await signed('approve'), run('CHG-1'))).toBe(false);
  const other = createSigner(newKey());
  expect(await signer.hasSignedStart(await signed('start', other), run('CHG-1'))).toBe(false);
  expect(await signer.hasSignedStart('x', run('CHG-1'))).toBe(false);
});

test('after a change of keys what the former one has signed is still its own', async () => {
  const former = newPair();
  const proof = await signed('start', createSigner(former.privateKey));
  const keys = publicKeysOf(former.publicKey, 'file:/former.pub');
  expect(await createSigner(newKey(), keys).hasSignedStart(proof, run('CHG-1'))).toBe(true);
  expect(await createSigner(newKey()).hasSignedStart(proof, run('CHG-1'))).toBe(false);
});

test('of a key that a worker does not know it is said where its keys are named', async () => {
  const worker = createVerifier(publicKeysOf(newPair().publicKey, 'file:/approvals.pub'));
  const shown = { action: 'start', workflowId: 'CHG-1', ensemble: 'orders', input: {} } as const;
  await expect(worker.verify(await signed(), shown)).rejects.toThrow(/ZKFERRY_APPROVAL_KEYS/);
});
