import { expect, test } from "vitest";
import { silentLog } from "../runtime/logger.ts";
import { metricNames, type Sample } from "./metric-table.ts";
import { createMetrics } from "./metrics.ts";

const held = (name: string, value: number): Sample => ({
  metric: "ceilometer_upgrade_state",
  labels: { namespace: "openstack", name, state: "Held" },
  value,
});
const drifted = (name: string): Sample => ({
  metric: "ceilometer_upgrade_drifted_workloads",
  labels: { namespace: "openstack", name },
  value: 2,
});

test("every metric of the table is served with its help, and no other", async () => {
  const text = await createMetrics().text();
  const found = (what: string) => [...text.matchAll(new RegExp(`^# ${what} (\\S+) \\S`, "gm"))].map(([, name]) => name);
  expect(found("TYPE")).toEqual(metricNames());
  expect(found("HELP")).toEqual(metricNames());
});

test("a resource has exactly the series of its last look, and none once it is gone", async () => {
  const metrics = createMetrics();
  metrics.show("openstack/a", () => [held("a", 1), drifted("a")]);
  metrics.show("openstack/b", () => [held("b", 1)]);
  expect(await metrics.text()).toContain("ceilometer_upgrade_drifted_workloads{");
  metrics.show("openstack/a", () => [held("a", 0)]);
  const text = await metrics.text();
  expect(text).toContain('ceilometer_upgrade_state{namespace="openstack",name="a",state="Held"} 0');
  expect(text).toContain('ceilometer_upgrade_state{namespace="openstack",name="b",state="Held"} 1');
  expect(text).not.toContain("ceilometer_upgrade_drifted_workloads{");
  metrics.show("openstack/a", () => [held("a", 1)]);
  metrics.hide("openstack/a");
  const after = await metrics.text();
  expect(after).not.toContain('name="a"');
  expect(after).toContain('name="b"');
});

test("a mistake in the series of one resource is logged, and the others have theirs", async () => {
  const logged: unknown[] = [];
  const metrics = createMetrics(undefined, { ...silentLog, error: (fields) => logged.push(fields) });
  metrics.show("openstack/a", () => {
    throw new TypeError("no");
  });
  metrics.show("openstack/b", () => [held("b", 1)]);
  expect(await metrics.text()).toContain('name="b"');
  expect(logged).toMatchObject([{ key: "openstack/a" }]);
});

test("what is measured on demand is asked at each scrape", async () => {
  let depth = 3;
  const metrics = createMetrics((all) => all.set("ceilometer_upgrade_operator_queue_depth", {}, depth));
  expect(await metrics.text()).toContain("ceilometer_upgrade_operator_queue_depth 3");
  depth = 0;
  expect(await metrics.text()).toContain("ceilometer_upgrade_operator_queue_depth 0");
});
