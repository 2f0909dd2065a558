/** Ensembles of the inventory: which there are, what they are, how they are now. */
import { setMaxListeners } from 'node:events';
import { z } from 'zod';
import { observeEnsemble } from '../../../activities/observe/observeEnsemble';
import { may } from '../../model/identity';
import { demand } from '../identity';
import { ensembleParams, problems } from '../schemas';
import type { Routes } from './types';

const OBSERVE_DEADLINE_MS = 20_000;
const PROBE_TIMEOUT_MS = 1_500;

const serverSchema = z.object({
  ...{ name: z.string(), host: z.string(), clientPort: z.int() },
  ...{ role: z.string(), spare: z.boolean() },
});

export const ensembleRoutes: Routes = (api, { inventory, zookeeper, host, secrets }) => {
  api.route({
    method: 'GET',
    url: '/v1/ensembles',
    schema: {
      tags: ['ensembles'],
      summary: 'the ensembles one may see',
      response: {
        200: z.object({
          items: z.array(
            z.object({
              ...{ name: z.string(), site: z.string().optional() },
              ...{ servers: z.array(serverSchema), repository: z.string().optional() },
            }),
          ),
        }),
        ...problems,
      },
    },
    async handler({ identity }) {
      const names = (await inventory.names()).filter((name) => may(identity, 'viewer', name));
      const ensembles = await Promise.all(names.map((name) => inventory.resolve(name)));
      return {
        items: ensembles.map(({ name, site, servers, repository }) => ({
          ...{ name, site, repository },
          servers: servers.map((server) => ({
            ...{ name: server.name, host: server.host, clientPort: server.clientPort },
            ...{ role: server.role, spare: server.spare },
          })),
        })),
      };
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/ensembles/:ensemble',
    schema: {
      tags: ['ensembles'],
      summary: 'what an ensemble is: versions, roles, quorum, configuration, warnings',
      params: ensembleParams,
      response: { 200: z.looseObject({ servers: z.array(z.looseObject({})) }), ...problems },
    },
    async handler({ params, identity }) {
      demand(identity, 'viewer', params.ensemble);
      const signal = AbortSignal.timeout(OBSERVE_DEADLINE_MS);
      setMaxListeners(0, signal);
      const facts = await observeEnsemble(
        { zookeeper, host, secrets },
        await inventory.resolve(params.ensemble),
        { depth: 'full', context: { signal, heartbeat: () => undefined } },
      );
      return facts as unknown as { servers: Record<string, unknown>[] };
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/ensembles/:ensemble/health',
    schema: {
      tags: ['ensembles'],
      summary: 'how its servers are now, by one question to each',
      params: ensembleParams,
      response: {
        200: z.object({
          ...{ at: z.string(), leader: z.string().optional(), quorum: z.boolean() },
          servers: z.array(
            z.object({
              ...{ server: z.string(), state: z.string(), role: z.string().optional() },
              ...{ version: z.string().optional(), zxid: z.string().optional() },
              latencyMs: z.number().optional().describe('average, as the server says'),
              connections: z.number().optional(),
              outstanding: z.number().optional().describe('requests that wait'),
              detail: z.string().optional(),
            }),
          ),
        }),
        ...problems,
      },
    },
    async handler({ params, identity }) {
      demand(identity, 'viewer', params.ensemble);
      const { servers } = await inventory.resolve(params.ensemble);
      const seen = await Promise.all(
        servers
          .filter(({ spare }) => !spare)
          .map(async ({ name, host: address, clientPort, role: planned }) => {
            const probe = await zookeeper.probe(
              { host: address, clientPort },
              { timeoutMs: PROBE_TIMEOUT_MS, detailed: true },
            );
            const { state, role, version, zxid, connections, outstandingRequests } = probe;
            return {
              ...{ server: name, state, role, version, zxid, connections },
              ...{ latencyMs: probe.latency?.avgMs, outstanding: outstandingRequests },
              detail: probe.stateDetail,
              votes: planned === 'participant',
            };
          }),
      );
      const voters = seen.filter(({ votes }) => votes);
      const serving = voters.filter(({ state }) => state === 'serving').length;
      return {
        at: new Date().toISOString(),
        leader: seen.find(({ role }) => role === 'leader')?.server,
        quorum: serving * 2 > voters.length,
        servers: seen.map(({ votes: _votes, ...server }) => server),
      };
    },
  });
};
