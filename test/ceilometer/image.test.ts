/** The question that `newPollsters.source: Image` asks an image, put to Ceilometer's own packages. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { asInImage, askCommand, readAnswer } from "../../src/model/image-pollsters.ts";
import { AGENT_RELEASES, ensureCeilometer } from "./environment.ts";
import { packagedPollsters } from "./packaged.ts";

test.each(AGENT_RELEASES)("$name says which pollsters it has", async ({ name: release }) => {
  const ceilometer = await ensureCeilometer();
  const directory = await mkdtemp(join(tmpdir(), "image-"));
  const file = join(directory, "termination-log");
  // The catalogue that is sent along is wrong on purpose: one name is missing, one is too many.
  const real = await packagedPollsters(ceilometer, release, "central");
  const known = [...real.slice(1), "nobody.has.this"];
  const [shell = "", ...words] = askCommand(new Map([["central", known]]));
  const env = {
    ...process.env,
    PYTHONPATH: ceilometer.modules(release),
    PATH: `${dirname(ceilometer.python)}:${process.env["PATH"]}`,
  };
  await promisify(execFile)(
    shell,
    words.map((word) => word.replace("/dev/termination-log", file)),
    { env },
  );
  const answer = readAnswer(await readFile(file, "utf8"));
  await rm(directory, { recursive: true });
  expect(answer?.get("central")).toEqual({ extra: real.slice(0, 1), missing: ["nobody.has.this"] });
  expect(asInImage(known, "central", answer)).toEqual(real);
});
