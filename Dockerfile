# The worker, with its workflows bundled at build time. The image also runs the emulator and every other command of temporal-tryon.
FROM node:22.22.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY scripts ./scripts
COPY docker ./docker
RUN npm run build && node docker/runtime-manifest.mjs && npm prune

FROM node:22.22.2-bookworm-slim
# Temporal's core verifies TLS with the system's certificates, which the slim image does not have.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
# By default glibc gives each thread of the native core its own memory arena, and an arena keeps the memory that it once had. Two are enough.
ENV MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY docker/worker-health.mjs ./docker/
USER node
# SIGTERM reaches the program directly, and it drains. New objects in a heap get 4 MB instead of 16: docs/limits-and-budget.md
ENTRYPOINT ["node", "--max-semi-space-size=4", "dist/cli/main.js"]
CMD ["worker"]
