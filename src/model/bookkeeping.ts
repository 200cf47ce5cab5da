/** Writes that keep the books and mean nothing to people who follow an upgrade, by their reasons: they are neither planned nor told as Events. */
export const BOOKKEEPING: ReadonlySet<string> = new Set([
  "Claiming",
  "Releasing",
  "Holding",
  "LettingGo",
  "CopyingConfiguration",
  "AttemptEnded",
  "RequestForgotten",
]);
