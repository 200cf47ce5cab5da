/**
 * `node --expose-gc bench/heap.ts FILE`: bytes of heap for each Deployment that the operator holds, as its own view and its own
 * store keep it, and for the same as the API server sends it. FILE has one Deployment as JSON; the answer is JSON, too.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { workloadView } from "../src/controllers/ceilometer-upgrade/views/workload.ts";
import type { KubeObject } from "../src/kube/object.ts";
import { parseObject } from "../src/kube/object.ts";
import { Store, type Stored } from "../src/runtime/store.ts";

const COUNT = 5000;
/** As many as one page of a list has. */
const PAGE = 500;

const [path = ""] = process.argv.slice(2);
const text = await readFile(path, "utf8");
const name = parseObject(JSON.parse(text)).metadata.name;

/** Each parsed on its own, as an answer of the API server is: nothing is shared between them that is not shared then. */
function* deployments(): Generator<KubeObject> {
  for (let from = 0; from < COUNT; from += PAGE) {
    const texts = Array.from({ length: PAGE }, (_, index) => text.replaceAll(name, `${name}-${from + index}`));
    for (const each of JSON.parse(`[${texts.join(",")}]`)) yield parseObject(each);
  }
}

function heap(): number {
  if (global.gc === undefined) throw new Error("run it with --expose-gc");
  global.gc();
  global.gc();
  return process.memoryUsage().heapUsed;
}

type View = (object: KubeObject) => Stored;

/** In a frame of its own: what it leaves behind in its own variables is gone when it has returned. */
function filled(view: View): Store<Stored> {
  const store = new Store<Stored>();
  const values: Stored[] = [];
  for (const deployment of deployments()) values.push(view(deployment));
  store.replace(values, "1");
  return store;
}

/** Bytes of each. */
async function held(view: View): Promise<number> {
  // Once for nothing: what the code itself costs is not part of it.
  filled(view);
  await pause(0);
  const before = heap();
  const store = filled(view);
  await pause(0);
  const bytes = (heap() - before) / COUNT;
  if (store.list().length !== COUNT) throw new Error("not every Deployment is held");
  return bytes;
}

const asSent = (object: KubeObject): Stored & KubeObject => {
  const { uid = "", resourceVersion = "" } = object.metadata;
  return { ...object, metadata: { ...object.metadata, uid, resourceVersion } };
};

const kept = await held(workloadView("Deployment"));
console.info(JSON.stringify({ count: COUNT, textBytes: text.length, kept, whole: await held(asSent) }));
