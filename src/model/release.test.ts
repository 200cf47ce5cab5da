import { describe, expect, it } from "vitest";
import {
  canTurnIntakeOff,
  hasComponent,
  hasCoordinationExpression,
  hasDynamicPollsters,
  hasExporter,
  intervalsToFirstPoll,
  logsFinishedPolls,
  migrationCommand,
  mustDrain,
  notificationGroup,
  parseRelease,
  partitionsNotification,
  pollingFiles,
  type Release,
  readsOptionsFromEnvironment,
  releaseOfImage,
  repositoryOf,
  rereadsRing,
  sharesHosts,
  usesTransformers,
} from "./release.ts";

const release = (text: string): Release => {
  const parsed = parseRelease(text);
  if (parsed === undefined) throw new Error(`${text} is no release`);
  return parsed;
};

describe("a release", () => {
  it.each([
    ["mitaka", 6],
    ["pike", 9],
    ["zed", 19],
    ["2023.1", 20],
    ["2025.2", 25],
    ["25.0.1", 25],
  ])("%s has the major version %i", (text, major) => expect(release(text).major).toBe(major));

  it.each(["", "Pike", "2022.1", "25.0", "latest", "__proto__", "constructor"])("%j is none", (text) =>
    expect(parseRelease(text)).toBeUndefined(),
  );

  it.each([
    ["quay.io/airshipit/ceilometer:2026.1-ubuntu_noble", "2026.1"],
    ["example/ceilometer:pike", "pike"],
    ["example/ceilometer:stable-pike", "pike"],
    ["example:5000/ceilometer:v25.0.0", "25.0.0"],
    ["example/ceilometer:2025.1@sha256:00", "2025.1"],
    ["example/ceilometer:latest", undefined],
    ["example/ceilometer:pikeperch", undefined],
    ["example:5000/ceilometer", undefined],
    ["example/ceilometer@sha256:00", undefined],
  ])("of the image %s is %s", (image, name) => expect(releaseOfImage(image)?.name).toBe(name));

  it("of an image does not hide its repository", () => {
    expect(repositoryOf("example:5000/ceilometer:pike@sha256:00")).toBe("example:5000/ceilometer");
    expect(repositoryOf("example:5000/ceilometer")).toBe("example:5000/ceilometer");
  });
});

describe("what a release has", () => {
  it("is a collector and an API to Pike only", () => {
    expect(hasComponent(release("pike"), "collector")).toBe(true);
    expect(hasComponent(release("queens"), "collector")).toBe(false);
    expect(hasComponent(release("queens"), "api")).toBe(false);
    expect(hasComponent(release("2026.1"), "notification")).toBe(true);
  });

  it("is the migration command of its time", () => {
    expect(migrationCommand(release("mitaka"))).toEqual(["ceilometer-dbsync"]);
    expect(migrationCommand(release("newton"))).toEqual(["ceilometer-upgrade"]);
    expect(migrationCommand(release("queens"))).toEqual(["ceilometer-upgrade", "--retry", "10"]);
  });

  it("is a line for a finished poll from 2023.2 on", () => {
    expect(logsFinishedPolls(release("2023.1"))).toBe(false);
    expect(logsFinishedPolls(release("2023.2"))).toBe(true);
  });

  it("is a polling file of its time, and a delay before the first poll", () => {
    expect(pollingFiles(release("newton"))).toEqual(["pipeline"]);
    expect(pollingFiles(release("pike"))).toEqual(["polling", "pipeline"]);
    expect(pollingFiles(release("queens"))).toEqual(["polling"]);
    expect(intervalsToFirstPoll(release("pike"))).toBe(2);
    expect(intervalsToFirstPoll(release("queens"))).toBe(1);
  });
});

describe("what changes between two releases", () => {
  it.each<[string, (release: Release) => boolean, string, string]>([
    ["partitioned notification agents", partitionsNotification, "rocky", "stein"],
    ["transformers", usesTransformers, "rocky", "stein"],
    ["a ring listed at every discovery", rereadsRing, "ocata", "pike"],
  ])("%s end", (_what, has, last, without) => {
    expect([has(release(last)), has(release(without))]).toEqual([true, false]);
    expect(has(release("liberty"))).toBe(true);
  });

  it.each<[string, (release: Release) => boolean, string, string]>([
    ["an intake that can be turned off", canTurnIntakeOff, "ocata", "pike"],
    ["compute agents that share a host", sharesHosts, "ocata", "pike"],
    ["options from the environment", readsOptionsFromEnvironment, "rocky", "stein"],
    ["dynamic pollsters", hasDynamicPollsters, "train", "ussuri"],
    ["an exporter", hasExporter, "2024.2", "2025.1"],
    ["coordination expressions", hasCoordinationExpression, "2025.1", "2025.2"],
    ["a ring that is followed, by name", rereadsRing, "rocky", "stein"],
    ["a ring that is followed, by package", rereadsRing, "11.0.1", "11.1.0"],
  ])("%s come", (_what, has, without, first) => {
    expect([has(release(without)), has(release(first))]).toEqual([false, true]);
    expect(has(release("2026.2"))).toBe(true);
  });

  it.each(["pike", "9.0.7", "queens", "10.0.1", "rocky", "11.0.0"])("nobody follows the ring in %s", (name) =>
    expect(rereadsRing(release(name))).toBe(false),
  );

  it.each([
    ["liberty", "ceilometer.notification"],
    ["pike", "ceilometer.notification"],
    ["queens", "ceilometer.notification.v2"],
    ["11.1.0", "ceilometer.notification.v2"],
    ["stein", undefined],
  ])("the group of notification agents in %s is %s", (name, group) =>
    expect(notificationGroup(release(name))).toBe(group),
  );

  it.each([
    ["ocata", "pike", false],
    ["pike", "queens", true],
    ["9.0.7", "rocky", true],
    ["queens", "rocky", false],
    ["rocky", "stein", true],
    ["pike", "2026.2", true],
    ["stein", "train", false],
    ["queens", "pike", true],
  ])("from %s to %s a drain is %s", (from, to, drain) => expect(mustDrain(release(from), release(to))).toBe(drain));
});
