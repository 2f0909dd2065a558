/** Restores the newest moment of a repository, and prints what that took. Argument: a RestoreArgument as JSON. */
import { join } from 'node:path';
import { openRepository } from '../../../src/adapters/repository/openRepository';
import { storeNamed } from '../../../src/adapters/repository/openStore';
import { startScratchServer, writeDataDirectory } from '../../../src/adapters/restore';
import { chooseFrom, openExtraction } from '../../../src/adapters/restore/fromRepository';
import { ENSEMBLE } from './ensembleName';

export interface RestoreArgument {
  place: string;
  way: 'exact' | 'clean';
  /** `data`, in it, becomes the data directory. */
  directory: string;
  version: string;
  /** Of an unpacked release: a server is started on the data. Without it, they are left as they are. */
  releaseDirectory?: string;
}

export interface Restored {
  /** From the repository: the plan made, the base brought here. */
  fetchMs: number;
  /** The data directory, whole and durable. */
  writeMs: number;
  /** The server, from its process's start to its first answer; 0 without one. */
  serveMs: number;
  transactions: number;
  zxid: string;
  /** That the server holds; 0 without one. */
  nodes: number;
}

async function restore(argument: RestoreArgument): Promise<Restored> {
  const { place, way, directory, version, releaseDirectory } = argument;
  const began = performance.now();
  const repository = await openRepository(storeNamed(place));
  const contents = await repository.contents(ENSEMBLE);
  const extraction = await chooseFrom(repository, contents, { kind: 'latest' });
  const input = await openExtraction(repository, contents, extraction, directory);
  const fetched = performance.now();
  const dataDirectory = join(directory, 'data');
  const written = await writeDataDirectory(input, dataDirectory, { way, targetVersion: version });
  const done = performance.now();
  const restored = {
    fetchMs: fetched - began,
    writeMs: done - fetched,
    transactions: extraction.objects.reduce((sum, { txns }) => sum + txns, 0),
    zxid: written.zxid,
  };
  await input.close();
  if (releaseDirectory === undefined) return { ...restored, serveMs: 0, nodes: 0 };
  const starting = performance.now();
  const server = await startScratchServer({
    ...{ dataDirectory, isDisposable: true, releaseDirectory, directory },
    ...(written.nodes !== undefined && { nodes: written.nodes }),
  });
  const serveMs = performance.now() - starting;
  await server.close();
  if (server.zxid !== written.zxid)
    throw new Error(`the server says ${server.zxid}, restored was ${written.zxid}`);
  return { ...restored, serveMs, nodes: server.nodes };
}

restore(JSON.parse(process.argv[2]!) as RestoreArgument).then(
  (restored) => void process.stdout.write(`${JSON.stringify(restored)}\n`),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
