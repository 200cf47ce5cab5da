/**
 * Of prom-client only what is used: its index also loads its collectors of process metrics, its cluster aggregation and its push
 * gateway, which together cost 10 MB of memory. A bundle takes this file in the index' place (`scripts/bundle.ts`); it is no
 * TypeScript because prom-client has types for its index alone.
 */
export { default as Counter } from "prom-client/lib/counter.js";
export { default as Gauge } from "prom-client/lib/gauge.js";
export { default as Histogram } from "prom-client/lib/histogram.js";
export { default as Registry } from "prom-client/lib/registry.js";
