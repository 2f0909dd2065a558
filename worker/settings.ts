/** Every setting of a worker: its variable, what it accepts, its default. docs/configuration.md says what each means. */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CONFIG_VARIABLE } from '../src/adapters/configurationFile';
import { APPROVAL_MODES } from '../src/model/approval';

const flag = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['0', '1', 'true', 'false'], { error: 'expected 1, 0, true or false' }))
  .default('0')
  .transform((text) => text === '1' || text === 'true');

const text = z.string().min(1);
const hostAndPort = (example: string) =>
  z.string().regex(/^(?:\[[0-9a-fA-F:]+\]|[^\s:[\]]+):\d{1,5}$/, {
    error: `expected host:port, such as ${example}`,
  });
const wholeNumber = (min: number, max: number) => {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};
const oneOf = <const T extends readonly [string, ...string[]]>(...accepted: T) =>
  z.enum(accepted, { error: `expected one of ${accepted.join(', ')}` });
/** Worker Deployments take names without the separators that Temporal itself puts between name and build. */
const label = z.string().regex(/^[A-Za-z0-9][\w-]{0,126}$/, {
  error: 'expected up to 127 letters, digits, _ and -',
});
const buildLabel = z.string().regex(/^[A-Za-z0-9][\w.+-]{0,126}$/, {
  error: 'expected up to 127 letters, digits, ., +, _ and -',
});
export const secretReference = z.string().regex(/^(env:[A-Za-z_]\w*|file:\/.+)$/, {
  error: 'expected env:NAME or file:/absolute/path',
});

const stateHome = () =>
  join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'zkferry');

export const settingsSchema = z.object({
  [CONFIG_VARIABLE]: text.optional(),
  TEMPORAL_ADDRESS: hostAndPort('127.0.0.1:7233').default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: text.default('default'),
  TEMPORAL_API_KEY: text.optional(),
  TEMPORAL_TLS: flag,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: text.optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: text.optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: text.optional(),
  TEMPORAL_TLS_SERVER_NAME: text.optional(),
  ZKFERRY_INVENTORY: text.default('zkferry.yaml'),
  ZKFERRY_ALLOW_INLINE: flag,
  ZKFERRY_SITE: text.optional(),
  ZKFERRY_SECRET_FILE: text.default(join(stateHome(), 'secret')),
  ZKFERRY_STATE: text.default(join(tmpdir(), 'zkferry')),
  ZKFERRY_CODEC_KEYS: secretReference.optional(),
  ZKFERRY_APPROVALS: oneOf(...APPROVAL_MODES).default('open'),
  ZKFERRY_APPROVAL_KEYS: text.optional(),
  ZKFERRY_LOG_LEVEL: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent').default('info'),
  ZKFERRY_MAX_ACTIVITIES: wholeNumber(2, 1_000).default(50),
  ZKFERRY_SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000).default(10_000),
  ZKFERRY_METRICS: hostAndPort('127.0.0.1:9464').optional(),
  ZKFERRY_DEPLOYMENT: label.optional(),
  ZKFERRY_BUILD_ID: buildLabel.optional(),
  ZKFERRY_VERSIONING: oneOf('pinned', 'autoUpgrade').default('autoUpgrade'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'expected a URL such as http://127.0.0.1:4318' })
    .optional(),
  OTEL_SERVICE_NAME: text.default('zkferry-worker'),
});

export type SettingName = keyof typeof settingsSchema.shape;
export type WorkerConfiguration = z.output<typeof settingsSchema>;

/** What is printed only as being set. */
export const SECRET_SETTINGS: readonly SettingName[] = ['TEMPORAL_API_KEY'];

/** Settings that are nothing without another one. */
export const GO_TOGETHER: readonly (readonly [SettingName, SettingName])[] = [
  ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_KEY_PATH'],
  ['TEMPORAL_TLS_CLIENT_KEY_PATH', 'TEMPORAL_TLS_CLIENT_CERT_PATH'],
  ['ZKFERRY_DEPLOYMENT', 'ZKFERRY_BUILD_ID'],
  ['ZKFERRY_BUILD_ID', 'ZKFERRY_DEPLOYMENT'],
];
