# The worker and the command in one image. glibc: Temporal's core and the ZooKeeper client are native modules.
FROM node:22-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node node_modules/typescript/bin/tsc -p tsconfig.json \
 && node dist/worker/buildBundle.js \
 && node node_modules/vite/bin/vite.js build -c src/console/vite.config.mjs \
 && npm prune --omit=dev

FROM node:22-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tini && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build --chown=node:node /app/package.json ./
COPY --from=build --chown=node:node /app/node_modules ./node_modules
COPY --from=build --chown=node:node /app/dist ./dist
RUN mkdir -p /var/lib/zkferry && chown node:node /var/lib/zkferry
USER node
ENV NODE_ENV=production
ENTRYPOINT ["tini", "--", "node", "dist/src/cli/main.js"]
CMD ["worker"]
