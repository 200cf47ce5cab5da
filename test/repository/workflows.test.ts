/** Workflows run where nobody watches, with a token that can publish: what each may do, how long, and whose code it runs is held here. */
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

const root = join(import.meta.dirname, "..", "..");
const permissions = z.record(z.string(), z.enum(["read", "write", "none"]));
const step = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
const job = z.looseObject({
  uses: z.string().optional(),
  permissions,
  "timeout-minutes": z.number().optional(),
  steps: z.array(step).default([]),
});
const schema = z.looseObject({ permissions, jobs: z.record(z.string(), job) });

const workflows: { readonly path: string; readonly text: string; readonly content: z.infer<typeof schema> }[] = [];
for await (const path of glob(".github/workflows/*.yaml", { cwd: root })) {
  const text = await readFile(join(root, path), "utf8");
  workflows.push({ path, text, content: schema.parse(parse(text)) });
}

test("there are workflows", () => {
  expect(workflows.map(({ path }) => path).toSorted((one, other) => (one < other ? -1 : 1))).toEqual([
    ".github/workflows/ci.yaml",
    ".github/workflows/release.yaml",
  ]);
});

describe.each(workflows)("$path", ({ path, text, content }) => {
  const jobs = Object.entries(content.jobs);
  const steps = jobs.flatMap(([, { steps: of }]) => of);

  test("gives each job what it needs, and nothing to all of them", () => {
    expect(content.permissions).toEqual({});
    const writing = jobs.filter(([, { permissions: given }]) => Object.values(given).includes("write"));
    expect(writing.map(([name]) => name)).toEqual(path.endsWith("release.yaml") ? ["publish"] : []);
  });

  test("ends each job by itself", () => {
    const endless = jobs.filter(
      ([, { uses, "timeout-minutes": minutes }]) => uses === undefined && minutes === undefined,
    );
    expect(endless.map(([name]) => name)).toEqual([]);
  });

  test("runs foreign code by its commit, with the version beside it", () => {
    const used = [...text.matchAll(/^\s*(?:- )?uses: (.+)$/gm)].map(([, what = ""]) => what);
    const loose = used.filter(
      (what) => !what.startsWith("./") && !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(what),
    );
    expect(loose).toEqual([]);
  });

  test("leaves no token behind in a checkout", () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@") === true);
    expect(checkouts.filter((each) => each.with?.["persist-credentials"] !== false)).toEqual([]);
  });

  test("puts no expression into a script, where a branch's name could become a command", () => {
    expect(steps.filter(({ run }) => run?.includes("${{") === true).map(({ run }) => run)).toEqual([]);
  });
});

test("one action has one version", () => {
  const versions = new Map<string, Set<string>>();
  for (const { text } of workflows)
    for (const [, action = "", version = ""] of text.matchAll(/uses: ([\w./-]+)@(.+)$/gm))
      versions.set(action, (versions.get(action) ?? new Set()).add(version));
  expect([...versions].filter(([, of]) => of.size > 1)).toEqual([]);
});

test("every npm script that a workflow runs exists", async () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));
  const named = workflows.flatMap(({ text }) => [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name));
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
