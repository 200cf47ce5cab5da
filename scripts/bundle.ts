/**
 * Bundles the operator, so that the image carries no node_modules (the API client alone is 65 MB there).
 *
 *     node scripts/bundle.ts [entry] [--outdir folder]
 *
 * What is imported lazily stays in a file of its own. The API client is left out: inside a cluster nobody needs it, it reads only the
 * kubeconfigs that are not plain, with programs that the image does not have, and it would bring two of three packages.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cyclonedxEsbuildPlugin } from "@cyclonedx/cyclonedx-esbuild";
import { build, type Plugin } from "esbuild";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { outdir: { type: "string", default: "dist" } },
});

/** A file, because the list of what is in the bundle would name a module that is made up here as one more package. */
const usedMetrics: Plugin = {
  name: "used-metrics",
  setup(building) {
    building.onResolve({ filter: /^prom-client$/ }, () => ({ path: join(import.meta.dirname, "used-metrics.js") }));
  },
};

const result = await build({
  entryPoints: { operator: positionals[0] ?? "src/main.ts" },
  outdir: values.outdir,
  outExtension: { ".js": ".mjs" },
  chunkNames: "lazy-[hash]",
  bundle: true,
  splitting: true,
  external: ["@kubernetes/client-node"],
  platform: "node",
  target: "node24",
  format: "esm",
  sourcemap: true,
  // The map only has to name files and lines.
  sourcesContent: false,
  // Identifiers and lines stay, so that a stack trace can be read without the map, which costs 30 MB when Node loads it.
  minifySyntax: true,
  // CommonJS dependencies call `require`, which a module does not have.
  banner: {
    js: 'import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url);',
  },
  plugins: [
    usedMetrics,
    // What is really in the bundle, beside it; without a number and a time of its own, so that the same bundle has the same list.
    cyclonedxEsbuildPlugin({ outputFile: "sbom.cdx.json", outputReproducible: true, validate: false }),
  ],
  metafile: true,
  logLevel: "warning",
});

for (const [path, { bytes }] of Object.entries(result.metafile.outputs)) {
  console.info(`${(bytes / 1024).toFixed(0).padStart(7)} KiB  ${path}`);
}
