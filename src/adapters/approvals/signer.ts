/** The server's half of signed approvals: whoever it has made sure of, in a form no one else can write. */
import { createPrivateKey, randomUUID, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { APPROVAL_ALGORITHM, APPROVAL_AUDIENCE, type ControlClaims } from '../../model/approval';
import { ZkferryError } from '../../model/errors';
import { inputHash } from './inputHash';

/** As long as a worker may take to see it. */
const VALID_SECONDS = 300;

export type ToSign = Omit<ControlClaims, 'input' | 'jti' | 'exp'> & { input: unknown };

export interface ApprovalSigner {
  /** @returns JWS, compact */
  sign(control: ToSign): Promise<string>;
}

/** @throws SecretMissing for anything but an Ed25519 private key in PEM */
export function createSigner(pem: string): ApprovalSigner {
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
  };
}
