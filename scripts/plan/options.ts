/** What `npm run plan` is told on its command line. */
import { parseArgs } from "node:util";

const OUTPUTS = ["text", "json", "timeline"] as const;
export type Output = (typeof OUTPUTS)[number];

export interface PlanOptions {
  /** The file with the resource. */
  readonly file: string;
  /** A folder with everything that the cluster would hold; undefined: ask a cluster. */
  readonly manifests: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly output: Output;
  readonly secrets: readonly string[];
  readonly imagesAllowed: readonly string[];
  readonly providers: readonly string[];
  readonly podLogs: boolean;
}

/** A flag that cannot be understood, or something that cannot be read: the message says which and why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const HELP = `npm run plan -- -f FILE [flags]: every write that an upgrade would make, without making one

  -f, --file FILE         the CeilometerUpgrade, in YAML; other objects in the file count as applied
  --manifests FOLDER      plan from the YAML files of this folder, with no cluster at all
  --kubeconfig FILE       plan from a cluster. Default: KUBECONFIG, else ~/.kube/config
  -n, --namespace NAME    where the resource names none
  -o, --output FORMAT     ${OUTPUTS.join(", ")} (default: text)
  --secret NAME           a Secret that the operator may read, as in secrets of the chart; may be repeated
  --image-allowed PREFIX  as in images.allowed of the chart; may be repeated
  --provider NAME         a provider that the operator is configured with; may be repeated
  --pod-logs              the operator may read pod logs, as with podLogs.enabled of the chart
  --help                  show this

It exits with 0 where the plan leads to the target, with 1 where something holds it, with 2 where it cannot be made.
`;

/** @throws UsageError */
export function readOptions(args: readonly string[]): PlanOptions | "help" {
  const values = parsed(args);
  if (values.help) return "help";
  const { file, manifests, kubeconfig, namespace, output } = values;
  if (file === undefined) throw new UsageError("-f FILE is missing: the file with the CeilometerUpgrade");
  if (manifests !== undefined && kubeconfig !== undefined) {
    throw new UsageError(
      "--manifests and --kubeconfig exclude each other: a plan is made from a folder or from a cluster",
    );
  }
  const format = OUTPUTS.find((each) => each === output);
  if (format === undefined) throw new UsageError(`-o ${output}: possible are ${OUTPUTS.join(", ")}`);
  return {
    file,
    manifests,
    kubeconfig,
    namespace,
    output: format,
    secrets: values.secret,
    imagesAllowed: values["image-allowed"],
    providers: values.provider,
    podLogs: values["pod-logs"],
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        file: { type: "string", short: "f" },
        manifests: { type: "string" },
        kubeconfig: { type: "string" },
        namespace: { type: "string", short: "n" },
        output: { type: "string", short: "o", default: "text" },
        secret: { type: "string", multiple: true, default: [] },
        "image-allowed": { type: "string", multiple: true, default: [] },
        provider: { type: "string", multiple: true, default: [] },
        "pod-logs": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
