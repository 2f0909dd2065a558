/** The ensembles between which all move: the same ones, and as full, whoever moves. */
import type { Lab } from '../../../src/lab/lab';
import { pump } from '../rawWriter';
import { multisOf, sampleNodes } from '../sampleTree';

export const FROM = '3.8.4';
export const TO = '3.9.6';
export const ROOT = '/bench';
/** A quarter of what a server is given by default; sessions of the load outlive it where they can. */
export const SESSION_TIMEOUT_MS = 10_000;
export const SETTINGS = { tickTime: '500', initLimit: '20', syncLimit: '6' };
export const JAVA_OPTIONS = ['-Xmx1024m'];

/** The sample tree, beside what the load writes. */
export async function fill(lab: Lab, nodes: number): Promise<void> {
  const name = await lab.leader();
  if (name === undefined) throw new Error(`nobody leads lab ${lab.name}`);
  await pump(lab.server(name), multisOf(sampleNodes(ROOT, nodes)));
}
