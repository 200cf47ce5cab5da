/**
 * `node --expose-gc bench/heap.ts FILE`: bytes of heap for each Deployment that the operator holds, as its own view and its own
 * store keep it, and for the same as the API server sends it. FILE has one Deployment as JSON; the answer is JSON, too.
 */
import { readFile } from "node:fs/promises";
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

/** Bytes of each. */
function held(view: (object: KubeObject) => Stored): number {
  const store = new Store<Stored>();
  store.replace([...deployments()].slice(0, 1).map(view), "1");
  const before = heap();
  const values: Stored[] = [];
  for (const deployment of deployments()) values.push(view(deployment));
  store.replace(values, "2");
  values.length = 0;
  const bytes = (heap() - before) / COUNT;
  if (store.list().length !== COUNT) throw new Error("not every Deployment is held");
  return bytes;
}

const asSent = (object: KubeObject): Stored & KubeObject => {
  const { uid = "", resourceVersion = "" } = object.metadata;
  return { ...object, metadata: { ...object.metadata, uid, resourceVersion } };
};

const kept = held(workloadView("Deployment"));
console.info(JSON.stringify({ count: COUNT, textBytes: text.length, kept, whole: held(asSent) }));
