/** The plugin's root: the flags that every command takes, and how mistakes are answered. */
import { Command } from "@commander-js/extra-typings";
import type { Surroundings } from "./surroundings.ts";

/** As people call it: kubectl finds it by its file name, `kubectl-ceilometer_upgrade`. */
export const CALLED = "kubectl ceilometer-upgrade";

export function createRoot({ out, err }: Pick<Surroundings, "out" | "err">) {
  return new Command(CALLED)
    .description("See, steer and explain upgrades of OpenStack Ceilometer")
    .option("-n, --namespace <namespace>", "the namespace; default: the kubeconfig's")
    .option("--context <name>", "the context of the kubeconfig; default: its current one")
    .option("--kubeconfig <file>", "default: KUBECONFIG, else ~/.kube/config, else the service account of the pod")
    .helpOption("-h, --help", "show this")
    .helpCommand("help [command]", "show what a command does")
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      getOutHelpWidth: () => out.columns ?? 100,
      getErrHelpWidth: () => err.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showSuggestionAfterError()
    .exitOverride()
    .hook("preAction", (root) => {
      // As kubectl has it: `-n "$NAMESPACE"` of a script in which nobody has set it names none, and not all of them.
      for (const flag of ["namespace", "context", "kubeconfig"] as const)
        if (root.opts()[flag] === "") root.setOptionValue(flag, undefined);
    });
}

export type Root = ReturnType<typeof createRoot>;
/** Ends the process with this code, once everything has been said. */
export type SetCode = (code: number) => void;
