/**
 * Bundles the kubectl plugin into one file that needs nothing but Node, with the program beside it that kubectl asks for
 * completions.
 *
 *     node scripts/bundle-plugin.ts [--outdir folder]
 */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const NAME = "kubectl-ceilometer_upgrade";

const { values } = parseArgs({ options: { outdir: { type: "string", default: "dist/plugin" } } });
const program = join(values.outdir, NAME);

const { metafile } = await build({
  // kubectl finds a plugin by its file name, which has no ending; Node sees by its syntax that it is a module.
  entryPoints: ["src/cli/main.ts"],
  outfile: program,
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

const completer = join(values.outdir, "kubectl_complete-ceilometer_upgrade");
await writeFile(completer, `#!/bin/sh\n# kubectl asks this program what may follow.\nexec ${NAME} complete -- "$@"\n`);
for (const file of [program, completer]) await chmod(file, 0o755);

for (const [path, { bytes }] of Object.entries(metafile.outputs)) {
  console.info(`${(bytes / 1024).toFixed(0).padStart(7)} KiB  ${path}`);
}
