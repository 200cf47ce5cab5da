/** The conditions of a resource. They are API: people wait for them. */

/** kstatus' three, the outcome, and what people steer by; then one for each component. In the order they are shown. */
export const CONDITION_TYPES = [
  "Ready",
  "Reconciling",
  "Stalled",
  "Succeeded",
  "Paused",
  "AwaitingApproval",
  "PreflightPassed",
  "Drifted",
  "DatabaseUpgraded",
  "CollectorUpgraded",
  "NotificationUpgraded",
  "PollingUpgraded",
  "APIUpgraded",
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];
