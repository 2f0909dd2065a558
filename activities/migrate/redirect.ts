/** Clients: looked at before, led over in batches, led back, and who is still where they were. */
import { setMaxListeners } from 'node:events';
import { isZkferryError } from '../../src/model/errors';
import type { OperationContext } from '../../src/model/ports';
import type {
  ClientOutcome,
  LookedAtClient,
  Readiness,
  RedirectArgs,
  Sides,
} from '../../src/model/redirect';
import { leftServers } from '../../src/planning/redirect/sides';
import type { Dependencies } from '../dependencies';
import { operation, tokenOf } from '../operation';
import { inParallel } from './inParallel';
import { lookAtOne, sharedAddresses, sideFindings } from './lookAtClients';
import { readinessOf } from './readiness';
import { redirectOne, redirectPortOf, returnOne, type ClientPlace } from './redirectClient';
import { sessionLook } from './sideSessions';

/** Far below the SSH connections that one worker may hold. */
const MAX_AT_ONCE = 32;

export interface RedirectActivities {
  /** Nothing is touched. `planned`: what must still be so. Findings about a server concern every client proven by its session. */
  lookAtClients: (args: { clients: string[] } & Sides & Pick<RedirectArgs, 'planned'>) => Promise<{
    clients: LookedAtClient[];
    findings: LookedAtClient['findings'];
  }>;
  redirectBatch: (args: RedirectArgs) => Promise<{ outcomes: ClientOutcome[] }>;
  /** The very sides of the way there: `from` is where they are led back to. */
  returnClients: (args: RedirectArgs) => Promise<{ outcomes: ClientOutcome[] }>;
  /** `clients`: whose names are known by their addresses. */
  readiness: (args: { clients?: string[] } & Sides) => Promise<Readiness>;
}

export function redirectActivities(dependencies: Dependencies): RedirectActivities {
  return {
    lookAtClients: ({ clients, planned = {}, ...sides }) =>
      operation(async (context) => {
        expectMany(context);
        const shared = sharedAddresses(await namesByAddress(dependencies, clients, context));
        const [looks, findings] = await Promise.all([
          inParallel(clients, MAX_AT_ONCE, (name) =>
            lookAtOne(dependencies, name, { ...sides, ...of(planned, name) }, context),
          ),
          sideFindings(dependencies.zookeeper, sides, context),
        ]);
        for (const look of looks) look.findings.push(...(shared.get(look.client) ?? []));
        return { clients: looks, findings };
      }),

    redirectBatch: (args) =>
      operation(async (context) => {
        const left = leftServers(args);
        const place = placeOf(dependencies, args, context, { left, arrive: args.to.servers });
        const outcomes = await inParallel(args.clients, MAX_AT_ONCE, (name) =>
          redirectOne(name, args, place),
        );
        return { outcomes };
      }),

    returnClients: (args) =>
      operation(async (context) => {
        const left = leftServers({ from: args.to, to: args.from });
        const place = placeOf(dependencies, args, context, { left, arrive: args.from.servers });
        const outcomes = await inParallel(args.clients, MAX_AT_ONCE, (name) =>
          returnOne(name, args, place),
        );
        return { outcomes };
      }),

    readiness: ({ clients = [], ...sides }) =>
      operation(async (context) =>
        readinessOf(
          dependencies.zookeeper,
          sides,
          await namesByAddress(dependencies, clients, context),
          context,
        ),
      ),
  };
}

/** Of clients that the plan knows nothing of nothing is expected. */
const of = (planned: NonNullable<RedirectArgs['planned']>, name: string) =>
  planned[name] === undefined ? {} : { planned: planned[name] };

/** Every command and question of every client hears the one signal. */
const expectMany = ({ signal }: OperationContext): void => setMaxListeners(0, signal);

function placeOf(
  dependencies: Dependencies,
  { fence }: RedirectArgs,
  context: OperationContext,
  sides: Parameters<typeof sessionLook>[1],
): ClientPlace {
  expectMany(context);
  return {
    inventory: dependencies.inventory,
    redirect: redirectPortOf(dependencies),
    look: sessionLook(dependencies.zookeeper, sides, context),
    token: tokenOf(fence),
    context,
  };
}

/** A name that leads to no address is left out: the client's own look says so. */
export async function namesByAddress(
  dependencies: Dependencies,
  clients: readonly string[],
  context: OperationContext,
): Promise<Map<string, string[]>> {
  const redirect = redirectPortOf(dependencies);
  const names = new Map<string, string[]>();
  await inParallel(clients, MAX_AT_ONCE, async (name) => {
    context.signal.throwIfAborted();
    try {
      for (const address of await redirect.sourcesOf(await dependencies.inventory.client(name)))
        names.set(address, [...(names.get(address) ?? []), name]);
    } catch (error) {
      if (!isZkferryError(error)) throw error;
    }
  });
  return names;
}
