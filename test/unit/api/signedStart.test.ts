/** Whose a start is that has the name of a ticket: what the server has signed for that very run tells. */
import { generateKeyPairSync } from 'node:crypto';
import { createSigner } from '../../../src/adapters/approvals/signer';

const newKey = () =>
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;

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
