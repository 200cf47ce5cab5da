# Both images can be replaced, by a mirror or by a digest: --build-arg RUNTIME_IMAGE=…@sha256:…
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# An image of code that fails its own checks is never built.
RUN npm run check && npm run bundle

FROM ${RUNTIME_IMAGE}
COPY --from=build --chown=0:0 /build/dist/ /app/
# The numeric user of the nonroot image: Kubernetes can verify runAsNonRoot only of a number.
USER 65532:65532
# Young objects are short-lived (one watch event each): a small young generation is collected often and keeps the heap small.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=1
EXPOSE 8080 8081
ENTRYPOINT ["/nodejs/bin/node", "/app/operator.mjs"]
