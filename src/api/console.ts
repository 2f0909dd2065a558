/** The console's files, where they were built. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { Api } from './routes/types';

export async function serveConsole(api: Api, directory: string | undefined): Promise<void> {
  if (directory === undefined || !existsSync(join(directory, 'index.html'))) return;
  await api.register(fastifyStatic, {
    root: directory,
    prefix: '/console/',
    // Names of all but the page itself change with what is in them.
    setHeaders: (response, path) => {
      void response.setHeader(
        'cache-control',
        path.endsWith('.html') ? 'no-cache' : 'public, max-age=31536000, immutable',
      );
    },
  });
  for (const url of ['/', '/console'])
    api.get(url, { schema: { hide: true }, config: { open: true } }, (_request, reply) =>
      reply.redirect('console/'),
    );
}
