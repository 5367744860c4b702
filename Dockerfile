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
ENV NODE_OPTIONS="--max-semi-space-size=4 --v8-pool-size=1" MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY migrations ./migrations
COPY src ./src
COPY --from=console /app/web/dist ./web/dist

# As scripts/launch.mjs does, what was compiled, its types stripped, is kept: a process takes 10 MB less. Node looks for it in
# a folder with the number of its user, and makes files that only who wrote them can read.
ENV NODE_COMPILE_CACHE=/app/.compile-cache
RUN node src/main.ts --help > /dev/null && node --input-type=module --eval "\
  import { glob, readFile } from 'node:fs/promises'; \
  const { dependencies } = JSON.parse(await readFile('package.json')); \
  for (const name in dependencies) await import(name); \
  for await (const file of glob('src/*/**/*.ts')) await import('./' + file)" && \
  chmod -R a+rX .compile-cache && cd .compile-cache && \
  for made in *; do [ -e "${made%-*}-1000" ] || mv "$made" "${made%-*}-1000"; done

# The user `node`, by number: an orchestrator can then see that it is not root. Nothing in the image belongs to it.
USER 1000:1000
EXPOSE 5000
STOPSIGNAL SIGTERM

# Liveness, not readiness: an API whose database is away says 503 on /readyz and comes back by itself; to end its
# container would help nobody. Ask /readyz where requests are handed out. A worker has no port: disable this there.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 5000}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

CMD ["node", "src/main.ts", "serve"]
