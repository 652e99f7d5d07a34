# One image for gateway, worker and operator. Bases are arguments: BUILD_BASE has Node 22 and npm, BASE has Node 22.
# Optional build secrets: `npmrc` (an npm configuration) and `ca` (a bundle of certificate authorities).
ARG BASE=docker.io/library/node:22-bookworm-slim
ARG BUILD_BASE=${BASE}

FROM ${BUILD_BASE} AS packages
WORKDIR /build
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm ci --no-audit --no-fund --loglevel=error

FROM packages AS build
COPY tsconfig.json tsconfig.build.json ./
COPY operator operator
COPY server server
COPY client client
COPY web web
RUN npm run build

# What production needs: no development packages, no addon for another platform or another Node, no types and maps.
FROM packages AS production
RUN npm prune --omit=dev --no-audit --no-fund --loglevel=error \
 && keep=$(node -p '`uws_${process.platform}_${process.arch}_${process.versions.modules}.node`') \
 && test -f "node_modules/uWebSockets.js/dist/bin/$keep" \
 && find node_modules/uWebSockets.js/dist/bin -type f ! -name "$keep" -delete \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM ${BASE}
ENV NODE_ENV=production
# Nothing is installed in a running container.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn*
WORKDIR /app
COPY --from=production /build/package.json ./
COPY --from=production /build/node_modules node_modules
COPY --from=build /build/web/dist web/dist
COPY --from=build /build/dist ./
# A number, so that Kubernetes can check runAsNonRoot. Nothing is written: the root file system may be read-only.
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["node"]
CMD ["server/gateway.js"]
