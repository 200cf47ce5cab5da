import { expect, test } from "vitest";
import type { Sample } from "./metric-table.ts";
import { createResourcePage } from "./resource-page.ts";

const state = (name: string, value = 1): Sample => ({
  metric: "ceilometer_upgrade_state",
  labels: { namespace: "openstack", name, state: "Held" },
  value,
});
const fail = (key: string, error: unknown): never => {
  throw new Error(`a mistake in ${key}`, { cause: error });
};

test("others have their turns while the series of many resources are written", async () => {
  const page = createResourcePage(fail);
  for (let index = 0; index < 1000; index += 1) page.show(`openstack/${index}`, () => [state(`${index}`)]);
  let turns = 0;
  let next: NodeJS.Immediate | undefined;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  count();
  await page.refresh();
  clearImmediate(next);
  expect(turns).toBeGreaterThan(50);
  expect(page.lines("ceilometer_upgrade_state").split("\n")).toHaveLength(1001);
});

test("what has not changed is not made again", async () => {
  const page = createResourcePage(fail);
  let made = 0;
  page.show("openstack/a", () => {
    made += 1;
    return [state("a")];
  });
  await page.refresh();
  await page.refresh();
  expect(made).toBe(1);
  expect(page.lines("ceilometer_upgrade_state")).toBe(
    'ceilometer_upgrade_state{namespace="openstack",name="a",state="Held"} 1\n',
  );
});

test("a resource that goes while the page is made is not on it", async () => {
  const page = createResourcePage(fail);
  for (let index = 0; index < 100; index += 1) page.show(`openstack/${index}`, () => [state(`${index}`)]);
  const refreshed = page.refresh();
  page.hide("openstack/0");
  page.hide("openstack/99");
  await refreshed;
  expect(page.lines("ceilometer_upgrade_state").match(/name="(?:0|99)"/g)).toBeNull();
  expect(page.lines("ceilometer_upgrade_state").match(/name="/g)).toHaveLength(98);
});

test("a resource that is looked at without end does not keep the page from being finished", async () => {
  const page = createResourcePage(fail);
  const again = (value: number): void =>
    page.show("openstack/a", () => {
      again(value + 1);
      return [state("a", value)];
    });
  again(1);
  await page.refresh();
  expect(page.lines("ceilometer_upgrade_state")).toMatch(/ 1\n$/);
  await page.refresh();
  expect(page.lines("ceilometer_upgrade_state")).toMatch(/ 2\n$/);
});

test("texts of others end neither a line nor a value", async () => {
  const page = createResourcePage(fail);
  const object = 'Pod/a"} 1\nother{x="\\';
  page.show("openstack/a", () => [
    {
      metric: "ceilometer_upgrade_waiting_since_timestamp_seconds",
      labels: { namespace: "openstack", name: "a", step: "polling", reason: "r", gate: "", object },
      value: 1.5,
    },
  ]);
  await page.refresh();
  expect(page.lines("ceilometer_upgrade_waiting_since_timestamp_seconds")).toBe(
    String.raw`ceilometer_upgrade_waiting_since_timestamp_seconds{namespace="openstack",name="a",step="polling",reason="r",gate="",object="Pod/a\"} 1\nother{x=\"\\"} 1.5` +
      "\n",
  );
});
