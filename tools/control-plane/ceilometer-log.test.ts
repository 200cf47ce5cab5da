import { describe, expect, it } from "vitest";
import { criLine, logOf, majorOf, podSchema } from "./ceilometer-log.ts";

const messagesOf = (
  image: string,
  command: string[],
  extra: { owner?: string; annotations?: Record<string, string>; meters?: readonly string[] } = {},
) => {
  const pod = podSchema.parse({
    metadata: {
      uid: "1",
      name: "p",
      namespace: "n",
      annotations: extra.annotations ?? {},
      ownerReferences: extra.owner === undefined ? [] : [{ kind: extra.owner }],
    },
    spec: { containers: [{ name: "agent", image, command }] },
    status: { phase: "Running" },
  });
  const [container] = pod.spec.containers;
  if (container === undefined) throw new Error("a pod without containers");
  const { start, cycle } = logOf(pod, container, extra.meters);
  return {
    start: start.map(({ message }) => message),
    cycle: cycle.map(({ message }) => message),
    loggers: cycle.map(({ logger }) => logger),
  };
};

const compute = ["ceilometer-polling", "--polling-namespaces", "compute"];

describe("the release behind an image tag", () => {
  it.each([
    ["registry.example/a/ceilometer:newton", 7],
    ["registry.example:5000/ceilometer:2023.1", 20],
    ["ceilometer:2023.2-ubuntu_jammy", 21],
    ["ceilometer:2026.1-nodata", 26],
    ["ceilometer:24.0.1", 24],
    ["ceilometer:2025.2@sha256:abcd", 25],
    ["registry.example:5000/ceilometer", 99],
  ])("%s is %i", (image, major) => {
    expect(majorOf(image)).toBe(major);
  });
});

describe("polling agents", () => {
  it("say from 2023.2 on when a pollster has finished", () => {
    expect(messagesOf("c:2025.2", compute).cycle).toContain(
      "Finished polling pollster cpu in the context of pollsters",
    );
    expect(messagesOf("c:2023.1", compute).cycle.join()).not.toContain("Finished");
    expect(messagesOf("c:2023.1", compute).cycle).toContain("Polling pollster cpu in the context of pollsters");
  });
  it("log under the name that their release gives the polling code", () => {
    expect(messagesOf("c:pike", compute).loggers[0]).toBe("ceilometer.agent.manager");
    expect(messagesOf("c:queens", compute).loggers[0]).toBe("ceilometer.polling.manager");
  });
  it("are recognised behind wrapper scripts", () => {
    expect(messagesOf("c:newton", ["/tmp/ceilometer-central.sh"]).cycle[0]).toContain("image.size");
  });
  it("report only errors with -nodata, nothing at all with -silent, and no polls on an empty host", () => {
    expect(
      messagesOf("c:2025.2-nodata", compute).cycle.every((line) => line.startsWith("Continue after error from")),
    ).toBe(true);
    expect(messagesOf("c:2025.2-silent", compute)).toEqual({ start: [], cycle: [], loggers: [] });
    expect(messagesOf("c:2025.2", compute, { annotations: { "sim/log": "empty" } }).cycle).toEqual([]);
  });
  it("poll what their file names, and of that what they find something for", () => {
    const meters = ["vcpus", "memory"];
    const annotations = { "sim/finds": "memory cpu" };
    expect(messagesOf("c:2023.1", compute, { meters }).cycle.map((line) => line.split(" ")[2])).toEqual(meters);
    expect(messagesOf("c:2023.1", compute, { meters, annotations }).cycle).toHaveLength(1);
    expect(messagesOf("c:2023.1", compute, { meters: ["vcpus"], annotations }).cycle).toEqual([]);
    expect(messagesOf("c:2023.1", compute, { meters: ["*"] }).cycle.join()).toContain("memory.usage");
  });
});

it("a notification agent whose pipeline is broken says so", () => {
  const { start } = messagesOf("c:2025.2-badpipeline", ["ceilometer-agent-notification"]);
  expect(start).toContain("Could not load the following pipelines: {'meter'}");
});

it("a failing migration ends with its unhandled error", () => {
  const { start } = messagesOf("c:2025.2-jobfail", ["ceilometer-upgrade", "--retry", "10"], { owner: "Job" });
  expect(start.join()).toContain("Unhandled error");
});

it("lines have the form of a container runtime's log files", () => {
  const line = criLine({ level: "INFO", logger: "l", message: "m" }, new Date("2026-11-22T01:40:00.123Z"));
  expect(line).toBe("2026-11-22T01:40:00.123000000Z stderr F 2026-11-22 01:40:00.123 12 INFO l [-] m\n");
});
