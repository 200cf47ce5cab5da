/**
 * ConfigMaps and Secrets that resources name: one watch for each name, begun when it is first asked for and ended when nobody
 * names it any more. Other objects of these kinds are neither read nor kept, and rights on Secrets can be given by name.
 */
import type { KubeClient } from "../../kube/client.ts";
import { listWatch } from "../../kube/watch.ts";
import type { ConfigObject, Seen } from "../../model/observation.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/logger.ts";
import { runReflector } from "../../runtime/reflector.ts";
import { Store } from "../../runtime/store.ts";
import { CONFIG_MAP, SECRET } from "./resources.ts";
import { configView } from "./views/config.ts";

export interface ObjectName {
  readonly kind: "ConfigMap" | "Secret";
  readonly namespace: string;
  readonly name: string;
}

export interface NamedObjects {
  /** What these objects hold, by `<kind>/<name>`; and a promise to enqueue the asker's namespace when one of them changes. */
  look(asker: string, names: readonly ObjectName[]): ReadonlyMap<string, Seen<ConfigObject>>;
  /** Ends every watch. */
  stop(): Promise<void>;
}

interface Watched {
  readonly store: Store<ConfigObject>;
  readonly stop: () => Promise<void>;
  readonly askers: Set<string>;
}

export function createNamedObjects(options: {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: (namespace: string) => void;
}): NamedObjects {
  const watched = new Map<string, Watched>();
  const keyOf = ({ kind, namespace, name }: ObjectName): string => `${kind}/${namespace}/${name}`;

  const begin = (target: ObjectName): Watched => {
    const store = new Store<ConfigObject>({ log: options.log });
    store.subscribe(() => options.onChange(target.namespace));
    const life = new AbortController();
    const { client, clock, log } = options;
    const source = listWatch(client, target.kind === "Secret" ? SECRET : CONFIG_MAP, {
      namespace: target.namespace,
      fieldSelector: `metadata.name=${target.name}`,
    });
    const running = runReflector(
      { name: keyOf(target), source, store, transform: configView(target.kind), clock, log },
      life.signal,
    );
    // A list that comes or is refused is an answer that somebody waits for, even where no object has changed.
    store.subscribeState(() => options.onChange(target.namespace));
    const stop = async (): Promise<void> => {
      life.abort();
      await running;
    };
    return { store, stop, askers: new Set() };
  };

  return {
    look(asker, names) {
      const wanted = new Set(names.map(keyOf));
      for (const [key, entry] of watched) {
        if (wanted.has(key)) continue;
        entry.askers.delete(asker);
        if (entry.askers.size > 0) continue;
        watched.delete(key);
        void entry.stop();
      }
      return new Map(
        names.map((target) => {
          const key = keyOf(target);
          const entry = watched.get(key) ?? begin(target);
          watched.set(key, entry);
          entry.askers.add(asker);
          return [`${target.kind}/${target.name}`, seen(entry.store, target)];
        }),
      );
    },
    async stop() {
      await Promise.all([...watched.values()].map((entry) => entry.stop()));
      watched.clear();
    },
  };
}

function seen(store: Store<ConfigObject>, { namespace, name }: ObjectName): Seen<ConfigObject> {
  if (store.state.kind === "empty") return { seen: "unreadable", why: "not read yet" };
  if (store.state.kind === "failing") return { seen: "unreadable", why: store.state.why };
  const value = store.get(namespace, name);
  return value === undefined ? { seen: "absent" } : { seen: "present", value };
}
