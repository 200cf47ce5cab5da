/** The command around the rehearsal itself, which a script of the checkout's stands for. */
import { access, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runPlugin } from "../program.ts";

test("a rehearsal is told to end when the plugin is, and not only by the terminal of both", async () => {
  const home = await mkdtemp(join(tmpdir(), "checkout-"));
  for (const folder of ["tools/control-plane", "node_modules", "scripts"])
    await mkdir(join(home, folder), { recursive: true });
  await writeFile(join(home, "tools/control-plane/go.mod"), "");
  const script = `
    import { writeFileSync } from "node:fs";
    process.on("SIGTERM", () => { writeFileSync("ended", ""); process.exit(143); });
    writeFileSync("begun", "");
    setTimeout(() => process.exit(0), 6000);`;
  await writeFile(join(home, "scripts/rehearse.ts"), script);
  const interrupted = new AbortController();
  const silent = { write: () => undefined };
  const around = { out: silent, err: silent, answers: undefined, env: {}, now: Date.now, node: process.execPath };
  const args = ["rehearse", "-f", "examples/modern/upgrade.yaml", "--manifests", "examples/modern"];
  const code = runPlugin(args, { ...around, home, signal: interrupted.signal });
  const isThere = (file: string) =>
    access(join(home, file)).then(
      () => true,
      () => false,
    );
  await expect.poll(() => isThere("begun"), { timeout: 15_000 }).toBe(true);
  interrupted.abort();
  expect(await code).toBe(130);
  expect(await isThere("ended")).toBe(true);
  await rm(home, { recursive: true });
}, 20_000);
