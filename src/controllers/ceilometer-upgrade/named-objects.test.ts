/** Whoever asked for a file is told of every answer about it, also where no object has changed. */
import { expect, test } from "vitest";
import { ModelApiServer } from "../../../test/sim/model-api-server.ts";
import { ModelClient } from "../../../test/sim/model-client.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { silentLog } from "../../runtime/logger.ts";
import { createNamedObjects } from "./named-objects.ts";

const ETC = { kind: "ConfigMap", namespace: "openstack", name: "etc" } as const;
const away = { kind: "unavailable", code: 503, reason: "ServiceUnavailable", message: "away" } as const;
/** A minute, in steps of milliseconds: longer than a list that fails is waited with. */
const STEP = 250;
const STEPS = 240;

test.each(["that is there", "that is absent"])("a file %s which can be read again is told of", async (what) => {
  const clock = new FakeClock();
  const api = new ModelApiServer(() => clock.now());
  const isThere = what === "that is there";
  if (isThere) api.create({ apiVersion: "v1", kind: "ConfigMap", metadata: ETC, data: { "polling.yaml": "{}" } });
  let answered = Number.POSITIVE_INFINITY;
  const weather = {
    latency: () => 1,
    lag: () => 0,
    fault() {
      answered -= 1;
      return answered < 0 ? ({ when: "before", failure: away } as const) : undefined;
    },
  };
  const client = new ModelClient(api, { clock, weather, onPolled: () => {}, logOf: () => "" });
  const told: string[] = [];
  const named = createNamedObjects({ client, clock, log: silentLog, onChange: (namespace) => told.push(namespace) });
  const look = (): string | undefined => named.look("openstack/ceilometer", [ETC]).get("ConfigMap/etc")?.seen;
  const seen: (string | undefined)[] = [look()];
  for (const isAway of [false, true, false]) {
    if (isAway) {
      // Of what happens elsewhere its watch knows nothing, so that the version from which it would go on is forgotten.
      api.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { ...ETC, name: "other" } });
      client.expire();
    }
    // That it is forgotten is an answer; the list that follows gets none.
    answered = isAway ? 1 : Number.POSITIVE_INFINITY;
    told.length = 0;
    for (let step = 0; step < STEPS; step += 1) await clock.advance(STEP);
    expect(new Set(told)).toEqual(new Set(["openstack"]));
    seen.push(look());
  }
  const read = isThere ? "present" : "absent";
  expect(seen).toEqual(["unreadable", read, "unreadable", read]);
  await named.stop();
});
