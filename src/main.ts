/** The composition root: the only file of the operator that touches the process it runs in. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { ConfigError, helpText, readConfig } from "./config.ts";
import { readProviders } from "./controllers/ceilometer-upgrade/providers.ts";
import { type ClientOptions, createKubeClient } from "./kube/client.ts";
import { loadKubeConnection } from "./kube/config.ts";
import { createLog } from "./observability/log.ts";
import { tracingTarget } from "./observability/tracing-target.ts";
import { checkWebhook } from "./observability/webhook.ts";
import { runOperator } from "./operator.ts";
import { VERSION } from "./version.ts";

async function main(): Promise<number> {
  const config = readConfig(process.argv.slice(2), process.env);
  if (config.help) {
    process.stdout.write(helpText());
    return 0;
  }
  if (config.version) {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const format = config["log-format"];
  const pretty = format === "pretty" || (format === "auto" && process.stdout.isTTY);
  const log = createLog({ level: config["log-level"], pretty, version: VERSION });
  process.on("uncaughtException", (error) => {
    log.error({ err: error }, "a mistake of the program; ending, so that another process can take over");
    process.exit(1);
  });

  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      log.info({ signal: name }, "stopping");
      stop.abort();
    });
  }
  const providers = await readProviders(config.providers);
  await checkWebhook(config.notify, log);
  const tracing = tracingTarget(process.env);
  const connection = await loadKubeConnection({
    kubeconfig: config.kubeconfig,
    context: config.context,
    env: process.env,
  });
  const identity = `${process.env["POD_NAME"] ?? hostname()}_${randomUUID()}`;
  const leaseNamespace = config["lease-namespace"] ?? process.env["POD_NAMESPACE"] ?? connection.namespace;
  try {
    const connect = (wanted: ClientOptions) => createKubeClient(connection, wanted);
    const options = { config, connect, log, version: VERSION, identity, leaseNamespace, providers, tracing };
    await runOperator(options, stop.signal);
    return 0;
  } catch (error) {
    log.error({ err: error }, "ending");
    return 1;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${error instanceof ConfigError ? `${text}\nSee --help.` : text}\n`);
  process.exitCode = 2;
}
