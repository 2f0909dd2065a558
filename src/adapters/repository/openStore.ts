/** The store that an inventory or a command line names. */
import { isAbsolute, resolve } from 'node:path';
import type { ObjectStore } from '../../model/backupPorts';
import { ZkferryError } from '../../model/errors';
import type { SecretsPort } from '../../model/ports';
import { repositorySpecSchema, type RepositorySpec, type S3Spec } from '../../model/repositorySpec';
import { DirectoryStore } from './directoryStore';
import type { S3Place } from './s3Client';
import { S3Store } from './s3Store';

/** Of the inventory. SecretMissing where a reference leads nowhere. Nothing is asked of the place itself so far. */
export async function openStore(spec: RepositorySpec, secrets: SecretsPort): Promise<ObjectStore> {
  if (spec.s3 === undefined) return new DirectoryStore(resolve(spec.directory!));
  return new S3Store(await placeOf(spec.s3, secrets));
}

async function placeOf(spec: S3Spec, secrets: SecretsPort): Promise<S3Place> {
  const { accessKeyId, secretAccessKey, ...place } = spec;
  refuseCredentialsIn(place.endpoint);
  refuseClimbing(place.prefix);
  if (accessKeyId === undefined || secretAccessKey === undefined) return place;
  const credentials = {
    accessKeyId: await secrets.resolve(accessKeyId),
    secretAccessKey: await secrets.resolve(secretAccessKey),
  };
  return { ...place, credentials };
}

/**
 * Of a command line: an absolute or `./` path, or `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true`, with the
 * credentials that the AWS SDK finds (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws, …). BadUsage.
 */
export function storeNamed(text: string): ObjectStore {
  if (text.startsWith('s3://')) return new S3Store(placeNamed(text));
  if (isAbsolute(text) || /^\.\.?(\/|$)/.test(text)) return new DirectoryStore(resolve(text));
  throw new ZkferryError(
    'BadUsage',
    `${JSON.stringify(text.slice(0, 200))} names no place of a repository: give a path that begins with "/" or "./", or s3://bucket/prefix?endpoint=…&region=…&pathStyle=true`,
  );
}

const SETTINGS = ['endpoint', 'region', 'pathStyle'];

function placeNamed(text: string): S3Place {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw wrongUrl('write s3://bucket/prefix, without credentials: they come from the environment');
  }
  const settings = Object.fromEntries(url.searchParams);
  const unknown = Object.keys(settings).find((name) => !SETTINGS.includes(name));
  if (unknown !== undefined) {
    throw wrongUrl(`the setting ${JSON.stringify(unknown)} is none of ${SETTINGS.join(', ')}`);
  }
  const { endpoint, region, pathStyle = 'false' } = settings;
  if (pathStyle !== 'true' && pathStyle !== 'false') {
    throw wrongUrl('pathStyle is either true or false');
  }
  refuseCredentialsIn(endpoint);
  // A URL has ".." taken out of it before its path is looked at.
  refuseClimbing(text.slice('s3://'.length).split('?')[0]!.replace(/\/$/, ''));
  const prefix = url.pathname.replace(/^\/|\/$/g, '');
  const s3 = {
    bucket: url.host,
    prefix: prefix === '' ? undefined : prefix,
    endpoint,
    region,
    pathStyle: pathStyle === 'true',
  };
  const checked = repositorySpecSchema.safeParse({ s3, encryption: 'none' });
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw wrongUrl(`${issue!.path.slice(1).join('.')}: ${issue!.message}`);
  }
  return checked.data.s3!;
}

function refuseClimbing(path: string | undefined): void {
  if (path?.split('/').some((part) => part === '.' || part === '..')) {
    throw wrongUrl('a prefix has neither "." nor ".." in it');
  }
}

function refuseCredentialsIn(endpoint: string | undefined): void {
  if (endpoint === undefined || !URL.canParse(endpoint)) return;
  const { username, password } = new URL(endpoint);
  if (username === '' && password === '') return;
  throw wrongUrl('an endpoint holds no credentials: take them out of it');
}

const wrongUrl = (why: string): ZkferryError =>
  new ZkferryError('BadUsage', `the place in S3 is not understood: ${why}`);
