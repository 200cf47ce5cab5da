/** What the operator is installed with: commands that decide as it would have to be told. */
import { Option } from "@commander-js/extra-typings";
import type { OperatorSettings } from "../model/observation.ts";

const NONE: readonly string[] = [];
const repeated = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export const SECRET = new Option("--secret <name>", "a Secret that it may read, as in secrets of the chart; repeatable")
  .argParser(repeated)
  .default(NONE, "none");
export const IMAGE_ALLOWED = new Option("--image-allowed <prefix>", "as in images.allowed of the chart; repeatable")
  .argParser(repeated)
  .default(NONE, "those that run");
export const PROVIDER = new Option("--provider <name>", "a provider that it is configured with; repeatable")
  .argParser(repeated)
  .default(NONE, "none");
export const POD_LOGS = new Option("--pod-logs", "it may read pod logs, as with podLogs.enabled of the chart").default(
  false,
);

export interface SettingOptions {
  readonly secret: readonly string[];
  readonly imageAllowed: readonly string[];
  readonly provider: readonly string[];
  readonly podLogs: boolean;
}

export const settingsOf = ({ secret, imageAllowed, provider, podLogs }: SettingOptions): OperatorSettings => ({
  secrets: secret,
  imagesAllowed: imageAllowed,
  providers: provider,
  podLogs,
});

/** Nothing that is looked at says what the operator's chart allows: a finding about that may be no more than a flag that was not given. */
export function flagsText(remedies: readonly (string | undefined)[]): string | undefined {
  if (!remedies.some((remedy) => remedy?.includes("chart"))) return undefined;
  return "what the operator's chart allows is not looked up; say it: --pod-logs, --secret NAME, --image-allowed PREFIX, --provider NAME";
}
