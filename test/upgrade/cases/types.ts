import { Harness, type HarnessOptions } from '../../support/harness';

/** One proof: builds what it needs, stages its fault, asserts, and leaves nothing behind. */
export interface Case {
  name: string;
  run(): Promise<void>;
}

export const OLD = '3.8.4';
export const NEW = '3.9.6';

/** Runs `work` on an installation of its own. */
export async function withHarness(
  options: HarnessOptions,
  work: (harness: Harness) => Promise<void>,
): Promise<void> {
  const harness = await Harness.create(options);
  try {
    await work(harness);
  } finally {
    await harness.destroy();
  }
}
