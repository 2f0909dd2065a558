/** Who a copy is towards its target, and which other copy is the same one. */
import { randomBytes } from 'node:crypto';
import { Rights, type Identity } from '../../tree/copy/rights';
import { digestId } from '../zookeeper/ownedNodes';
import type { CopyJob, CopyTarget, Credential } from './options';

const DIGEST = 'digest';
/** The user of superDigest, by custom (DigestAuthenticationProvider.java). */
const SUPER_USER = 'super:';

/** `user:password` of an identity that nobody else has. */
export const newCredential = (): string => `zkferry-copy:${randomBytes(18).toString('hex')}`;

export const authOf = ({ auth }: CopyTarget, own: string): Credential[] => [
  ...auth,
  { scheme: DIGEST, credential: own },
];

export const withCredential = (job: CopyJob, credential: string): CopyJob => ({
  ...job,
  target: { ...job.target, auth: [...job.target.auth, { scheme: DIGEST, credential }] },
});

/** To be proven before it is built on. */
export const claimsSuper = ({ auth }: CopyTarget): boolean =>
  auth.some(({ scheme, credential }) => scheme === DIGEST && credential.startsWith(SUPER_USER));

export function rightsOf({ auth }: CopyTarget, own: string, isSuper: boolean): Rights {
  const identities: [Identity, ...Identity[]] = [
    { scheme: DIGEST, id: digestId(own) },
    ...auth
      .filter(({ scheme }) => scheme === DIGEST)
      .map(({ scheme, credential }) => ({ scheme, id: digestId(credential) })),
  ];
  return new Rights(identities, isSuper);
}

/** What a journal is about. */
export interface CopyPair {
  source: string;
  target: Pick<CopyTarget, 'shown'>;
  selection: Pick<CopyJob['selection'], 'sourceRoot' | 'targetRoot'>;
}

/** Names the pair that a journal is about, in whatever order its servers are given. */
export const pairOf = ({ source, target, selection }: CopyPair): string =>
  JSON.stringify([
    inOrder(source),
    selection.sourceRoot,
    inOrder(target.shown),
    selection.targetRoot,
  ]);

const inOrder = (servers: string): string => servers.split(',').sort().join(',');
