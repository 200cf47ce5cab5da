/**
 * The model cluster of `test/sim/`, on which `test/properties/` and `test/golden/` stand, does what a real control plane does: the
 * same scripts are run against both. Codes, generations, owners of fields and everything at rest are the same; what the real one
 * does on the way is among what the model can do, in one of many orders of its steps.
 */
import { expect, test } from "vitest";
import { applyScripts } from "./conformance/apply-scripts.ts";
import { controllerScripts } from "./conformance/controller-scripts.ts";
import { ModelWorld } from "./conformance/model-world.ts";
import { RealWorld } from "./conformance/real-world.ts";
import { requestScripts } from "./conformance/request-scripts.ts";
import { type Course, play, type Script } from "./conformance/world.ts";
import { sharedCluster } from "./shared-cluster.ts";

/** As the shared control plane has them. */
const NODES = ["worker-0", "worker-1", "worker-2"];
const ORDERS = 40;

async function inModel(script: Script): Promise<readonly [Course, ...Course[]]> {
  const first = await play(new ModelWorld(NODES, 1), script);
  const others: Course[] = [];
  for (let seed = 2; seed <= ORDERS; seed += 1) {
    const course = await play(new ModelWorld(NODES, seed), script);
    // Whatever the order, what comes of it is the same.
    expect([course.said, course.rests]).toEqual([first.said, first.rests]);
    others.push(course);
  }
  return [first, ...others];
}

test.concurrent.each([...requestScripts, ...applyScripts, ...controllerScripts])(
  "the model does as a real one: $name",
  async (script) => {
    const courses = await inModel(script);
    await using world = await RealWorld.open(await sharedCluster());
    const real = await play(world, script, courses[0]);
    expect({ said: real.said, rests: real.rests }).toEqual({ said: courses[0].said, rests: courses[0].rests });
    expect(real.events).toEqual(courses[0].events);
    for (const [index, seen] of real.seen.entries()) {
      const model = courses.flatMap((course) => course.seen[index] ?? []);
      const possible = new Set(model.flatMap(({ together }) => [...together]));
      const where = `${script.name}, until rest ${index + 1}`;
      expect(
        [...seen.together].filter((each) => !possible.has(each)),
        where,
      ).toEqual([]);
      expect(seen.floor, where).toBeGreaterThanOrEqual(Math.min(...model.map(({ floor }) => floor)));
      expect(seen.most, where).toBeLessThanOrEqual(Math.max(...model.map(({ most }) => most)));
    }
  },
);
