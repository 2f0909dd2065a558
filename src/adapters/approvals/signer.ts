/** The server's half of signed approvals: whoever it has made sure of, in a form no one else can write. */
import { createPrivateKey, createPublicKey, randomUUID, type KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { APPROVAL_ALGORITHM, APPROVAL_AUDIENCE, type ControlClaims } from '../../model/approval';
import { ZkferryError } from '../../model/errors';
import { inputHash } from './inputHash';

/** As long as a worker may take to see it. */
const VALID_SECONDS = 300;
/** Clocks of Temporal and server may differ by so much. */
const CLOCK_TOLERANCE_SECONDS = 30;

export type ToSign = Omit<ControlClaims, 'input' | 'jti' | 'exp'> & { input: unknown };

export interface ApprovalSigner {
  /** @returns JWS, compact */
  sign(control: ToSign): Promise<string>;
  /** Whether a run that began `at` that moment was started with what this key, or a former one, has signed for it. */
  hasSignedStart(proof: string, run: { workflowId: string; at: Date }): Promise<boolean>;
}

/**
 * @param formerKeys public ones that this server has signed with before: starts that they have signed are still its own
 * @throws SecretMissing for anything but an Ed25519 private key in PEM
 */
export function createSigner(pem: string, formerKeys: readonly KeyObject[] = []): ApprovalSigner {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new ZkferryError('SecretMissing', 'the signing key is no private key in PEM', {
      cause: error,
    });
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new ZkferryError(
      'SecretMissing',
      `the signing key must be Ed25519; got ${key.asymmetricKeyType}`,
    );
  return {
    sign: ({ input, ...claims }) =>
      new SignJWT({ ...claims, input: inputHash(input) })
        .setProtectedHeader({ alg: APPROVAL_ALGORITHM })
        .setAudience(APPROVAL_AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(`${VALID_SECONDS}s`)
        .setJti(randomUUID())
        .sign(key),
    async hasSignedStart(proof, run) {
      for (const known of [createPublicKey(key), ...formerKeys])
        if (await isStartOf(proof, run, known)) return true;
      return false;
    },
  };
}

async function isStartOf(
  proof: string,
  { workflowId, at }: { workflowId: string; at: Date },
  key: KeyObject,
): Promise<boolean> {
  try {
    const { payload } = await jwtVerify(proof, key, {
      ...{ algorithms: [APPROVAL_ALGORITHM], audience: APPROVAL_AUDIENCE },
      ...{ currentDate: at, clockTolerance: CLOCK_TOLERANCE_SECONDS },
      requiredClaims: ['exp', 'iat'],
    });
    return (
      payload.action === 'start' &&
      payload.workflowId === workflowId &&
      payload.iat! <= at.getTime() / 1_000 + CLOCK_TOLERANCE_SECONDS
    );
  } catch {
    return false;
  }
}
