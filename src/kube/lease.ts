import type { LeasePort, LeaseRecord, NewLeaseRecord } from "../runtime/lease.ts";
import type { KubeClient, ObjectName } from "./client.ts";
import { failureOf } from "./errors.ts";
import { isRecord, type KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

export const LEASE: Resource = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

/** The lease `namespace/name` as the object of an election. */
export function leasePort(client: KubeClient, at: { readonly namespace: string; readonly name: string }): LeasePort {
  return {
    async get(signal) {
      return unless("notFound", async () => readLease(await client.get(LEASE, at, { isUrgent: true, signal })));
    },
    create: (record, signal) =>
      unless("alreadyExists", async () =>
        readLease(await client.create(LEASE, leaseObject(at, record), { isUrgent: true, signal })),
      ),
    update: (record, signal) =>
      unless("conflict", async () =>
        readLease(
          await client.replace(LEASE, leaseObject(at, record, record.resourceVersion), { isUrgent: true, signal }),
        ),
      ),
  };
}

async function unless(
  expected: "notFound" | "alreadyExists" | "conflict",
  call: () => Promise<LeaseRecord>,
): Promise<LeaseRecord | undefined> {
  try {
    return await call();
  } catch (error) {
    const kind = failureOf(error)?.kind;
    // A lease deleted while we held its version is gone for an update as well: somebody has to start afresh.
    if (kind === expected || (expected === "conflict" && kind === "notFound")) return undefined;
    throw error;
  }
}

function leaseObject({ namespace, name }: ObjectName, record: NewLeaseRecord, resourceVersion?: string): KubeObject {
  const version = resourceVersion === undefined ? {} : { resourceVersion };
  return {
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...version },
    spec: {
      holderIdentity: record.holder,
      leaseDurationSeconds: record.durationSeconds,
      acquireTime: record.acquireTime,
      renewTime: record.renewTime,
      leaseTransitions: record.transitions,
    },
  };
}

/** Fields nobody has written yet read as a lease that nobody holds. */
function readLease({ metadata, spec }: KubeObject): LeaseRecord {
  const fields = isRecord(spec) ? spec : {};
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const number = (value: unknown): number => (typeof value === "number" ? value : 0);
  return {
    holder: text(fields["holderIdentity"]),
    durationSeconds: number(fields["leaseDurationSeconds"]),
    acquireTime: text(fields["acquireTime"]),
    renewTime: text(fields["renewTime"]),
    transitions: number(fields["leaseTransitions"]),
    resourceVersion: metadata.resourceVersion ?? "",
  };
}
