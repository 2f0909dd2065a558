/** The HTTP server: its hooks and limits in one place, its routes in ./routes. Its schemas are the one source of OpenAPI. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyRequest } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { ZkferryError } from '../model/errors';
import { serveConsole } from './console';
import type { ServerDependencies } from './dependencies';
import { isDeeperThan, MAX_DEPTH } from './depth';
import { authenticate, COOKIE, CSRF_HEADER } from './identity';
import { PROBLEM_TYPE, problemOf, sendProblem } from './problems';
import { auditRoutes } from './routes/audit';
import { controlRoutes } from './routes/controls';
import { diffRoutes } from './routes/diffs';
import { ensembleRoutes } from './routes/ensembles';
import { healthRoutes } from './routes/health';
import { metricsRoutes } from './routes/metrics';
import { oidcRoutes } from './routes/oidc';
import { repositoryRoutes } from './routes/repositories';
import { runRoutes } from './routes/runs';
import { sessionRoutes } from './routes/session';
import { strategyRoutes } from './routes/strategies';
import { treeRoutes } from './routes/tree';
import type { Api } from './routes/types';

const MAX_BODY_BYTES = 1 << 20;
/** Whoever sends a request more slowly is cut off. */
const REQUEST_MS = 15_000;
const HEADERS_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;
const MAX_CONNECTIONS = 5_000;

/** By node's code. */
const BROKEN: Record<string, [number, string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Anybody may ask. */
    open?: boolean;
    /** Outside of /v1, and yet not for anybody. */
    authenticated?: boolean;
  }
}

const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    ...{ 'default-src': ["'none'"], 'script-src': ["'self'"], 'style-src': ["'self'"] },
    ...{ 'img-src': ["'self'", 'data:'], 'connect-src': ["'self'"], 'font-src': ["'self'"] },
    ...{ 'form-action': ["'self'"], 'base-uri': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
};

/** Swagger's page adds a style of its own; scripts come from files, as everywhere. */
const POLICY_OF_DOCS = {
  ...CONTENT_SECURITY_POLICY.directives,
  'style-src': ["'self'", "'unsafe-inline'"],
};

export async function buildServer(dependencies: ServerDependencies): Promise<Api> {
  const { configuration, version } = dependencies;
  const api: Api = fastify({
    logger: {
      level: configuration.logLevel,
      // Standard output is for what a command says.
      stream: process.stderr,
      redact: ['req.headers.authorization', 'req.headers.cookie'],
      serializers: { req: requestInLog },
    },
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Of X-Forwarded-For only what the proxy itself has added: the rest is whatever a client likes to say.
    trustProxy: configuration.behindProxy && ((_address: string, hop: number) => hop === 0),
    genReqId: () => randomUUID(),
    clientErrorHandler: answerBrokenRequest,
    // Before there is a route: a path that is not percent-encoded right, a parameter that is too long.
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    http: { headersTimeout: HEADERS_MS },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 300 },
    ...(await tlsOf(dependencies)),
  }).withTypeProvider<ZodTypeProvider>();
  api.server.maxConnections = MAX_CONNECTIONS;
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);
  api.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  api.setNotFoundHandler((request, reply) =>
    sendProblem(
      Object.assign(new Error(`there is no ${request.method} ${request.url.split('?')[0]}`), {
        statusCode: 404,
      }),
      request,
      reply,
    ),
  );
  refuseDeepJson(api);
  await api.register(cookie);
  await api.register(helmet, { contentSecurityPolicy: CONTENT_SECURITY_POLICY });
  await api.register(rateLimit, {
    max: configuration.requestsPerMinute,
    timeWindow: 60_000,
    // Before it is known who asks: whoever guesses tokens is bounded, too.
    keyGenerator: ({ ip }) => ip,
  });
  const isOfApi = ({ routeOptions: { url } }: FastifyRequest): boolean =>
    url?.startsWith('/v1/') === true;
  api.addHook('onRequest', async (request, reply) => {
    if (isOfApi(request)) void reply.header('cache-control', 'no-store');
  });
  // The bound by address is a hook of each route, and those come after all others of their kind: this one after it, before the body.
  api.addHook('preParsing', async (request) => {
    const { config } = request.routeOptions;
    if (config.authenticated === true || (isOfApi(request) && config.open !== true))
      await authenticate(dependencies, request);
  });
  await describe(api, version);
  for (const routes of [
    ...[sessionRoutes, oidcRoutes, strategyRoutes, ensembleRoutes, runRoutes, controlRoutes],
    ...[treeRoutes, diffRoutes, repositoryRoutes, auditRoutes],
    ...[healthRoutes, metricsRoutes],
  ])
    routes(api, dependencies);
  await serveConsole(api, dependencies.consoleDirectory);
  await api.ready();
  return api;
}

/** As fastify has it; but of a login by the identity provider the query is a code that lets somebody in. */
function requestInLog({ method, url, host, ip, socket }: FastifyRequest) {
  const shown = url.startsWith('/v1/session/') ? url.split('?')[0] : url;
  return { method, url: shown, host, remoteAddress: ip, remotePort: socket.remotePort };
}

/** What is no HTTP, or too much of it: there is no request yet, only the connection. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const [status, reason] = BROKEN[error.code ?? ''] ?? [400, 'Bad Request'];
  const body = JSON.stringify(
    problemOf(Object.assign(new Error(reason.toLowerCase()), { statusCode: status })),
  );
  socket.end(
    [
      `HTTP/1.1 ${status} ${reason}`,
      ...[`content-type: ${PROBLEM_TYPE}`, `content-length: ${body.length}`, 'connection: close'],
      `\r\n${body}`,
    ].join('\r\n'),
  );
}

async function tlsOf({ configuration, secrets }: ServerDependencies) {
  const { tls } = configuration;
  if (tls === undefined) return {};
  const [cert, key] = await Promise.all([
    secrets.resolve(tls.certificate, { isPublic: true }),
    secrets.resolve(tls.key),
  ]);
  return { https: { cert, key } };
}

function refuseDeepJson(api: Api): void {
  const parse = api.getDefaultJsonParser('error', 'error');
  api.removeContentTypeParser('text/plain');
  api.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Nothing is as good as an empty object: most of what is steered needs no more.
    const text = body.length === 0 ? '{}' : String(body);
    if (isDeeperThan(text, MAX_DEPTH))
      done(
        new ZkferryError('InvalidInput', `the body is nested deeper than ${MAX_DEPTH}`),
        undefined,
      );
    else void parse(request, text, done);
  });
}

async function describe(api: Api, version: string): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'zkferry',
        version,
        description: 'Carries ZooKeeper ensembles to their next version, size or data centre.',
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'zkferry token create makes one' },
          session: {
            ...{ type: 'apiKey', in: 'cookie', name: COOKIE },
            description: `of POST /v1/session, or /v1/session/oidc; what changes something also shows ${CSRF_HEADER}`,
          },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutNeedlessBodies(jsonSchemaTransformObject(document)),
  });
  await api.register(swaggerUi, { routePrefix: '/docs', staticCSP: POLICY_OF_DOCS });
  api.get('/openapi.json', { schema: { hide: true }, config: { open: true } }, () =>
    Promise.resolve(api.swagger()),
  );
}

/** Where nothing at all may be sent, the document says so, too. */
function withoutNeedlessBodies<T extends object>(document: T): T {
  const { paths = {} } = document as { paths?: Record<string, Record<string, Operation>> };
  for (const [path, { post }] of Object.entries(paths))
    if (post?.requestBody && /\/(pause|resume|rollback|stop)$/.test(path))
      post.requestBody.required = false;
  return document;
}

interface Operation {
  requestBody?: { required?: boolean };
}
