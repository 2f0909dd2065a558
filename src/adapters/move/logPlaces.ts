/**
 * Where in each member's log a transaction stands that is captured for good: looked up while the ensemble serves, so that
 * nothing before it need be read once it does not. A place is a hint: whoever reads from there proves what stands there.
 */
import { isZkferryError } from '../../model/errors';
import type { DataDirectory } from '../../model/hostData';
import type { ResolvedServer } from '../../model/inventory';
import type { HostPort, OperationContext } from '../../model/ports';
import { zxidText, zxidValue } from '../../model/zxid';
import { logsIn, scanLog } from './scanLogs';

export interface KnownPlace {
  file: string;
  directory: DataDirectory;
  /** Of the record, from the beginning of the file. */
  offset: number;
  /** `0x…`: what stands there. */
  zxid: string;
}

/** By server. */
export type LogPlaces = Readonly<Record<string, KnownPlace>>;

/** The last transaction up to `captured` in each log. Members of which it cannot be told are left out. Reads only. */
export async function findLogPlaces(
  host: HostPort,
  servers: readonly ResolvedServer[],
  captured: string,
  context: OperationContext,
): Promise<LogPlaces> {
  const found = await Promise.all(
    servers.map(async (server) => {
      const place = await placeIn(host, server, zxidValue(captured), context).catch(
        untold(context),
      );
      return place === undefined ? [] : [[server.name, place] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}

/** A log that is written to may be purged, or end in the middle of a record, at any moment. */
const untold =
  ({ signal }: OperationContext) =>
  (error: unknown): undefined => {
    signal.throwIfAborted();
    if (!isZkferryError(error)) throw error;
  };

async function placeIn(
  host: HostPort,
  server: ResolvedServer,
  captured: bigint,
  context: OperationContext,
): Promise<KnownPlace | undefined> {
  const { files } = await host.listDataFiles(server, context);
  const file = logsIn(files).findLast(({ zxid }) => zxidValue(zxid) <= captured);
  if (file === undefined) return undefined;
  let last: KnownPlace | undefined;
  for await (const { zxid, offset } of scanLog(host, server, { file }, context)) {
    if (zxid > captured) break;
    last = { file: file.name, directory: file.directory, offset, zxid: zxidText(zxid) };
  }
  return last;
}
