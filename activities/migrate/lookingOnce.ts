/** Looks that several plans made together share: each host, and the tree, is looked at once. */
import type { Dependencies } from '../dependencies';

export function lookingOnce(dependencies: Dependencies): Dependencies {
  const { host, tree } = dependencies;
  const asked = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, look: () => Promise<T>): Promise<T> => {
    const known = asked.get(key) as Promise<T> | undefined;
    const answer = known ?? look();
    asked.set(key, answer);
    return answer;
  };
  return {
    ...dependencies,
    host: {
      ...host,
      observe: (server, context, options) =>
        once(JSON.stringify(['host', server.ensemble, server.name, options?.depth]), () =>
          host.observe(server, context, options),
        ),
    },
    ...(tree && {
      tree: {
        look: (ensemble, members, options, context) =>
          once(JSON.stringify(['tree', ensemble.name]), () =>
            tree.look(ensemble, members, options, context),
          ),
      },
    }),
  };
}

/** The same, of ensembles without clients: what stands against leading them over is no mode's own. */
export function withoutClients(dependencies: Dependencies): Dependencies {
  const { inventory } = dependencies;
  return {
    ...dependencies,
    inventory: {
      resolve: async (ref) => ({ ...(await inventory.resolve(ref)), clients: [] }),
      names: () => inventory.names(),
      repositoryNames: () => inventory.repositoryNames(),
      repository: (name) => inventory.repository(name),
      client: (name) => inventory.client(name),
      webhook: (name) => inventory.webhook(name),
    },
  };
}
