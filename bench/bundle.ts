/** The operator as the image has it. */
import { join } from "node:path";
import { root } from "../scripts/demo/installation.ts";
import { run } from "../tools/control-plane/process.ts";
import { bundleDirectory } from "./operator.ts";

/** Makes anew what is measured. */
export async function bundle(): Promise<void> {
  const { code, stderr } = await run(
    process.execPath,
    [join(root, "scripts", "bundle.ts"), "--outdir", bundleDirectory],
    {
      cwd: root,
    },
  );
  if (code !== 0) throw new Error(`the bundle could not be made:\n${stderr}`);
}
