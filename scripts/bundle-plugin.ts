/**
 * Bundles the kubectl plugin, so that it needs nothing but Node, with the program beside it that kubectl asks for completions.
 * What only some kubeconfigs need is a file of its own: shells ask at each key, and merely carrying it doubles the time of a start.
 *
 *     node scripts/bundle-plugin.ts [--outdir folder]
 */
import { chmod, glob, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const NAME = "kubectl-ceilometer_upgrade";

const { values } = parseArgs({ options: { outdir: { type: "string", default: "dist/plugin" } } });
const program = join(values.outdir, NAME);
// The names of parts change with their content: old ones would stay.
for await (const part of glob(join(values.outdir, "ceilometer_upgrade-*.mjs"))) await rm(part);

const { metafile } = await build({
  entryPoints: { [NAME]: "src/cli/main.ts" },
  outdir: values.outdir,
  chunkNames: "ceilometer_upgrade-[hash]",
  outExtension: { ".js": ".mjs" },
  splitting: true,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  // CommonJS dependencies call `require`, which a module does not have.
  banner: {
    js: 'import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url);',
  },
  metafile: true,
  logLevel: "warning",
});

// kubectl finds a plugin by its file name, which has no ending; Node sees by its syntax that it is a module.
await rename(`${program}.mjs`, program);
const completer = join(values.outdir, "kubectl_complete-ceilometer_upgrade");
await writeFile(completer, `#!/bin/sh\n# kubectl asks this program what may follow.\nexec ${NAME} complete -- "$@"\n`);
for (const file of [program, completer]) await chmod(file, 0o755);

for (const [path, { bytes }] of Object.entries(metafile.outputs)) {
  console.info(`${(bytes / 1024).toFixed(0).padStart(7)} KiB  ${path}`);
}
