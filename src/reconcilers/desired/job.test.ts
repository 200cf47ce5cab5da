/**
 * A Job runs with the rights, the files and the hosts of a pod that is there already: whatever a template has, the pod that is made of
 * it has nothing that the template does not, but for the image and the command (S2).
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { anUpgrade } from "../../../test/support/builders.ts";
import { LABEL, OFFLINE_NODE_SELECTOR } from "../../api/v1alpha1/names.ts";
import type { Container, PodSpec, PodTemplate } from "../../model/pod-template.ts";
import { commandPod, job, templatePod } from "./job.ts";

const IMAGE = "registry.example/ceilometer:2025.2";
const COMMAND = ["ceilometer-upgrade"];

const word = fc.constantFrom("a", "b", "--config-file", "--config-file=/etc/a.conf", "--config-dir", "/etc/b.conf");
/** Anything that JSON can be, under names that mean something and names that nobody knows. */
const anything: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 2 });
const name = fc.constantFrom("a", "b", "c");
const container: fc.Arbitrary<Container> = fc
  .tuple(
    fc.record({
      name: fc.constantFrom("agent", "sidecar", "proxy"),
      image: fc.constantFrom("registry.example/ceilometer:2024.2", "registry.example/other:1"),
      command: fc.array(word, { maxLength: 5 }),
      args: fc.array(word, { maxLength: 5 }),
      env: fc.array(fc.record({ name, value: fc.string() }), { maxLength: 2 }),
      volumeMounts: fc.array(fc.record({ name, mountPath: fc.string() }), { maxLength: 2 }),
    }),
    fc.record({ securityContext: anything, ports: anything, lifecycle: anything, odd: anything }, { requiredKeys: [] }),
  )
  .map(([known, more]): Container => ({ ...more, ...known }));
const podTemplate: fc.Arbitrary<PodTemplate> = fc
  .tuple(
    fc.record({
      containers: fc.uniqueArray(container, { minLength: 1, maxLength: 3, selector: (each) => each.name }),
      initContainers: fc.array(container, { maxLength: 1 }),
      nodeSelector: fc.dictionary(fc.constantFrom("rack", OFFLINE_NODE_SELECTOR), fc.constantFrom("x", "y")),
      volumes: fc.array(fc.record({ name }), { maxLength: 2 }),
    }),
    fc.record(
      { serviceAccountName: anything, hostNetwork: anything, securityContext: anything, odd: anything },
      { requiredKeys: [] },
    ),
  )
  .map(([known, more]): PodTemplate => ({ labels: {}, annotations: {}, spec: { ...more, ...known } }));

const first = ({ containers }: Pick<PodSpec, "containers">): Container => {
  const [found] = containers;
  if (found === undefined) throw new Error("a pod without a container");
  return found;
};

test("a copy of a pod is that pod, but for the image of the one container", () => {
  fc.assert(
    fc.property(podTemplate, fc.nat(2), (template, index) => {
      const source = template.spec.containers[index] ?? first(template.spec);
      const copy = templatePod(template, IMAGE, source.name);
      expect(copy.containers.find((each) => each.name === source.name)?.image).toBe(IMAGE);
      const back = copy.containers.map((each) => (each.name === source.name ? { ...each, image: source.image } : each));
      expect({ ...copy, containers: back }).toEqual(template.spec);
    }),
  );
});

test("the pod of a command has what the agent's has, or less of it, and its words are the agent's", () => {
  fc.assert(
    fc.property(podTemplate, (template) => {
      const source = first(template.spec);
      const { containers, nodeSelector, ...rest } = commandPod(template, source, IMAGE, COMMAND);
      const { containers: _all, initContainers: _init, nodeSelector: hosts = {}, ...sources } = template.spec;
      expect(rest).toEqual(sources);
      const { [OFFLINE_NODE_SELECTOR]: _offline, ...online } = hosts;
      expect(nodeSelector).toEqual(online);
      expect(containers).toHaveLength(1);
      const { image, command = [], ...fields } = first({ containers });
      expect(image).toBe(IMAGE);
      expect(command.slice(0, COMMAND.length)).toEqual(COMMAND);
      const words = new Set([...(source.command ?? []), ...(source.args ?? [])]);
      expect(command.slice(COMMAND.length).filter((each) => !words.has(each))).toEqual([]);
      for (const [field, value] of Object.entries(fields)) expect(value).toEqual(source[field]);
    }),
  );
});

const jobSchema = z.object({
  metadata: z.object({ namespace: z.string() }),
  spec: z.object({ backoffLimit: z.literal(0), template: z.object({ spec: z.custom<PodSpec>() }) }),
});

test("a Job adds to a pod that it is not started again, and stays in the namespace of its resource", () => {
  fc.assert(
    fc.property(podTemplate, ({ spec }) => {
      const upgrade = anUpgrade();
      const words = { name: "a", component: "database", purpose: "migration", deadlineSeconds: 60 };
      const made = jobSchema.parse(job({ upgrade, spec, ...words }));
      expect(made.metadata.namespace).toBe(upgrade.metadata.namespace);
      expect(made.spec.template.spec).toEqual({ ...spec, restartPolicy: "Never" });
    }),
  );
});

test("a pod of a Job is in no Service that asks for the usual name and component: it serves nobody (F5)", () => {
  const upgrade = anUpgrade();
  const spec: PodSpec = { containers: [{ name: "look", image: IMAGE }] };
  const made = job({ upgrade, spec, name: "a", component: "api", purpose: "gate", deadlineSeconds: 60 });
  const selector = { "app.kubernetes.io/name": "ceilometer", "app.kubernetes.io/component": "api" };
  expect(made).toMatchObject({ metadata: { labels: selector } });
  expect(made).not.toMatchObject({ spec: { template: { metadata: { labels: selector } } } });
  const own = { [LABEL.upgrade]: upgrade.metadata.uid, [LABEL.component]: "api", [LABEL.purpose]: "gate" };
  expect(made).toMatchObject({ spec: { template: { metadata: { labels: own } } } });
});
