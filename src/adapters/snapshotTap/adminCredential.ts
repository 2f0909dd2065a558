/** What the inventory says an AdminServer is asked with. */
import { ZkferryError } from '../../model/errors';
import type { ResolvedEnsemble } from '../../model/inventory';
import type { SecretsPort } from '../../model/ports';

export type AdminServerSpec = NonNullable<ResolvedEnsemble['adminServer']>;

/** InvalidInventory where there is none, naming what is missing. */
export function adminServerOf({
  name,
  adminServer,
}: Pick<ResolvedEnsemble, 'name' | 'adminServer'>): AdminServerSpec {
  if (adminServer !== undefined) return adminServer;
  throw new ZkferryError(
    'InvalidInventory',
    `source admin: ensembles.${name} of the inventory has no adminServer: say its port and auth there, or take source logical`,
  );
}

/** `user:password`. SecretMissing; InvalidInventory where it is not of that form. */
export async function adminCredential(
  { name, adminServer }: { name: string; adminServer: AdminServerSpec },
  secrets: SecretsPort,
): Promise<string> {
  const credential = await secrets.resolve(adminServer.auth);
  // The server splits the header at spaces.
  if (/^[^:\s]+:[\x21-\x7e]+$/.test(credential)) return credential;
  throw new ZkferryError(
    'InvalidInventory',
    `ensembles.${name}.adminServer.auth: expected a secret of the form user:password, in ASCII and without spaces, in ${adminServer.auth}`,
  );
}
