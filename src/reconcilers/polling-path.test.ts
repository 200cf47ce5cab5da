import { describe, expect, test } from "vitest";
import { aDaemonSet, aDeployment, aStatefulSet } from "../../test/support/builders.ts";
import { parseRelease, type Release } from "../model/release.ts";
import { type PathInput, pathOf, sharesAcrossHosts } from "./polling-path.ts";

const release = (name: string): Release => {
  const found = parseRelease(name);
  if (found === undefined) throw new Error(name);
  return found;
};

const central: PathInput = {
  workload: aDeployment({ name: "central", component: "polling", replicas: 1 }),
  namespaces: ["central"],
  coordinated: true,
  from: release("2025.1"),
  to: release("2025.2"),
  added: ["a.new"],
  when: "Auto",
  mates: false,
};
const compute: PathInput = {
  ...central,
  workload: aDaemonSet({ name: "compute", component: "polling" }),
  namespaces: ["compute"],
};
const path = (input: PathInput): string => {
  const { path: way, overlap, together } = pathOf(input);
  return overlap ? way : `${way} apart${together ? " together" : ""}`;
};

describe("central agents, whose surge has old and new at one time", () => {
  test.each<[string, Partial<PathInput>, string]>([
    ["new pollsters in a coordinated group", {}, "Isolate"],
    ["no new pollsters in a coordinated group", { added: [] }, "Roll"],
    ["not known whether there are new ones", { added: undefined }, "Replace apart together"],
    ["no coordination", { coordinated: false }, "Replace apart"],
    [
      "no coordination and no new pollsters: each would poll everything",
      { coordinated: false, added: [] },
      "Replace apart",
    ],
    ["not known whether coordinated", { coordinated: undefined, added: [] }, "Replace apart together"],
    ["no coordination, a group of their own is asked for", { coordinated: false, when: "Always" }, "Isolate apart"],
    ["asked for, but nothing is new", { coordinated: false, added: [], when: "Always" }, "Replace apart"],
    ["old agents never look at their ring", { from: release("queens"), added: [] }, "Replace apart together"],
    [
      "new agents never look at their ring",
      { from: release("ocata"), to: release("pike"), added: [] },
      "Replace apart together",
    ],
  ])("%s", (_what, change, expected) => expect(path({ ...central, ...change })).toBe(expected));
});

test("that overlap does no harm is said before that there is none: somebody may scale a StatefulSet of one", () => {
  const workload = aStatefulSet({ name: "central", replicas: 1 });
  expect(pathOf({ ...central, workload, added: [] })).toMatchObject({
    path: "Roll",
    overlap: true,
    why: "no new pollsters, so new agents may run beside old ones",
  });
  for (const more of [{ coordinated: false, added: [] }, {}, { added: undefined }])
    expect(pathOf({ ...central, workload, ...more }).why).toContain("never runs an old and a new agent at one time");
});

describe("workloads whose old and new agents never meet", () => {
  const alone: readonly [string, PathInput["workload"]][] = [
    ["Recreate", aDeployment({ name: "central", strategy: "Recreate", replicas: 3 })],
    ["a StatefulSet of one", aStatefulSet({ name: "central", replicas: 1 })],
  ];
  test.each(alone)("%s rolls, whatever is new and known", (_what, workload) => {
    expect(path({ ...central, workload })).toBe("Roll");
    expect(path({ ...central, workload, coordinated: undefined, added: undefined })).toBe("Roll");
    expect(path({ ...central, workload, when: "Always" })).toBe("Isolate");
  });

  test("several pods without surge do meet, and so do those of a StatefulSet", () => {
    expect(path({ ...central, workload: aDeployment({ name: "central", replicas: 2, maxSurge: 0 }) })).toBe("Isolate");
    expect(path({ ...central, workload: aStatefulSet({ name: "central", replicas: 2 }) })).toBe("Isolate");
  });

  test("one replica without surge does: its old pod terminates while the new one starts", () => {
    for (const maxSurge of [0, "0%"]) {
      expect(path({ ...central, workload: aDeployment({ name: "central", replicas: 1, maxSurge }) })).toBe("Isolate");
    }
  });
});

describe("agents of a DaemonSet", () => {
  test("never have old and new on one host without surge", () => {
    expect(path(compute)).toBe("Roll");
    expect(path({ ...compute, coordinated: undefined, added: undefined })).toBe("Roll");
  });

  test("do with surge", () => {
    const workload = aDaemonSet({ name: "compute", maxSurge: 1, maxUnavailable: 0 });
    expect(path({ ...compute, workload })).toBe("Isolate");
    expect(path({ ...compute, workload, coordinated: false })).toBe("Replace apart");
  });

  test("that serve the cloud meet across hosts", () => {
    expect(path({ ...compute, namespaces: ["compute", "central"] })).toBe("Isolate");
  });

  test.each<[string, Partial<PathInput>, string]>([
    ["share one group of the cloud before 2025.1", { from: release("2023.2"), to: release("2024.1") }, "Isolate"],
    ["which brings nothing new", { from: release("2023.2"), to: release("2024.1"), added: [] }, "Roll"],
    [
      "perhaps, if coordinated",
      { from: release("2023.2"), to: release("2024.1"), coordinated: undefined },
      "Replace apart together",
    ],
    ["not without coordination", { from: release("2023.2"), to: release("2024.1"), coordinated: false }, "Roll"],
    [
      "whose rings nobody looks at again",
      { from: release("pike"), to: release("queens"), added: [] },
      "Replace apart together",
    ],
    ["nor from 25.0.0 on, where each host is a group", { from: release("2025.2"), to: release("2026.1") }, "Roll"],
    [
      "nor where 25.0.0 comes, whose groups have another name",
      { from: release("2025.1"), to: release("2025.2"), added: [] },
      "Roll",
    ],
    [
      "but with surge both would poll everything on their host",
      {
        from: release("2025.1"),
        to: release("2025.2"),
        added: [],
        workload: aDaemonSet({ name: "ipmi", maxSurge: 1, maxUnavailable: 0 }),
      },
      "Replace apart together",
    ],
  ])("of ipmi %s", (_what, change, expected) => {
    expect(path({ ...compute, namespaces: ["ipmi"], ...change })).toBe(expected);
  });
});

describe("workloads of one coordination group", () => {
  const recreated = { workload: aDeployment({ name: "central", strategy: "Recreate" }), mates: true };
  test.each<[string, Partial<PathInput>, string]>([
    ["meet, although each by itself has old and new apart", recreated, "Isolate"],
    ["may be old and new where nothing is new", { ...recreated, added: [] }, "Roll"],
    [
      "are replaced together where nobody looks at the ring",
      { from: release("queens"), mates: true },
      "Replace apart together",
    ],
    [
      "have no isolated groups that would not share what is new, even if asked for",
      { mates: true, coordinated: false, when: "Always" },
      "Replace apart",
    ],
    ["poll by themselves without coordination", { ...recreated, coordinated: false }, "Roll"],
  ])("%s", (_what, change, expected) => expect(path({ ...central, ...change })).toBe(expected));

  test("agents of two DaemonSets are on other hosts", () => {
    expect(path({ ...compute, mates: true })).toBe("Roll");
  });
});

test("compute agents to Ocata share no host, coordinated or not", () => {
  const workload = aDaemonSet({ name: "compute", maxSurge: 1, maxUnavailable: 0 });
  const input = { ...compute, workload, from: release("newton"), to: release("ocata") };
  expect(path({ ...input, added: [] })).toBe("Replace apart together");
  expect(path(input)).toBe("Replace apart together");
  expect(pathOf(input).why).toMatch(/Ocata/);
});

test("a workload of no agents has none that meet", () => {
  const workload = aDeployment({ name: "central", replicas: 0 });
  expect(path({ ...central, workload })).toBe("Roll");
  expect(path({ ...central, workload, mates: true, when: "Always" })).toBe("Roll");
});

test("each path says why", () => {
  expect(pathOf(central).why).toMatch(/1 new pollsters/);
  expect(pathOf({ ...central, coordinated: false }).why).toMatch(/coordination/);
  expect(pathOf({ ...central, from: release("queens") }).why).toMatch(/queens/);
});

test("agents that poll their own host are in a group of their own there, but those of ipmi once were in one of the cloud", () => {
  const across = ({ workload, namespaces, from, to }: PathInput): boolean =>
    sharesAcrossHosts(workload, namespaces, from, to);
  expect(across(central)).toBe(true);
  expect(across(compute)).toBe(false);
  expect(across({ ...compute, namespaces: ["ipmi"] })).toBe(false);
  expect(across({ ...compute, namespaces: ["ipmi"], from: release("rocky"), to: release("stein") })).toBe(true);
});
