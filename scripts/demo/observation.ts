/** Watches a namespace as the administrator, for those who look on. The operator knows nothing of it. */
import type { z } from "zod";
import { GROUP, PLURAL, VERSION } from "../../src/api/v1alpha1/names.ts";
import type { Api } from "../../tools/control-plane/api.ts";
import { type Change, watchCollection } from "../../tools/control-plane/watch.ts";
import { createStoryteller, type Story } from "./story.ts";
import { eventSchema, jobSchema, podSchema, upgradeSchema } from "./views.ts";

export interface Observation extends AsyncDisposable {
  story(): Story;
  /** Resolves when everything that exists now has been seen. */
  caughtUp(): Promise<void>;
}

export async function observe(api: Api, namespace: string): Promise<Observation> {
  const teller = createStoryteller();
  const follow = <T>(group: string, resource: string, schema: z.ZodType<T>, tell: (change: Change<T>) => void) =>
    watchCollection(api, `${group}/namespaces/${namespace}/${resource}`, schema, tell);
  const watches = [
    follow("/api/v1", "pods", podSchema, teller.pod),
    follow("/apis/batch/v1", "jobs", jobSchema, teller.job),
    follow("/apis/events.k8s.io/v1", "events", eventSchema, teller.event),
    follow(`/apis/${GROUP}/${VERSION}`, PLURAL, upgradeSchema, teller.upgrade),
  ];
  await Promise.all(watches.map((watch) => watch.synced));
  return {
    story: teller.story,
    async caughtUp() {
      await Promise.all(watches.map((watch) => watch.caughtUp()));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}
