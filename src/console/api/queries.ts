/** What the pages ask for, by name, with how long an answer is good. */
import { QueryClient, queryOptions } from '@tanstack/react-query';
import type { EnsembleFacts } from '../../model/facts';
import { ApiError, request, setCsrf } from './client';
import type {
  AuditItem,
  Backups,
  ChildrenPage,
  Diff,
  EnsembleItem,
  Health,
  LoginProvider,
  Me,
  Page,
  PathHistory,
  RunDetail,
  RunSummary,
  Strategy,
  ZNode,
} from './types';

const HEALTH_EVERY_MS = 2_000;
const RUNS_EVERY_MS = 5_000;
const WORKER_EVERY_MS = 10_000;
const DIFF_EVERY_MS = 1_000;
const SELDOM_CHANGES_MS = 60_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal stays one. Where nobody answers, the way back is watched for elsewhere, and all is asked again.
      retry: false,
      networkMode: 'always',
      staleTime: 1_000,
    },
    mutations: { networkMode: 'always' },
  },
});

export const enc = encodeURIComponent;

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }) => {
    try {
      const me = await request<Me>('GET', '/me', { signal });
      // A session that came by the cookie alone, or to a server that was started anew, needs its token too.
      if (me.csrf !== undefined) setCsrf(me.csrf);
      return me;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: SELDOM_CHANGES_MS,
});

export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: ({ signal }) =>
    request<{ items: LoginProvider[] }>('GET', '/session/providers', { signal }),
  staleTime: SELDOM_CHANGES_MS,
});

export const workerQuery = queryOptions({
  queryKey: ['worker'],
  queryFn: ({ signal }) =>
    request<{ polls: boolean; taskQueue: string; detail?: string }>('GET', '/worker', { signal }),
  refetchInterval: WORKER_EVERY_MS,
});

export const strategiesQuery = queryOptions({
  queryKey: ['strategies'],
  queryFn: ({ signal }) => request<{ items: Strategy[] }>('GET', '/strategies', { signal }),
  staleTime: SELDOM_CHANGES_MS,
});

export const ensemblesQuery = queryOptions({
  queryKey: ['ensembles'],
  queryFn: ({ signal }) => request<{ items: EnsembleItem[] }>('GET', '/ensembles', { signal }),
  staleTime: SELDOM_CHANGES_MS,
});

export const healthQuery = (ensemble: string) =>
  queryOptions({
    queryKey: ['health', ensemble],
    queryFn: ({ signal }) =>
      request<Health>('GET', `/ensembles/${enc(ensemble)}/health`, { signal }),
    refetchInterval: HEALTH_EVERY_MS,
  });

/** Asked for by a person: looking at every server, host and file takes a while. */
export const factsQuery = (ensemble: string) =>
  queryOptions({
    queryKey: ['facts', ensemble],
    queryFn: ({ signal }) =>
      request<EnsembleFacts>('GET', `/ensembles/${enc(ensemble)}`, { signal }),
    enabled: false,
    staleTime: Infinity,
  });

export const nodeQuery = (ensemble: string, path: string) =>
  queryOptions({
    queryKey: ['node', ensemble, path],
    queryFn: ({ signal }) =>
      request<ZNode>('GET', `/ensembles/${enc(ensemble)}/tree/node`, { query: { path }, signal }),
  });

export const fetchChildren = (
  ensemble: string,
  query: { path: string; limit: number; cursor?: string; contains?: string },
): Promise<ChildrenPage> => request('GET', `/ensembles/${enc(ensemble)}/tree/children`, { query });

export const runsQuery = (query: {
  limit: number;
  cursor?: string;
  ensemble?: string;
  strategy?: string;
}) =>
  queryOptions({
    queryKey: ['runs', query],
    queryFn: ({ signal }) => request<Page<RunSummary>>('GET', '/runs', { query, signal }),
    refetchInterval: RUNS_EVERY_MS,
    placeholderData: (previous) => previous,
  });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id],
    queryFn: ({ signal }) => request<RunDetail>('GET', `/runs/${enc(id)}`, { signal }),
  });

export const repositoriesQuery = queryOptions({
  queryKey: ['repositories'],
  queryFn: ({ signal }) =>
    request<{ items: { name: string }[] }>('GET', '/repositories', { signal }),
  staleTime: SELDOM_CHANGES_MS,
});

export const backupsQuery = (repository: string) =>
  queryOptions({
    queryKey: ['backups', repository],
    queryFn: ({ signal }) =>
      request<Backups>('GET', `/repositories/${enc(repository)}/backups`, { signal }),
  });

export const historyQuery = (repository: string, ensemble: string, path: string) =>
  queryOptions({
    queryKey: ['history', repository, ensemble, path],
    queryFn: ({ signal }) =>
      request<PathHistory>('GET', `/repositories/${enc(repository)}/history`, {
        query: { ensemble, path, limit: 200 },
        signal,
      }),
    enabled: path !== '',
  });

export const diffQuery = (id: string | undefined) =>
  queryOptions({
    queryKey: ['diff', id],
    queryFn: ({ signal }) => request<Diff>('GET', `/diffs/${enc(id ?? '')}`, { signal }),
    enabled: id !== undefined,
    refetchInterval: ({ state }) =>
      state.data === undefined || state.data.state === 'running' ? DIFF_EVERY_MS : false,
  });

export const auditQuery = (cursor: string | undefined) =>
  queryOptions({
    queryKey: ['audit', cursor],
    queryFn: ({ signal }) =>
      request<Page<AuditItem>>('GET', '/audit', { query: { limit: 50, cursor }, signal }),
    placeholderData: (previous) => previous,
  });
