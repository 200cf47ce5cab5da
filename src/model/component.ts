/** The five parts of a Ceilometer that an upgrade goes through, in the order that the documents advise. */
export const COMPONENTS = ["database", "collector", "notification", "polling", "api"] as const;
export type Component = (typeof COMPONENTS)[number];
/** The parts that run as pods of a workload; the database step is a Job. */
export type AgentComponent = Exclude<Component, "database">;
export const AGENT_COMPONENTS = [
  "collector",
  "notification",
  "polling",
  "api",
] as const satisfies readonly AgentComponent[];

/** What people call a component in a sentence. */
export const COMPONENT_WORDS: Readonly<Record<Component, string>> = {
  database: "database",
  collector: "collector",
  notification: "notification agent",
  polling: "polling agent",
  api: "API",
};
