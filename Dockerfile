# The image of the API and of the worker: `docker build -t tasklog .`
# The server has no build step: Node runs the TypeScript of src/ as it stands. The console, web/, is built.

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-slim AS console
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/build-console.ts ./scripts/
COPY web ./web
RUN node scripts/build-console.ts

FROM node:24-slim
# A container is reached through its network, so loopback would be nobody.
ENV NODE_ENV=production HOST=0.0.0.0
# What scripts/launch.mjs says about memory; a process takes 60 MB more without it.
ENV NODE_OPTIONS=--max-semi-space-size=4 MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY migrations ./migrations
COPY src ./src
COPY --from=console /app/web/dist ./web/dist

# The user `node`, by number: an orchestrator can then see that it is not root. Nothing in the image belongs to it.
USER 1000:1000
EXPOSE 5000
STOPSIGNAL SIGTERM

# Liveness, not readiness: an API whose database is away says 503 on /readyz and comes back by itself; to end its
# container would help nobody. Ask /readyz where requests are handed out. A worker has no port: disable this there.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 5000}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

CMD ["node", "src/main.ts", "serve"]
