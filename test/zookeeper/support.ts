/** What the tests against real ensembles share. */
import { createLab, type Lab, type LabOptions, type LabServer } from '../../src/lab/lab';
import { ensembleSchema, type ResolvedEnsemble } from '../../src/model/inventory';
import type { OperationContext, SessionOptions } from '../../src/model/ports';

export const CREDENTIAL = 'zkferry:secret';
export const AUTH = [{ scheme: 'digest', credential: CREDENTIAL }];

export async function startLab(options: LabOptions): Promise<Lab> {
  const lab = await createLab(options);
  await lab.start();
  return lab;
}

export const addressOf = ({ host, clientPort }: LabServer): SessionOptions['servers'][number] => ({
  host,
  clientPort,
});

export const addressesOf = (lab: Lab): SessionOptions['servers'] => lab.members.map(addressOf);

/** The lab's ensemble as an inventory would give it, without SSH. */
export function ensembleOf(lab: Lab): ResolvedEnsemble {
  const spec = ensembleSchema.parse({ servers: addressesOf(lab).map(namedServer) });
  const servers = spec.servers.map(({ name, id, host, clientPort, role, spare }) => ({
    ...{ ensemble: lab.name, name, id, host, clientPort, role, spare },
  }));
  return { ...spec, name: lab.name, servers };
}

const namedServer = (address: { host: string; clientPort: number }, index: number) => ({
  ...address,
  name: `zk${index + 1}`,
  id: index + 1,
});

export function quietContext(): OperationContext {
  return { signal: new AbortController().signal, heartbeat: () => undefined };
}

/** Polls until `check` gives something; fails with `what` and the last error after `deadlineMs`. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  deadlineMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`not so after ${deadlineMs} ms: ${what}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
