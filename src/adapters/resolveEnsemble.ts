/** Ensemble defaults + what a server says itself → one server with everything filled in. */
import type { ErrorType } from '../model/errors';
import {
  directoriesSchema,
  sshSchema,
  type EnsembleSpec,
  type ResolvedEnsemble,
  type ResolvedServer,
} from '../model/inventory';
import { parseOrThrow } from '../model/validation';

/** An ensemble as it was written, before the schema's own defaults: tells "left out" from "the default". */
export interface RawEnsemble {
  servers: RawServer[];
  ssh?: Fields;
  directories?: Fields;
}
interface RawServer {
  ssh?: Fields;
  directories?: Fields;
}
type Fields = Record<string, unknown>;

/** What the schema fills in before an inline ensemble gets here. */
const INLINE_DEFAULTS: { ssh: Fields; directories: Fields } = {
  ssh: { port: 22, user: 'root', become: 'none', connectTimeoutMs: 10_000 },
  directories: { state: '/var/lib/zkferry', backup: '/var/backups/zkferry' },
};
const NO_DEFAULTS: typeof INLINE_DEFAULTS = { ssh: {}, directories: {} };

/**
 * `where` names the document in errors. A server without any SSH setting, nor its ensemble, gets none:
 * it is observed over the client port only.
 */
export function resolveEnsemble(
  name: string,
  spec: EnsembleSpec,
  raw: RawEnsemble,
  where: string,
  errorType: ErrorType,
  origin: 'file' | 'inline',
): ResolvedEnsemble {
  const filledIn = origin === 'inline' ? INLINE_DEFAULTS : NO_DEFAULTS;
  const { servers, service, package: packageSpec, javaHome, ...rest } = spec;
  const resolved = servers.map((server, index): ResolvedServer => {
    const rawServer = raw.servers[index] ?? {};
    const at = `${where}: ensembles.${name}.servers.${index}`;
    const ssh = overlay(raw.ssh, rawServer.ssh, filledIn.ssh);
    const directories = overlay(raw.directories, rawServer.directories, filledIn.directories);
    return {
      ensemble: name,
      name: server.name,
      id: server.id,
      host: server.host,
      clientPort: server.clientPort,
      role: server.role,
      spare: server.spare,
      service: server.service ?? service,
      package: server.package ?? packageSpec,
      javaHome: server.javaHome ?? javaHome,
      ...(Object.keys(ssh).length > 0 && {
        ssh: {
          ...parseOrThrow(sshSchema, ssh, `${at}.ssh`, errorType),
          host: (ssh.host as string | undefined) ?? server.host,
        },
      }),
      ...(directories.config !== undefined && {
        directories: parseOrThrow(directoriesSchema, directories, `${at}.directories`, errorType),
      }),
    };
  });
  const ensemble: Omit<typeof rest, 'ssh' | 'directories'> & Partial<typeof rest> = { ...rest };
  delete ensemble.ssh;
  delete ensemble.directories;
  return { ...ensemble, name, servers: resolved };
}

/**
 * The server's own fields over the ensemble's. An inline ensemble arrives with the schema's defaults
 * already filled in, so a server's field that merely equals its default does not hide the ensemble's.
 */
function overlay(common: Fields = {}, own: Fields = {}, defaults: Fields): Fields {
  const said = Object.entries(own).filter(
    ([field, value]) => value !== undefined && !(field in common && value === defaults[field]),
  );
  return { ...common, ...Object.fromEntries(said) };
}
