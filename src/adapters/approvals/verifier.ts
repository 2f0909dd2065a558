/** The worker's half of signed approvals: it holds public keys only. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errors, jwtVerify } from 'jose';
import {
  APPROVAL_ALGORITHM,
  APPROVAL_AUDIENCE,
  controlClaimsSchema,
  type ControlClaims,
} from '../../model/approval';
import { ZkferryError } from '../../model/errors';
import { inputHash } from './inputHash';

/** What a proof is shown for; it must have been made for exactly that. */
export interface ShownFor {
  action: ControlClaims['action'];
  workflowId: string;
  /** Absent for a start. */
  runId?: string;
  ensemble: string;
  input: unknown;
}

export interface ApprovalVerifier {
  /** @throws ApprovalRefused (not retryable) saying why it does not count */
  verify(proof: string, shownFor: ShownFor): Promise<ControlClaims>;
}

/** Clocks of server and worker may differ by so much. */
const CLOCK_TOLERANCE_SECONDS = 30;
const UNKNOWN_KEY = 'it was not made by a key that this worker knows, or was altered';
const PEM_BLOCK = /-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/g;

/**
 * @param path a file of one or more Ed25519 public keys in PEM, of which each counts: so a key is changed without a moment in
 * which none does
 * @throws SecretMissing
 */
export async function readVerifier(path: string): Promise<ApprovalVerifier> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(path, `it can't be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
  return createVerifier(publicKeysOf(text, path));
}

/** @param where they are from, as messages name it @throws SecretMissing */
export function publicKeysOf(text: string, where: string): KeyObject[] {
  const keys = [...text.matchAll(PEM_BLOCK)].map(([pem]) => {
    try {
      return createPublicKey(pem);
    } catch (error) {
      throw unusable(where, 'a key in it is none', error);
    }
  });
  if (keys.length === 0) throw unusable(where, 'there is no PUBLIC KEY in it');
  const other = keys.find(({ asymmetricKeyType }) => asymmetricKeyType !== 'ed25519');
  if (other) throw unusable(where, `expected Ed25519 keys; got ${other.asymmetricKeyType}`);
  return keys;
}

const unusable = (path: string, why: string, cause?: unknown): ZkferryError =>
  new ZkferryError(
    'SecretMissing',
    `the public keys of zkferry server, ${path}, are not usable: ${why}; make them with zkferry keys create`,
    { cause },
  );

export const createVerifier = (keys: readonly KeyObject[]): ApprovalVerifier => ({
  async verify(proof, shownFor) {
    const claims = await claimsOf(proof, keys);
    const differs = differenceOf(claims, shownFor);
    if (differs !== undefined) throw refused(differs);
    return claims;
  },
});

async function claimsOf(proof: string, keys: readonly KeyObject[]): Promise<ControlClaims> {
  let why = UNKNOWN_KEY;
  for (const key of keys) {
    try {
      const { payload } = await jwtVerify(proof, key, {
        algorithms: [APPROVAL_ALGORITHM],
        audience: APPROVAL_AUDIENCE,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'iat', 'jti'],
      });
      return controlClaimsSchema.parse(payload);
    } catch (error) {
      if (error instanceof errors.JWTExpired) why = 'it has expired';
      else if (error instanceof errors.JWTClaimValidationFailed) why = error.message;
    }
  }
  throw refused(why);
}

function differenceOf(claims: ControlClaims, shownFor: ShownFor): string | undefined {
  const expected = { ...shownFor, input: inputHash(shownFor.input) };
  for (const field of ['action', 'workflowId', 'ensemble', 'runId', 'input'] as const)
    if (claims[field] !== expected[field])
      return field === 'input'
        ? 'it was made for another input'
        : `it was made for ${field} ${claims[field] ?? '(none)'}, not ${expected[field] ?? '(none)'}`;
  return undefined;
}

const refused = (why: string): ZkferryError =>
  new ZkferryError(
    'ApprovalRefused',
    `the signature does not count: ${why}; ${
      why === UNKNOWN_KEY
        ? "see that the public key of the server's signing key is in the file that ZKFERRY_APPROVAL_KEYS of the workers names, and that they were started anew since"
        : 'ask the server again'
    }`,
  );
