/** Gathers what helps to understand an upgrade. What cannot be read is said, and stops nothing. */
import { stringify } from "yaml";
import { API_VERSION, LABEL } from "../../api/v1alpha1/names.ts";
import { MANAGED_BY } from "../../controllers/ceilometer-upgrade/caches.ts";
import {
  AUTOSCALER,
  CONFIG_MAP,
  CRON_JOB,
  DAEMON_SET,
  DEPLOYMENT,
  JOB,
  POD,
  STATEFUL_SET,
} from "../../controllers/ceilometer-upgrade/resources.ts";
import { upgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import type { KubeClient } from "../../kube/client.ts";
import { tailOf } from "../../kube/log-tail.ts";
import { isStored, type KubeObject, type StoredObject } from "../../kube/object.ts";
import type { Resource } from "../../kube/resource.ts";
import type { OperatorSettings } from "../../model/observation.ts";
import { planOf } from "../../plan/plan.ts";
import { filesWanted } from "../../reconcilers/files-wanted.ts";
import { VERSION } from "../../version.ts";
import { messageOf } from "../failures.ts";
import { listObjects, readNamed } from "../objects/from-cluster.ts";
import { observed, stillCaches } from "../objects/still-cluster.ts";
import { planText } from "../plan/text.ts";
import { sightOf } from "../status/sight.ts";
import { statusLines } from "../status/text.ts";
import { type Line, renderLine } from "../terminal/text.ts";
import { whyOf } from "../why/blocks.ts";
import { whyLines } from "../why/text.ts";
import type { Redactor } from "./redact.ts";

export interface Report {
  /** Text by path, in the order in which it was gathered. */
  readonly files: ReadonlyMap<string, string>;
  readonly unread: readonly string[];
}

export interface ReportWish {
  readonly upgrade: StoredObject;
  readonly namespace: string;
  readonly server: string;
  readonly settings: OperatorSettings;
  /** Where the operator runs; undefined: it is looked for in all namespaces. */
  readonly operatorNamespace: string | undefined;
  readonly now: number;
}

const EVENT: Resource = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event", namespaced: true };
const REPLICA_SET: Resource = {
  group: "apps",
  version: "v1",
  plural: "replicasets",
  kind: "ReplicaSet",
  namespaced: true,
};

const NAMESPACE_KINDS = [DEPLOYMENT, DAEMON_SET, STATEFUL_SET, POD, JOB, CRON_JOB, AUTOSCALER] as const;
const OPERATOR = "app.kubernetes.io/part-of=ceilometer-upgrade-operator,app.kubernetes.io/component=operator";
/** Of the operator's log: what an upgrade of some hours writes. */
const LOG_LINES = 20_000;
const LOG_BYTES = 4 * 1024 * 1024;

export async function collect(client: KubeClient, wish: ReportWish, redactor: Redactor): Promise<Report> {
  const files = new Map<string, string>();
  const unread: string[] = [];
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      unread.push(`${what}: ${redactor.text(messageOf(error))}`);
      return undefined;
    }
  };
  const put = (path: string, text: string): void => {
    files.set(path, redactor.text(text));
  };
  const putObjects = (path: string, objects: readonly KubeObject[]): void => {
    const documents = objects.map((object) => stringify(plain(redactor.object(object)), STYLE));
    if (documents.length > 0) files.set(path, documents.join("---\n"));
  };
  const gathering: Gathering = { client, wish, attempt, put, putObjects };
  await gatherVersions(gathering);
  const running = await gatherNamespace(gathering);
  await gatherViews(gathering, running);
  await gatherOperator(gathering);
  put("unread.txt", unread.length === 0 ? "everything could be read\n" : `${unread.join("\n")}\n`);
  return { files, unread };
}

interface Gathering {
  readonly client: KubeClient;
  readonly wish: ReportWish;
  /** Undefined, and a line in `unread.txt`, where it could not be done. */
  attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined>;
  put(path: string, text: string): void;
  putObjects(path: string, objects: readonly KubeObject[]): void;
}

const STYLE = { aliasDuplicateObjects: false, lineWidth: 0 } as const;
/** What is undefined is not there. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

async function gatherVersions({ client, wish, attempt, put }: Gathering): Promise<void> {
  const apiServer = (await attempt("the version of the API server", () => client.serverVersion())) ?? "unknown";
  const said = {
    plugin: VERSION,
    api: API_VERSION,
    apiServer,
    server: wish.server,
    at: new Date(wish.now).toISOString(),
  };
  put("versions.yaml", stringify(said));
}

async function gatherNamespace({ client, wish, attempt, putObjects }: Gathering): Promise<readonly StoredObject[]> {
  const { upgrade, namespace } = wish;
  putObjects("resource.yaml", [upgrade]);
  const lists = await Promise.all(
    NAMESPACE_KINDS.map(async (kind) => {
      const found = (await attempt(kind.plural, () => listObjects(client, kind, { namespace }))) ?? [];
      putObjects(`${kind.plural}.yaml`, found);
      return found;
    }),
  );
  const replicaSets = await attempt("replicasets", () => listObjects(client, REPLICA_SET, { namespace }));
  putObjects("replicasets.yaml", replicaSets ?? []);
  const own = await attempt("the operator's ConfigMaps", () =>
    listObjects(client, CONFIG_MAP, { namespace, labelSelector: MANAGED_BY }),
  );
  const mine = own?.filter(({ metadata }) => metadata.labels?.[LABEL.upgrade] === upgrade.metadata.uid) ?? [];
  putObjects(
    "attempts.yaml",
    mine.filter(({ metadata }) => metadata.labels?.[LABEL.purpose] === "attempt"),
  );
  putObjects(
    "derived-files.yaml",
    mine.filter(({ metadata }) => metadata.labels?.[LABEL.purpose] !== "attempt"),
  );
  const events = await attempt("events", () => listObjects(client, EVENT, { namespace }));
  putObjects("events.yaml", events?.toSorted(byTime) ?? []);
  return [upgrade, ...lists.flat(), ...(own ?? [])];
}

function byTime(a: KubeObject, b: KubeObject): number {
  const time = ({ eventTime, metadata }: KubeObject): string =>
    typeof eventTime === "string" ? eventTime : (metadata.creationTimestamp ?? "");
  return time(a) < time(b) ? -1 : 1;
}

/** What the other commands would have shown, and the files that the operator reads. */
async function gatherViews(gathering: Gathering, running: readonly StoredObject[]): Promise<void> {
  const { client, wish, attempt, put, putObjects } = gathering;
  const { upgrade, namespace, settings, now } = wish;
  const { name } = upgrade.metadata;
  await attempt("status", async () => {
    const sight = sightOf(stillCaches(running), namespace, name, now);
    if (sight !== undefined) put("status.txt", plainText(statusLines(sight)));
  });
  await attempt("why", async () => {
    put("why.txt", plainText(whyLines({ namespace, name }, whyOf(upgradeView(upgrade)), now)));
  });
  await attempt("plan", async () => {
    const first = observed(running, name, settings, now);
    const workloads = first.workloads.seen === "present" ? first.workloads.value : [];
    const records = first.records.seen === "present" ? first.records.value : [];
    // Secrets are not even asked for.
    const wanted = filesWanted(first.upgrade, workloads, { ...settings, secrets: [] }, records);
    const files = (await attempt("configuration", () => readNamed(client, namespace, wanted))) ?? [];
    putObjects("configuration.yaml", files);
    const seen = observed([...running, ...files], name, settings, now);
    put("plan.txt", planText(seen.upgrade, planOf(seen)));
  });
}

const plainText = (lines: readonly Line[]): string =>
  lines.map((line) => `${renderLine(line, { width: Number.POSITIVE_INFINITY, colours: false })}\n`).join("");

async function gatherOperator({ client, wish, attempt, put, putObjects }: Gathering): Promise<void> {
  const { operatorNamespace } = wish;
  const where = {
    labelSelector: OPERATOR,
    ...(operatorNamespace === undefined ? {} : { namespace: operatorNamespace }),
  };
  const deployments = await attempt("the operator's Deployment", () => client.list(DEPLOYMENT, where));
  putObjects("operator/deployments.yaml", deployments?.items ?? []);
  const pods = (await attempt("the operator's pods", () => client.list(POD, where)))?.items ?? [];
  putObjects("operator/pods.yaml", pods);
  for (const { metadata } of pods.filter(isStored)) {
    const { namespace = "", name } = metadata;
    const options = { lines: LOG_LINES, bytes: LOG_BYTES };
    const log = await attempt(`the log of ${name}`, () => tailOf(client, { namespace, name }, options));
    if (log !== undefined) put(`operator/${name}.log`, log.newest ?? log.oldest ?? "");
  }
}
