/**
 * Each boundary of the architecture is shown to fail once: a lint rule that no longer matches anything is green for ever.
 * All violations are written into one tree with the layout of the repository, and linted in one run.
 */
import { execFile } from "node:child_process";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";

const root = resolve(import.meta.dirname, "../..");
const tree = join(root, ".cache", `boundaries-${process.pid}`);

const IMPORTS = "eslint(no-restricted-imports)";
const GLOBALS = "eslint(no-restricted-globals)";
const PROPERTIES = "eslint(no-restricted-properties)";

interface Snippet {
  readonly name: string;
  readonly path: string;
  readonly code: string;
  readonly rule: string;
}

const FOLDERS = [
  "api",
  "model",
  "gates",
  "reconcilers",
  "plan",
  "controllers",
  "kube",
  "runtime",
  "observability",
  "cli",
] as const;
type Folder = (typeof FOLDERS)[number];
const PURE: readonly Folder[] = ["api", "model", "gates", "reconcilers", "plan"];

/** The arrows of the architecture: what a folder may import besides itself. */
const MAY: Record<Folder, readonly Folder[]> = {
  api: [],
  model: ["api"],
  gates: ["model", "api"],
  reconcilers: ["gates", "model", "api"],
  plan: ["reconcilers", "gates", "model", "api"],
  controllers: ["plan", "reconcilers", "gates", "model", "api", "kube", "runtime", "observability"],
  kube: ["runtime"],
  runtime: [],
  observability: ["api", "model", "runtime"],
  cli: ["controllers", "plan", "reconcilers", "gates", "model", "api", "kube", "runtime"],
};
const PACKAGES: Record<Folder, readonly string[]> = {
  api: ["zod"],
  model: ["zod", "yaml"],
  gates: ["zod"],
  reconcilers: ["zod"],
  plan: ["zod"],
  controllers: ["zod", "node:events"],
  kube: ["zod", "yaml", "node:https", "@kubernetes/client-node"],
  runtime: ["node:timers/promises"],
  observability: ["zod", "node:http", "pino", "prom-client"],
  cli: ["zod", "yaml", "node:fs", "@commander-js/extra-typings", "@marcbachmann/cel-js", "modern-tar"],
};
const EVERY_PACKAGE = [
  "zod",
  "yaml",
  "pino",
  "prom-client",
  "node:fs",
  "fs",
  "node:process",
  "@kubernetes/client-node",
  "@commander-js/extra-typings",
];

const exported = (specifier: string) => `export { thing } from "${specifier}";\n`;

function* arrows(): Generator<Snippet> {
  for (const from of FOLDERS) {
    for (const to of FOLDERS.filter((folder) => folder !== from && !MAY[from].includes(folder))) {
      const path = `src/${from}/into-${to}.ts`;
      yield { name: `${from} imports ${to}`, path, code: exported(`../${to}/thing.ts`), rule: IMPORTS };
    }
    const path = `src/${from}/deep/into-main.ts`;
    yield { name: `${from} imports main`, path, code: exported("../../main.ts"), rule: IMPORTS };
  }
}

function* packages(): Generator<Snippet> {
  for (const folder of FOLDERS) {
    const nodeAllowed = !PURE.includes(folder);
    const refused = EVERY_PACKAGE.filter(
      (name) => !PACKAGES[folder].includes(name) && !(nodeAllowed && name === "node:fs"),
    );
    for (const name of refused) {
      const path = `src/${folder}/package-${name.replaceAll(/\W/g, "-")}.ts`;
      yield { name: `${folder} imports ${name}`, path, code: exported(name), rule: IMPORTS };
    }
  }
}

function* effects(): Generator<Snippet> {
  const globals = [
    "Date.now()",
    "process.pid",
    "fetch('a')",
    "setTimeout(() => {}, 1)",
    "performance.now()",
    "console.log()",
  ];
  for (const folder of PURE) {
    for (const [index, expression] of [...globals, "globalThis.Date"].entries()) {
      const path = `src/${folder}/global-${index}.ts`;
      yield { name: `${folder} uses ${expression}`, path, code: `export const x = ${expression};\n`, rule: GLOBALS };
    }
    const random = { path: `src/${folder}/random.ts`, code: "export const x = Math.random();\n", rule: PROPERTIES };
    yield { name: `${folder} uses Math.random()`, ...random };
  }
  for (const folder of FOLDERS) {
    const path = `src/${folder}/deep/process.ts`;
    yield { name: `${folder} reads the environment`, path, code: "export const x = process.env;\n", rule: GLOBALS };
  }
}

const others: readonly Snippet[] = [
  {
    name: "the operator's root imports the plugin",
    path: "src/operator.ts",
    code: exported("./cli/thing.ts"),
    rule: IMPORTS,
  },
  {
    name: "an import of a type is an import",
    path: "src/gates/type.ts",
    code: 'import type { Thing } from "../kube/thing.ts";\nexport type Other = Thing;\n',
    rule: IMPORTS,
  },
  {
    name: "an import at run time is an import",
    path: "src/gates/lazy.ts",
    code: 'export const thing = await import("../kube/thing.ts");\n',
    rule: IMPORTS,
  },
  {
    name: "a type import inside an annotation does not slip through",
    path: "src/gates/annotation.ts",
    code: 'export type Other = import("../kube/thing.ts").Thing;\n',
    rule: "typescript(consistent-type-imports)",
  },
  {
    name: "a cycle",
    path: "src/model/cycle.ts",
    code: 'export { other } from "./cycle-other.ts";\nexport const x = 1;\n',
    rule: "import(no-cycle)",
  },
  {
    name: "a promise that nobody waits for",
    path: "src/runtime/floating.ts",
    code: "async function later(): Promise<void> {}\nexport function now() {\n  later();\n}\n",
    rule: "typescript(no-floating-promises)",
  },
  {
    name: "a switch that forgets a case, even with a default",
    path: "src/model/switch.ts",
    code: 'export function f(x: "a" | "b"): number {\n  switch (x) {\n    case "a":\n      return 1;\n    default:\n      return 2;\n  }\n}\n',
    rule: "typescript(switch-exhaustiveness-check)",
  },
  {
    name: "any",
    path: "src/model/any.ts",
    code: "export const f = (x: any): unknown => x;\n",
    rule: "typescript(no-explicit-any)",
  },
];

const snippets: readonly Snippet[] = [...arrows(), ...packages(), ...effects(), ...others];

const report = z.object({
  diagnostics: z.array(z.object({ code: z.string().optional(), filename: z.string() })),
});

const written = new Set<string>();

async function put(path: string, code: string): Promise<void> {
  written.add(path);
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeFile(join(tree, path), code);
}

async function lint(): Promise<ReadonlyMap<string, readonly string[]>> {
  // The tree lies in an ignored folder, so that a crashed run leaves nothing to commit or to lint: files must be named.
  const args = ["--type-aware", "--format=json", ...written];
  const output = await new Promise<string>((done) => {
    // Violations are what is asked for, so the exit code says nothing here; unreadable output does.
    const options = { cwd: tree, maxBuffer: 64 * 1024 * 1024 };
    execFile(join(root, "node_modules/.bin/oxlint"), args, options, (_error, stdout, stderr) => done(stdout || stderr));
  });
  const byFile = Map.groupBy(report.parse(JSON.parse(output)).diagnostics, ({ filename }) => filename);
  return new Map([...byFile].map(([file, found]) => [file, found.map(({ code }) => code ?? "")]));
}

let found: ReadonlyMap<string, readonly string[]> = new Map();

beforeAll(async () => {
  await mkdir(tree, { recursive: true });
  await copyFile(join(root, ".oxlintrc.json"), join(tree, ".oxlintrc.json"));
  await copyFile(join(root, "tsconfig.json"), join(tree, "tsconfig.json"));
  for (const folder of FOLDERS) {
    await put(`src/${folder}/thing.ts`, "export const thing = 1;\nexport type Thing = number;\n");
    const allowed = [...MAY[folder].map((other) => `../${other}/thing.ts`), ...PACKAGES[folder]];
    await put(`src/${folder}/allowed.ts`, allowed.map((name, n) => `export * as a${n} from "${name}";\n`).join(""));
  }
  await put("src/main.ts", "export const thing = process.argv;\n");
  await put("src/cli/main.ts", "export const thing = process.argv;\n");
  await put("src/model/time.ts", "export const parse = (text: string) => Date.parse(text);\n");
  await put("src/model/digest.ts", 'export { createHash } from "node:crypto";\n');
  await put("src/model/cycle-other.ts", 'export { x as other } from "./cycle.ts";\n');
  for (const { path, code } of snippets) await put(path, code);
  found = await lint();
}, 60_000);

afterAll(async () => {
  await rm(tree, { recursive: true, force: true });
});

test.each(snippets)("refused: $name", ({ path, rule }) => {
  expect(found.get(path) ?? []).toContain(rule);
});

test.each([
  ...FOLDERS.map((folder) => `src/${folder}/allowed.ts`),
  "src/main.ts",
  "src/cli/main.ts",
  "src/model/time.ts",
  "src/model/digest.ts",
])("allowed: %s", (path) => {
  expect((found.get(path) ?? []).filter((rule) => rule.includes("restricted"))).toEqual([]);
});
