/** `--check`: the settled configuration as it would be used, secrets left out, and whether what it names is there. */
import { access, constants } from 'node:fs/promises';
import { readVerifier } from '../src/adapters/approvals/verifier';
import { createInventory } from '../src/adapters/inventory';
import { readCodecKeys } from '../src/adapters/temporal/codecKeys';
import { temporalFromEnvironment } from '../src/adapters/temporal/environment';
import { isZkferryError } from '../src/model/errors';
import { SETTING_NAMES, type Origin, type SettledConfiguration } from './configuration';
import { SECRET_SETTINGS, type SettingName } from './settings';

export interface CheckedConfiguration {
  ok: boolean;
  settings: Record<string, { value: unknown; from: Origin }>;
  /** One line each: what is named and is not there, or can't be used. */
  problems: string[];
  /** The stable type that all problems share; InvalidInput where they differ. */
  problemType?: string;
}

/** Looks at files only: neither Temporal nor an ensemble is asked. */
export async function checkConfiguration(
  settled: SettledConfiguration,
): Promise<CheckedConfiguration> {
  const { values, origins, environment } = settled;
  const found = await problemsOf([
    () => Promise.resolve(temporalFromEnvironment(environment)),
    () => readCodecKeys(environment),
    async () => {
      if (values.ZKFERRY_APPROVAL_KEYS !== undefined)
        await readVerifier(values.ZKFERRY_APPROVAL_KEYS);
    },
    async () => {
      // Ensembles given inside inputs need no inventory.
      if (!values.ZKFERRY_ALLOW_INLINE || origins.ZKFERRY_INVENTORY !== 'default')
        await createInventory({ path: values.ZKFERRY_INVENTORY }).names();
    },
    async () => {
      if (values.ZKFERRY_CONFIG !== undefined) await access(values.ZKFERRY_CONFIG, constants.R_OK);
    },
  ]);
  const types = new Set(found.map(({ type }) => type));
  return {
    ok: found.length === 0,
    settings: Object.fromEntries(
      SETTING_NAMES.filter((name) => values[name] !== undefined).map((name) => [
        name,
        { value: shown(name, values[name]), from: origins[name] },
      ]),
    ),
    problems: found.map(({ message }) => message),
    ...(found.length > 0 && { problemType: types.size === 1 ? [...types][0] : 'InvalidInput' }),
  };
}

const shown = (name: SettingName, value: unknown): unknown =>
  SECRET_SETTINGS.includes(name) ? 'set' : value;

interface Problem {
  type: string;
  message: string;
}

async function problemsOf(looks: (() => Promise<unknown>)[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const look of looks) {
    try {
      await look();
    } catch (error) {
      problems.push({
        type: isZkferryError(error) ? error.type : 'InvalidInput',
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return problems;
}
