# One image for all services: the command says which (`service planner`).
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npx -y pnpm@12.21.0 install --frozen-lockfile && node node_modules/typescript/bin/tsc --build

FROM node:22-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build --chown=node:node /app /app
USER node
ENTRYPOINT ["node", "apps/cli/bin/capplan.mjs"]
CMD ["help"]
