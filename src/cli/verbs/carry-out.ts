/** From a verb on the command line to what was changed, told. */
import { stringify } from "yaml";
import { GROUP, KIND } from "../../api/v1alpha1/names.ts";
import { type UpgradeView, upgradeView } from "../../controllers/ceilometer-upgrade/views/upgrade.ts";
import { chooseUpgrade } from "../choose-upgrade.ts";
import { confirm, shownTo } from "../confirm.ts";
import { type Place, withCluster } from "../connection.ts";
import { printJson, printYaml } from "../print.ts";
import type { Surroundings } from "../surroundings.ts";
import { askedText, type VerbRequest } from "./request.ts";
import { storedOf, untilTaken, type Written, writeVerb } from "./write.ts";

export interface VerbOptions extends Place {
  readonly name: string | undefined;
  /** Asked before anything is written; undefined: nothing is asked. */
  readonly question: string | undefined;
  readonly spec: boolean;
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly dryRun: boolean;
  readonly output?: "json" | "yaml" | "name" | undefined;
}

/** `decide` looks at the resource and may refuse, by throwing, before a person is asked. */
export function carryOut(
  around: Surroundings,
  options: VerbOptions,
  decide: (view: UpgradeView) => VerbRequest,
): Promise<void> {
  return withCluster(options, around, async ({ client, namespace }) => {
    const { spec: bySpec, dryRun, wait, timeout, question } = options;
    const resource = storedOf(await chooseUpgrade(client, namespace, options.name));
    const view = upgradeView(resource);
    const request = decide(view);
    if (question !== undefined) {
      if (around.answers !== undefined) shownTo(around).write(aboutText(view, request));
      await confirm(around, question);
    }
    const written = await writeVerb(client, request, resource, { bySpec, dryRun });
    tell(around, request, written, options);
    if (!wait || dryRun) return;
    await untilTaken(
      client,
      request,
      { object: written.object, bySpec },
      {
        milliseconds: timeout,
        signal: around.signal,
        now: around.now,
      },
    );
    if (options.output === undefined) around.out.write("the operator has taken it\n");
  });
}

/** What a person is asked about: the resource, where it stands, and of an approval what comes next. */
function aboutText({ metadata, spec, status }: UpgradeView, request: VerbRequest): string {
  const { release, plan } = status;
  const head = [
    `${KIND}/${metadata.name} in ${metadata.namespace}: ${release?.current ?? "?"} to ${spec?.target.release ?? "?"}`,
    `plan ${plan?.hash ?? "unknown"}, step ${status.step ?? "none"}`,
  ];
  if (request.verb !== "approve") return `${head.join("\n")}\n`;
  const next = (plan?.steps ?? []).filter(({ component }) => component === request.approval.before);
  const steps = next.map(({ action, object, to, downtime }) => {
    const down = downtime === undefined ? "" : `; down ${downtime}`;
    return `  ${action} ${object}${to === undefined ? "" : `: ${to}`}${down}`;
  });
  return `${[...head, `before ${request.approval.before}, whose writes are`, ...steps].join("\n")}\n`;
}

function tell(
  around: Surroundings,
  request: VerbRequest,
  written: Written,
  { output, dryRun, spec }: VerbOptions,
): void {
  const { out } = around;
  const { object, annotations, twin } = written;
  const name = `${KIND.toLowerCase()}.${GROUP}/${object.metadata.name}`;
  switch (output) {
    case "json":
      printJson(out, object);
      return;
    case "yaml":
      printYaml(out, object);
      return;
    case "name":
      out.write(`${name}\n`);
      return;
    case undefined:
      break;
  }
  out.write(`${name}: ${askedText(request)}${dryRun ? " (dry run: nothing was stored)" : ""}\n`);
  for (const [key, value] of Object.entries(annotations)) {
    out.write(value === null ? `  annotation ${key} removed\n` : `  annotation ${key}=${value}\n`);
  }
  const fields = indented(stringify({ spec: twin }));
  out.write(
    spec ? `${fields}Put the same into Git, or it is taken back\n` : `To make it last, put into Git\n${fields}`,
  );
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");
