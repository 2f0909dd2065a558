import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { openTap, type QuorumSecurity } from '../../src/adapters/tap';
import { createLab, type Lab } from '../../src/lab/lab';
import { tapAccess } from '../../src/cli/quorumOptions';
import type { EnsembleSpecInput } from '../../src/model/inventory';
import { ran } from '../unit/cli/testIo';
import { addressesOf } from './support';

type QuorumSpecInput = EnsembleSpecInput['quorum'];

let directory: string;
let lab: Lab | undefined;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-tap-'));
});

afterEach(async () => {
  await lab?.destroy();
  lab = undefined;
});

afterAll(() => rmSync(directory, { recursive: true }));

/** What a tap comes to first: the kinds of its first events, or its error. */
async function firstOf(security: QuorumSecurity | undefined): Promise<unknown> {
  const tap = openTap({
    servers: addressesOf(lab!),
    directory: join(directory, 'spool'),
    security,
    giveUpAfterMs: 2_000,
  });
  try {
    const [first] = await tap.take();
    return first?.kind;
  } catch (error) {
    return error;
  } finally {
    await tap.close();
  }
}

/** A command on the lab's ensemble, whose inventory says this of the quorum ports; the document it ends with. */
async function command(
  quorum: QuorumSpecInput,
  ...words: string[]
): Promise<Record<string, unknown>> {
  const inventory = lab!.inventory();
  const ensemble = { ...inventory.ensembles[lab!.name]!, quorum };
  const path = join(directory, 'inventory.yaml');
  writeFileSync(path, stringify({ ensembles: { [lab!.name]: ensemble } }));
  const env = {
    ...process.env,
    ZKFERRY_SECRET_FILE: join(directory, 'secret'),
    ZKFERRY_STATE: directory,
  };
  const { out } = await ran([...words, '--inventory', path, '--json'], { env });
  return JSON.parse(out.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
}

const treeOf = async (quorum?: QuorumSpecInput) =>
  (await command(quorum, 'inspect', lab!.name)).tree;

const refusal = (code: string) => ({ type: 'ZooKeeperAuthFailed', options: { details: { code } } });

test('SASL: the right password is taken, a wrong one and none are refused, each by name', async () => {
  const jaas = join(directory, 'jaas.conf');
  const login = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
  writeFileSync(
    jaas,
    `QuorumServer { ${login} user_zk="s,e=c ret"; };\nQuorumLearner { ${login} username="zk" password="s,e=c ret"; };\n`,
  );
  lab = await createLab({
    name: 'tapsasl',
    version: '3.4.14',
    servers: 3,
    settings: {
      'quorum.auth.enableSasl': 'true',
      'quorum.auth.learnerRequireSasl': 'true',
      'quorum.auth.serverRequireSasl': 'true',
    },
    javaOptions: [`-Djava.security.auth.login.config=${jaas}`],
  });
  await lab.start();
  expect(await firstOf({ sasl: { user: 'zk', password: 's,e=c ret' } })).toBe('snapshot');
  const wrong = await firstOf({ sasl: { user: 'zk', password: 'other' } });
  expect(wrong).toMatchObject(refusal('SaslRefused'));
  expect(String(wrong)).not.toContain('other');
  expect(await firstOf(undefined)).toMatchObject(refusal('SaslDemanded'));
  process.env.QUORUM_SASL = 'zk:s,e=c ret';
  const { security } = await tapAccess([], { quorumSasl: 'env:QUORUM_SASL' });
  expect(await firstOf(security)).toBe('snapshot');
  expect(await treeOf({ sasl: 'env:QUORUM_SASL' })).toMatchObject({ nodes: expect.any(Number) });
  expect(await treeOf()).toEqual({ unknown: expect.stringContaining('SASL') });
  expect(await treeOf({ sasl: 'env:NO_SUCH' })).toEqual({
    unknown: expect.stringMatching(/^ensembles\.tapsasl\.quorum\.sasl: .* has no NO_SUCH/),
  });
  expect(await firstOf({ sasl: { user: 'zk', password: 's,e=c ret' } })).toBe('snapshot');
});

test('TLS: our own certificate is taken, a foreign one, a foreign CA and none are refused, each by name', async () => {
  const own = certificates('own');
  const foreign = certificates('foreign');
  const store = join(directory, 'server.pem');
  writeFileSync(store, `${own.key}${own.certificate}${own.ca}`);
  writeFileSync(join(directory, 'ca.pem'), own.ca);
  lab = await createLab({
    name: 'taptls',
    version: '3.9.6',
    servers: 3,
    settings: {
      sslQuorum: 'true',
      'ssl.quorum.keyStore.location': store,
      'ssl.quorum.trustStore.location': join(directory, 'ca.pem'),
      'ssl.quorum.hostnameVerification': 'false',
    },
  });
  await lab.start();
  // The certificate was made out before the lab had addresses.
  const tls = { ...own, verifyHostName: false };
  expect(await firstOf({ tls })).toBe('snapshot');
  expect(await firstOf({ tls: own })).toMatchObject(refusal('TlsRefused'));
  expect(await firstOf({ tls: { ...foreign, verifyHostName: false } })).toMatchObject(
    refusal('TlsRefused'),
  );
  expect(await firstOf({ tls: { ...foreign, ca: own.ca, verifyHostName: false } })).toMatchObject(
    refusal('TlsRefused'),
  );
  expect(await firstOf({ tls: { ca: own.ca, verifyHostName: false } })).toMatchObject(
    refusal('TlsRefused'),
  );
  expect(await firstOf(undefined)).toMatchObject(refusal('TlsDemanded'));
  const { security } = await tapAccess([], {
    quorumCa: join(directory, 'own-ca'),
    quorumCert: join(directory, 'own-certificate'),
    quorumKey: join(directory, 'own-key'),
    quorumHostCheck: false,
  });
  expect(await firstOf(security)).toBe('snapshot');
  await inInventory();
  expect(await firstOf({ tls })).toBe('snapshot');
});

/** The ensemble by its name, its certificates as the inventory has them; ours, for a host of another name. */
async function inInventory(): Promise<void> {
  const of = (name: string) => `file:${join(directory, name)}`;
  chmodSync(join(directory, 'own-ca'), 0o644);
  chmodSync(join(directory, 'own-key'), 0o600);
  const tls = { ca: of('own-ca'), certificate: of('own-certificate'), key: of('own-key') };
  const quorum = { tls: { ...tls, verifyHost: false } };
  const { name } = lab!;
  expect(await treeOf(quorum)).toMatchObject({ nodes: expect.any(Number) });
  expect(await treeOf({ tls })).toEqual({ unknown: expect.any(String) });
  expect(await command(quorum, 'diff', name, name)).toMatchObject({ ok: true });
  // Options go before the inventory, one by one.
  const noCheck = await command({ tls }, 'diff', name, name, '--no-quorum-host-check');
  expect(noCheck).toMatchObject({ ok: true });
  const foreign = ['--quorum-ca', join(directory, 'foreign-ca')];
  expect(await command(quorum, 'diff', name, name, ...foreign)).toMatchObject({
    error: { type: 'ZooKeeperAuthFailed' },
  });
  expect(await command({ tls: { ...tls, ca: tls.certificate + '-none' } }, 'tap', name)).toEqual({
    error: {
      type: 'SecretMissing',
      message: expect.stringMatching(/^ensembles\.taptls\.quorum\.tls\.ca: .*ENOENT/),
    },
  });
  expect(await command({ tls: { ca: tls.ca, key: tls.key } }, 'inspect', name)).toMatchObject({
    error: { type: 'InvalidInventory', message: expect.stringContaining('quorum.tls') },
  });
}

/** A CA of its own and a certificate it signed, PEM. */
function certificates(name: string): { ca: string; certificate: string; key: string } {
  const file = (suffix: string): string => join(directory, `${name}-${suffix}`);
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca'),
    '-subj',
    `/CN=${name} CA`,
  );
  openssl(
    'req',
    ...newKey.slice(0, 3),
    '-keyout',
    file('key'),
    '-out',
    file('csr'),
    '-subj',
    `/CN=${name}`,
  );
  openssl(
    ...['x509', '-req', '-in', file('csr'), '-CA', file('ca'), '-CAkey', file('ca.key')],
    ...['-CAcreateserial', '-days', '2', '-out', file('certificate')],
  );
  const [ca, certificate, key] = ['ca', 'certificate', 'key'].map((suffix) =>
    readFileSync(file(suffix), 'utf8'),
  );
  return { ca: ca!, certificate: certificate!, key: key! };
}
