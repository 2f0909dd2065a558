/** Temporal's address and credentials from the environment, under the names Temporal's own tools use. */
import { readFileSync } from 'node:fs';
import { ZkferryError } from '../../model/errors';
import type { TemporalOptions } from './connect';

export const DEFAULT_TEMPORAL_ADDRESS = '127.0.0.1:7233';
export const DEFAULT_TEMPORAL_NAMESPACE = 'default';

/** Of a value that says where the key lies instead of being it. */
const IN_A_FILE = 'file:/';

/**
 * TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY (the key, or file:/absolute/path of it), TEMPORAL_TLS (true or false) and the paths
 * TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH, with
 * TEMPORAL_TLS_SERVER_NAME. Naming a certificate switches TLS on.
 * @throws SecretMissing when a named file can't be read
 */
export function temporalFromEnvironment(environment: NodeJS.ProcessEnv): TemporalOptions {
  const given = (name: string): string | undefined => environment[name] || undefined;
  const read = (name: string, path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new ZkferryError('SecretMissing', `${name} names ${path}, which can't be read`, {
        cause: error,
      });
    }
  };
  const file = (name: string): Buffer | undefined => {
    const path = given(name);
    return path === undefined ? undefined : read(name, path);
  };
  const keyOrPlace = given('TEMPORAL_API_KEY');
  const apiKey = keyOrPlace?.startsWith(IN_A_FILE)
    ? read('TEMPORAL_API_KEY', keyOrPlace.slice('file:'.length)).toString('utf8').trim()
    : keyOrPlace;
  const ca = file('TEMPORAL_TLS_SERVER_CA_CERT_PATH');
  const crt = file('TEMPORAL_TLS_CLIENT_CERT_PATH');
  const key = file('TEMPORAL_TLS_CLIENT_KEY_PATH');
  const serverName = given('TEMPORAL_TLS_SERVER_NAME');
  const asked = /^(1|true)$/i.test(given('TEMPORAL_TLS') ?? '');
  const wanted = asked || ca !== undefined || crt !== undefined || serverName !== undefined;
  return {
    address: given('TEMPORAL_ADDRESS') ?? DEFAULT_TEMPORAL_ADDRESS,
    namespace: given('TEMPORAL_NAMESPACE') ?? DEFAULT_TEMPORAL_NAMESPACE,
    apiKey,
    tls: wanted
      ? {
          serverRootCACertificate: ca,
          serverNameOverride: serverName,
          clientCertPair: crt && key ? { crt, key } : undefined,
        }
      : undefined,
  };
}
