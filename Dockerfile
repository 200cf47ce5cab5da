# For who builds with Docker, on base images of their own. What a release publishes is assembled by `npm run image`, reproducibly
# and with the same user, environment and entry point (docs/image.md). Both base images can be replaced, by a mirror or by a digest:
# --build-arg RUNTIME_IMAGE=…@sha256:…
ARG BUILD_IMAGE=node:24-trixie-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

# The bundle is the same for every platform, so that nothing is emulated.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# What does not pass its types is never built. Everything else is checked by .ci/run, which needs more than this image has.
RUN npm run types && npm run bundle

FROM ${RUNTIME_IMAGE}
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="ceilometer-upgrade-operator" \
      org.opencontainers.image.description="A Kubernetes operator for rolling upgrades of OpenStack Ceilometer" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
# With it goes sbom.cdx.json, the list of what is in the bundle.
COPY --from=build --chown=0:0 /build/dist/ /app/
# The numeric user of the nonroot image: Kubernetes can verify runAsNonRoot only of a number.
USER 65532:65532
# Young objects are short-lived (one watch event each): a small young generation is collected often and keeps the heap small.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=2
EXPOSE 8080 8081
# No HEALTHCHECK: Kubernetes ignores it, and the chart has probes of /healthz and /readyz.
ENTRYPOINT ["/nodejs/bin/node", "/app/operator.mjs"]
