/** The most files that one resource can make the operator read in one look, each as slow to read as its size allows, none like another. */
import type { ConfigObject, Observation, Workload } from "../../src/model/observation.ts";
import { aConfigObject, aContainer, aDeployment, anObservation, anUpgrade, NEW_IMAGE, OLD_IMAGE } from "./builders.ts";

/** As the schema allows. */
const TARGETS = 16;
const DEFINITIONS = 8;
/** Just below the tokens of YAML that a reader takes. */
const METERS = 175;
const SOURCES = 280;
const LARGEST_CONF = 63_000;

/** As long as a file may be: comments are no tokens, and are texts to be kept. */
const LARGEST = 64 * 1024;
const mark = (name: string, text: string): string =>
  `# ${name} ${"-".repeat(LARGEST - text.length - name.length - 4)}\n${text}`;

function metersText(): string {
  const entry = (index: number): string =>
    `  - name: "m${index}"\n    event_type: "x.${index}"\n    type: "delta"\n    unit: "u"\n    volume: 1\n    resource_id: $.payload.id\n    project_id: $.payload.p\n`;
  return `metric:\n${Array.from({ length: METERS }, (_, index) => entry(index)).join("")}`;
}

function pipelineText(): string {
  const source = (index: number): string =>
    `  - name: s${index}\n    interval: 600\n    meters: ["m${index}.*"]\n    sinks: [all]\n`;
  const sources = Array.from({ length: SOURCES }, (_, index) => source(index)).join("");
  return `sources:\n${sources}sinks:\n  - name: all\n    publishers: ["notifier://"]\n`;
}

function confText(): string {
  const lines = Array.from({ length: 6000 }, (_, index) => `option_${index} = ${index}\n`).join("");
  return `[DEFAULT]\n${lines.slice(0, LARGEST_CONF)}\n`;
}

interface Named {
  readonly object: ConfigObject;
  readonly key: string;
  readonly path: string;
}

function named(owner: string, key: string, path: string, text: string): Named {
  const name = `${owner}-${key.replaceAll(/[._]/g, "-")}`;
  return { object: aConfigObject("ConfigMap", name, { [key]: mark(name, text) }), key, path };
}

const meters = metersText();
const pipeline = pipelineText();
const conf = confText();

function filesOf(owner: string): readonly Named[] {
  return [
    named(owner, "ceilometer.conf", "/etc/ceilometer/ceilometer.conf", conf),
    named(owner, "pipeline.yaml", "/etc/ceilometer/pipeline.yaml", pipeline),
    named(
      owner,
      "event_pipeline.yaml",
      "/etc/ceilometer/event_pipeline.yaml",
      pipeline.replaceAll("meters:", "events:"),
    ),
    ...Array.from({ length: DEFINITIONS }, (_, index) => {
      const key = `meters_${index}.yaml`;
      return named(owner, key, `/etc/ceilometer/meters.d/${key}`, meters);
    }),
  ];
}

function mounting(name: string, files: readonly Named[]): Workload {
  const volumeMounts = files.map(({ object, key, path }) => ({
    name: object.metadata.name,
    mountPath: path,
    subPath: key,
  }));
  const volumes = files.map(({ object: { metadata } }) => ({
    name: metadata.name,
    configMap: { name: metadata.name },
  }));
  const containers = [aContainer({ image: OLD_IMAGE, volumeMounts })];
  return aDeployment({ name, containers, volumes });
}

/** @param run other texts in each, so that nothing of an earlier one is remembered. */
export function largestLook(run: number): Observation {
  const given = filesOf(`new-${run}`);
  const names = Array.from({ length: TARGETS }, (_, index) => `notification-${run}-${index}`);
  const mounted = names.map((name) => ({ name, files: filesOf(name) }));
  const ref = ({ object, key }: Named) => ({ kind: "ConfigMap", name: object.metadata.name, key }) as const;
  const [, pipelineFile, eventFile, ...definitions] = given;
  const upgrade = anUpgrade({
    target: {
      release: "ocata",
      image: NEW_IMAGE,
      config: {
        ...(pipelineFile === undefined ? {} : { pipeline: ref(pipelineFile) }),
        ...(eventFile === undefined ? {} : { eventPipeline: ref(eventFile) }),
        definitions: definitions.map(ref),
      },
    },
    components: {
      database: { action: "Skip" },
      notification: { targets: names.map((name) => ({ kind: "Deployment", name })) },
    },
  });
  return anObservation({
    upgrade,
    workloads: mounted.map(({ name, files }) => mounting(name, files)),
    files: [...given, ...mounted.flatMap(({ files }) => files)].map(({ object }) => object),
  });
}
