/** Backups: what can be restored, what was proven, what happened to a path. */
import { z } from 'zod';
import { lastDrill } from '../../adapters/repository/drills';
import { pathHistory } from '../../adapters/repository/pathHistory';
import { chooseFrom } from '../../adapters/restore/fromRepository';
import { may, maySomewhere } from '../../model/identity';
import { name } from '../../model/fields';
import { ensembleName } from '../../model/inventory';
import { restorableRanges } from '../../planning/backup/restorable';
import { demand, demandSomewhere } from '../identity';
import { limitSchema, problems, znodePathSchema } from '../schemas';
import type { Routes } from './types';

const params = z.object({ repository: name });
const HISTORY_DEADLINE_MS = 60_000;

export const repositoryRoutes: Routes = (api, { inventory, backup }) => {
  api.route({
    method: 'GET',
    url: '/v1/repositories',
    schema: {
      tags: ['backups'],
      summary: 'repositories of the inventory',
      response: { 200: z.object({ items: z.array(z.object({ name: z.string() })) }), ...problems },
    },
    async handler({ identity }) {
      if (!maySomewhere(identity, 'viewer')) return { items: [] };
      const names = await inventory.repositoryNames();
      return { items: names.map((one) => ({ name: one })) };
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/repositories/:repository/backups',
    schema: {
      tags: ['backups'],
      summary: 'by ensemble: bases, what can be restored, holes, and the last drill',
      params,
      response: {
        200: z.object({
          place: z.string(),
          items: z.array(
            z.object({
              ensemble: z.string(),
              timelines: z.array(
                z.object({
                  number: z.int(),
                  restorable: z.array(z.looseObject({})),
                  bases: z.array(z.looseObject({})),
                  holes: z.array(z.looseObject({})),
                }),
              ),
              lastDrill: z.looseObject({}).optional(),
            }),
          ),
        }),
        ...problems,
      },
    },
    async handler({ params: { repository: given }, identity }) {
      demandSomewhere(identity, 'viewer');
      const repository = await backup.openRepository(given);
      const names = (await repository.ensembles()).filter((one) => may(identity, 'viewer', one));
      const items = await Promise.all(
        names.map(async (ensemble) => {
          const contents = await repository.contents(ensemble);
          const drill = await lastDrill(repository, ensemble);
          return {
            ensemble,
            timelines: contents.timelines.map((timeline) => ({
              number: timeline.number,
              restorable: restorableRanges(timeline) as unknown as Record<string, unknown>[],
              bases: timeline.bases as unknown as Record<string, unknown>[],
              holes: timeline.holes,
            })),
            ...(drill && { lastDrill: drill as unknown as Record<string, unknown> }),
          };
        }),
      );
      return { place: repository.store.shown, items };
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/repositories/:repository/history',
    schema: {
      tags: ['backups'],
      summary: 'who changed a znode when, as far back as the log goes; the newest changes',
      params,
      querystring: z.object({
        ensemble: ensembleName,
        path: znodePathSchema,
        limit: limitSchema(1_000).default(100),
      }),
      response: {
        200: z.object({
          ...{ path: z.string(), from: z.string(), to: z.string(), total: z.int() },
          ...{ changes: z.array(z.looseObject({})), gaps: z.array(z.string()) },
        }),
        ...problems,
      },
    },
    async handler({ params: { repository: given }, query, identity }) {
      const { ensemble, path, limit } = query;
      demand(identity, 'operator', ensemble);
      const repository = await backup.openRepository(given);
      const contents = await repository.contents(ensemble);
      const latest = await chooseFrom(
        repository,
        contents,
        { kind: 'latest' },
        {
          acceptOlder: true,
        },
      );
      const found = await pathHistory(repository, contents, latest, path, {
        ...{ limit, signal: AbortSignal.timeout(HISTORY_DEADLINE_MS) },
      });
      return { path, ...found, changes: found.changes as unknown as Record<string, unknown>[] };
    },
  });
};
