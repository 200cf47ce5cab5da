/**
 * What the documents say of the code is held against the code: links lead somewhere, commands and flags exist, every reason
 * that asks something of somebody has an entry in the runbook, every metric is explained.
 */
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { KIND } from "../../src/api/v1alpha1/names.ts";
import { REASONS } from "../../src/api/v1alpha1/reasons.ts";
import { specSchema } from "../../src/api/v1alpha1/schema.ts";
import { environmentName, OPTIONS } from "../../src/config.ts";
import { metricNames } from "../../src/observability/metric-table.ts";
import { NOTIFICATIONS } from "../../src/observability/notification.ts";
import { VERSION } from "../../src/version.ts";
import { commandsOf } from "../support/page-commands.ts";

const root = resolve(import.meta.dirname, "../..");
const CHART = "charts/ceilometer-upgrade-operator";
const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");

/** Folders with documents of other people, or with none at all. */
const NOT_OURS = new Set(["node_modules", ".cache", ".git", "dist", "coverage"]);

interface Page {
  readonly path: string;
  readonly text: string;
}

async function allPages(): Promise<readonly Page[]> {
  const pages: Page[] = [];
  for await (const path of glob("**/*.md", { cwd: root, exclude: (name) => NOT_OURS.has(name) })) {
    pages.push({ path, text: await read(path) });
  }
  return pages.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
const pages = await allPages();

function pageOf(path: string): string {
  const page = pages.find((each) => each.path === path);
  if (page === undefined) throw new Error(`there is no ${path}`);
  return page.text;
}

const FENCED = /^```.*\n[\s\S]*?^```$/gm;
const withoutCode = (text: string): string => text.replaceAll(FENCED, "").replaceAll(/`[^`\n]*`/g, "");

/** Targets of links and images, without those to other sites. */
function linksOf(text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Anchors of headings as code hosts make them: lower case, no punctuation, blanks as hyphens. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.replaceAll(FENCED, "").matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

describe("links", () => {
  test.each(pages.map(({ path }) => path))("of %s lead somewhere", (path) => {
    const broken = linksOf(pageOf(path)).filter((link) => {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : relative(root, resolve(root, dirname(path), file));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(pageOf(target)).has(anchor);
    });
    expect(broken).toEqual([]);
  });
});

test("every file of the code that is named exists", () => {
  const named = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/`((?:src|test|scripts|tools|charts|examples|docs|crds)\/[\w./-]+)`/g)].map(([, file = ""]) => ({
      path,
      file,
    })),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ file }) => !existsSync(join(root, file)))).toEqual([]);
});

test("every npm script that is named exists", async () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await read("package.json")));
  const named = pages.flatMap(({ path, text }) => [
    ...[...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name = ""]) => ({ path, name })),
    ...[...text.matchAll(/npm (test|start)\b/g)].map(([, name = ""]) => ({ path, name })),
  ]);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ name }) => !(name in scripts))).toEqual([]);
});

test.each(pages)("the commands of $path are marked, so that they can be run", ({ text }) => {
  expect(() => commandsOf(text)).not.toThrow();
});

describe("the README", () => {
  test("begins with the two commands", () => {
    const [block = ""] = pageOf("README.md").match(FENCED) ?? [];
    const commands = block.split("\n").filter((line) => line.startsWith("npm "));
    expect(commands.map((line) => line.split("#")[0]?.trim())).toEqual([
      "npm ci && npm run demo",
      "npm ci && npm test",
    ]);
  });

  test("names values that the chart has", async () => {
    const values: unknown = parse(await read(`${CHART}/values.yaml`));
    const set = [...pageOf("README.md").matchAll(/--set ([\w.]+)=/g)].map(([, path = ""]) => path);
    const listed = [...pageOf("README.md").matchAll(/^\| `([\w.]+)` \| `/gm)].map(([, path = ""]) => path);
    const paths = [...new Set([...set, ...listed])];
    expect(paths.length).toBeGreaterThan(4);
    expect(paths.filter((path) => !has(values, path.split(".")))).toEqual([]);
  });
});

function has(value: unknown, path: readonly string[]): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return true;
  if (typeof value !== "object" || value === null) return false;
  const found = Object.entries(value).find(([name]) => name === key);
  return found !== undefined && has(found[1], rest);
}

const resource = z.object({ kind: z.literal(KIND), spec: z.unknown() });

test("every whole resource in the documents and examples fits the schema, and no field of it is unknown", async () => {
  const blocks = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml = ""]) => ({ path, yaml })),
  );
  for await (const path of glob("examples/**/*.yaml", { cwd: root })) blocks.push({ path, yaml: await read(path) });
  const found = blocks.flatMap(({ path, yaml }) =>
    parseAllDocuments(yaml).flatMap((document) => {
      const parsed = resource.safeParse(document.toJS());
      return parsed.success ? [{ path, spec: parsed.data.spec }] : [];
    }),
  );
  expect(found.length).toBeGreaterThan(3);
  for (const { path, spec } of found) expect(specSchema.parse(spec), path).toMatchObject(z.looseObject({}).parse(spec));
});

describe("the runbook", () => {
  const entries = [...pageOf("docs/runbook.md").matchAll(/^### (.+)$/gm)].map(([, heading = ""]) => heading);

  test("has an entry for every reason that asks something of somebody", () => {
    const asking = Object.entries(REASONS).filter(([, { remedy }]) => !/^Nothing[.:]/.test(remedy));
    expect(asking.map(([reason]) => reason).filter((reason) => !entries.includes(reason))).toEqual([]);
  });

  test("has no entry for a reason that does not exist, and none twice", () => {
    expect(entries.filter((entry) => !(entry in REASONS))).toEqual([]);
    expect(entries).toEqual([...new Set(entries)]);
  });

  test("says in every entry what it looks like, why, what to do and what comes then", () => {
    const bodies = pageOf("docs/runbook.md").split(/^### /m).slice(1);
    const parts = ["- **Looks like**:", "- **Why**:", "- **Do**:", "- **Then**:"];
    const wanting = bodies.filter((body) => parts.some((part) => !body.includes(part)));
    expect(wanting.map((body) => body.split("\n")[0])).toEqual([]);
  });
});

test("every metric that is named exists", () => {
  const named = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\bceilometer_upgrade_[a-z_]*[a-z]\b/g)].map(([name]) => ({ path, name })),
  );
  const served = metricNames().flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]);
  expect(named.length).toBeGreaterThan(metricNames().length);
  expect(named.filter(({ name }) => !served.some((each) => each === name))).toEqual([]);
});

test("every type of notification is explained as the code says it", () => {
  const [, section = ""] = pageOf("docs/observability.md").split("## Notifications");
  const rows = [...section.matchAll(/^\| `([a-z.]+)` \| (.+) \|$/gm)].map(([, kind, when]) => [kind, when]);
  expect(rows).toEqual(Object.entries(NOTIFICATIONS));
});

describe("flags", () => {
  const flagsIn = (text: string): readonly string[] =>
    [...text.matchAll(/(?<![\w-])--([a-z][a-z-]+)/g)].map(([, name = ""]) => name);

  test("are all explained, with their defaults", () => {
    const page = pageOf("docs/operator.md");
    const listed = [...page.matchAll(/^\| `--.*$/gm)].map(([row]) => row);
    const explained = listed.flatMap((row) => flagsIn(row.split("|")[1] ?? ""));
    expect(explained.toSorted()).toEqual(Object.keys(OPTIONS).toSorted());
    for (const [name, { fallback }] of Object.entries(OPTIONS)) {
      const row = listed.find((each) => flagsIn(each).includes(name));
      if (fallback !== "" && fallback !== "false") expect(row, name).toContain(`\`${fallback}\``);
    }
    expect(page).toContain(environmentName("log-level"));
  });

  test("that the chart gives exist", async () => {
    const given = flagsIn(await read(`${CHART}/templates/_pod.tpl`));
    expect(given.length).toBeGreaterThan(0);
    expect(given.filter((name) => !(name in OPTIONS))).toEqual([]);
  });
});

test("there is one version", async () => {
  const chart = z
    .object({ version: z.string(), appVersion: z.string() })
    .parse(parse(await read(`${CHART}/Chart.yaml`)));
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await read("package.json")));
  const [, newest] = /^## \[(\d+\.\d+\.\d+)\]/m.exec(pageOf("CHANGELOG.md")) ?? [];
  expect({ version, chart, newest }).toEqual({
    version: VERSION,
    chart: { version: VERSION, appVersion: VERSION },
    newest: VERSION,
  });
});
