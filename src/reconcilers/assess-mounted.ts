/**
 * The files that agents keep, read as the target will read them: a publisher that the target release no longer has, a rule that
 * an old file breaks, a file that older releases did without. New agents would be up and Ready all the same, and lose data.
 */
import { configurationProblems } from "../gates/configuration.ts";
import { releaseOf } from "../gates/release-pair.ts";
import { type Agent, agentText } from "../model/agent.ts";
import type { AgentFile } from "../model/agent-file.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { pollingFiles, type Release } from "../model/release.ts";
import { configurationOf, readInstead } from "./configuration-of.ts";
import { compared } from "./files-wanted.ts";
import type { Inputs } from "./inputs.ts";
import type { Agents } from "./scene.ts";
import { PATHS, VOLUMES } from "./targets.ts";

type Texts = Inputs["texts"];

export function assessMounted(world: World, agents: Agents, target: Release, inputs: Inputs): readonly Violation[] {
  const read = compared(world.upgrade, world.workloads);
  const found = read.flatMap((component) =>
    agents[component].flatMap((agent) => [
      ...problemsOf(world, agent, target, inputs),
      ...unreadThere(world, agent, target, inputs),
    ]),
  );
  // One object is mounted by many workloads, and its faults are told once.
  return [...new Map(found.map((each) => [`${each.object} ${each.message}`, each])).values()];
}

function problemsOf(world: World, agent: Agent, target: Release, inputs: Inputs): readonly Violation[] {
  const next = configurationOf(world, agent, target);
  if (agent.component === "notification") {
    return configurationProblems({
      ...kept("pipeline", next.pipeline, inputs),
      ...kept("eventPipeline", next.eventPipeline, inputs),
      release: target,
    });
  }
  const [which = "polling"] = pollingFiles(target);
  const missing = which === "polling" ? missingPolling(world, agent, next.polling, target, inputs) : [];
  const texts = which === "polling" ? kept("polling", next.polling, inputs) : {};
  return [...configurationProblems({ ...texts, release: target }), ...missing];
}

/** A mounted file that the resource does not replace. */
function kept(name: keyof Texts, file: AgentFile, { texts }: Inputs): Texts {
  if (texts[name] !== undefined || file.state !== "read" || file.source.kind !== "object") return {};
  const { object, name: source, key } = file.source;
  return { [name]: { object: `${object}/${source}`, key, text: file.text } };
}

/**
 * A file that the resource gives is mounted where Ceilometer looks for it by default. Agents whose options have them look elsewhere
 * would go on with another, and what was found of the given one would hold for nobody (I6, I7).
 */
function unreadThere(world: World, agent: Agent, target: Release, { files }: Inputs): readonly Violation[] {
  const [first = "polling"] = pollingFiles(target);
  const names = agent.component === "notification" ? (["pipeline", "eventPipeline"] as const) : [first];
  return names.flatMap((name) => {
    const file = files[name];
    if (file === undefined) return [];
    const path = PATHS[name];
    const which = agent.component === "notification" ? name : "polling";
    const instead = readInstead(world, agent, target, which, { ...file, path, volume: VOLUMES[name] });
    if (instead === undefined) return [];
    return [
      {
        gate: "Configuration",
        object: agentText(agent),
        reason: "ConfigurationInvalid",
        message: `its agents read ${instead} in place of ${path}, where they would be given the file of spec.target.config.${name}`,
        remedy: "leave the option that names another file out of ceilometer.conf, or this one out of the resource",
        severity: "Error",
      } satisfies Violation,
    ];
  });
}

/** From Queens on nothing stands in for polling.yaml, and the agents' workers do not start without. */
function missingPolling(
  world: World,
  agent: Agent,
  file: AgentFile,
  target: Release,
  { texts }: Inputs,
): readonly Violation[] {
  const from = releaseOf(agent, world);
  const falls =
    from !== undefined && pollingFiles(from).includes("pipeline") && !pollingFiles(target).includes("pipeline");
  if (texts.polling !== undefined || file.state !== "missing" || !falls) return [];
  return [
    {
      gate: "Configuration",
      object: agentText(agent),
      reason: "ConfigurationMissing",
      message: `its agents poll by pipeline.yaml, which ${target.name} does not read for that; without polling.yaml they do not start`,
      remedy: "give the file in spec.target.config.polling",
      severity: "Error",
    },
  ];
}
