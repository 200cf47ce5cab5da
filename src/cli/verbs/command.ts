/** The verbs: what a person asks of an upgrade, by annotation or in spec. */
import { Argument, Option } from "@commander-js/extra-typings";
import { ACCEPTABLE } from "../../api/v1alpha1/schema.ts";
import { COMPONENTS } from "../../model/component.ts";
import { formatTime, parseTime } from "../../model/time.ts";
import { duration } from "../duration.ts";
import { CommandError, UsageError } from "../failures.ts";
import type { Root } from "../root-command.ts";
import type { Surroundings } from "../surroundings.ts";
import { currentPlan, whatToApprove } from "./awaited.ts";
import { carryOut } from "./carry-out.ts";
import { isFound } from "./taken.ts";

/** A command with what all verbs take. */
function verbCommand(root: Root, name: string, description: string) {
  return root
    .command(name)
    .description(description)
    .option("--spec", "change spec instead of writing an annotation: where Git does not hold the resource", false)
    .option("--wait", "wait until the operator has taken it", false)
    .addOption(new Option("--timeout <duration>", "how long to wait").argParser(duration).default(60_000, "60s"))
    .option("--dry-run", "let the API server check it, and store nothing", false)
    .addOption(
      new Option("-o, --output <format>", "default: what was changed").choices(["json", "yaml", "name"] as const),
    );
}

const RESOURCE = "the CeilometerUpgrade; default: the only one of the namespace";

export function addVerbs(root: Root, around: Surroundings): void {
  addPlainVerbs(root, around);
  addApprove(root, around);
  addAcceptRisk(root, around);
  addSkip(root, around);
}

function addPlainVerbs(root: Root, around: Surroundings): void {
  const plain = [
    ["pause", "Stop at the next safe point; nothing is borrowed while it is paused"],
    ["resume", "Go on after a pause"],
    ["retry", "Try the step that failed again"],
  ] as const;
  for (const [verb, description] of plain) {
    verbCommand(root, verb, description)
      .argument("[name]", RESOURCE)
      .action((name, options, command) =>
        carryOut(around, { ...command.optsWithGlobals(), ...options, name, question: undefined }, () => ({ verb })),
      );
  }
  verbCommand(root, "abort", "Stop now, wherever it is, and write nothing more")
    .argument("[name]", RESOURCE)
    .option("--rollback", "return to the old release instead of staying as it is", false)
    .option("-y, --yes", "do not ask", false)
    .action((name, options, command) => {
      const question = options.rollback ? ROLLBACK : "Stop now, with whatever is down staying down?";
      const asked = { ...command.optsWithGlobals(), ...options, name, question: options.yes ? undefined : question };
      return carryOut(around, asked, () => ({ verb: "abort", rollback: options.rollback }));
    });
  verbCommand(root, "rollback", "Take the workloads back to what they were before the attempt; never the database")
    .argument("[name]", RESOURCE)
    .option("-y, --yes", "do not ask", false)
    .action((name, options, command) => {
      const asked = { ...command.optsWithGlobals(), ...options, name, question: options.yes ? undefined : ROLLBACK };
      return carryOut(around, asked, () => ({ verb: "rollback" }));
    });
}

const ROLLBACK = "Take the workloads back to the old release? The database stays as it is.";

function addApprove(root: Root, around: Surroundings): void {
  verbCommand(root, "approve", "Approve what the upgrade waits for; it holds for one plan only")
    .argument("[name]", RESOURCE)
    .addOption(new Option("--before <component>", "default: the one that is awaited").choices(COMPONENTS))
    .option("--plan-hash <hash>", "the plan that was looked at: another one is not approved")
    .option("-y, --yes", "do not ask", false)
    .action((name, options, command) => {
      const question = options.yes ? undefined : "Approve?";
      return carryOut(around, { ...command.optsWithGlobals(), ...options, name, question }, (view) => ({
        verb: "approve",
        approval: whatToApprove(view, options.before, options.planHash),
      }));
    });
}

function addAcceptRisk(root: Root, around: Surroundings): void {
  verbCommand(root, "accept-risk", "Accept a finding by name, until it expires; it stays in the history")
    .addArgument(new Argument("<check>", "the reason that the finding gives").choices(ACCEPTABLE))
    .argument("<object>", "the object that the finding names")
    .argument("[name]", RESOURCE)
    .requiredOption("--reason <text>", "why it is accepted")
    .option("--expires-at <time>", "until when, as 2027-01-31T00:00:00Z")
    .addOption(new Option("--expires-in <duration>", "for how long: 12h, 30d").argParser(duration))
    .action((check, object, name, options, command) => {
      const expiresAt = expiry(options.expiresAt, options.expiresIn, around.now());
      const risk = { check, object, reason: options.reason, expiresAt };
      return carryOut(around, { ...command.optsWithGlobals(), ...options, name, question: undefined }, (view) => {
        if (!isFound(view, risk)) {
          around.err.write(`no finding ${check} of ${object} is reported now; it is accepted beforehand\n`);
        }
        return { verb: "accept-risk", risk };
      });
    });
}

function expiry(at: string | undefined, within: number | undefined, now: number): string {
  if ((at === undefined) === (within === undefined)) {
    throw new UsageError("give one of --expires-at and --expires-in: a risk is never accepted for ever");
  }
  const until = within === undefined ? parseTime(at) : now + within;
  if (until === undefined) throw new UsageError(`--expires-at ${at}: give a time as 2027-01-31T00:00:00Z`);
  if (until <= now) throw new UsageError(`--expires-at ${at}: that is over already`);
  return formatTime(until);
}

function addSkip(root: Root, around: Surroundings): void {
  verbCommand(root, "skip", "Do not ask an extra gate, for one plan; it stays in the history")
    .argument("<gate>", "the name of the gate in spec.gates")
    .argument("[name]", RESOURCE)
    .requiredOption("--reason <text>", "why it is skipped")
    .option("--plan-hash <hash>", "the plan that was looked at: for another one nothing is skipped")
    .action((gate, name, options, command) =>
      carryOut(around, { ...command.optsWithGlobals(), ...options, name, question: undefined }, (view) => {
        const names = view.spec?.gates?.map((each) => each.name) ?? [];
        if (!names.includes(gate)) {
          const there = names.length === 0 ? "it has none" : `it has: ${names.join(", ")}`;
          throw new CommandError(`the resource has no gate ${gate}; ${there}`);
        }
        const planHash = currentPlan(view, options.planHash);
        return { verb: "skip", gate: { name: gate, planHash, reason: options.reason } };
      }),
    );
}
