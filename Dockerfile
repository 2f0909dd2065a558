# Worker, server and command in one image. glibc: Temporal's core and the ZooKeeper client are native modules.
FROM node:22-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node -e "require('./src/bootstrap/build').ensureBuilt(process.cwd())" \
 && rm -rf dist/test \
 && npm prune --omit=dev

FROM node:22-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tini && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
COPY --chown=root:root deploy/docker/healthcheck.js ./deploy/docker/
# Volumes that are mounted here begin as what is here: theirs who runs.
RUN mkdir -p /var/lib/zkferry /srv/backups && chown node:node /var/lib/zkferry /srv/backups
USER node
ENV NODE_ENV=production
# Of a worker with ZKFERRY_METRICS: somebody polls. Of a server: it answers.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 CMD ["node", "deploy/docker/healthcheck.js"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "node", "dist/src/cli/main.js"]
# worker, or server
CMD ["worker"]
