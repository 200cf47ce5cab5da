/** Plays stories with a mutant until one notices it, and holds the invariant that noticed it against the one it breaks. */
import { expect } from "vitest";
import type { Decide } from "../sim/operator.ts";
import type { Weather } from "./cast.ts";
import type { Invariant } from "./judge.ts";
import { type Ending, play, type Story } from "./story.ts";

export interface Trial {
  readonly mistake: string;
  readonly breaks: readonly Invariant[];
  readonly decide: Decide;
  readonly stories: readonly Story[];
  readonly weather: Weather;
  readonly judge?: Parameters<typeof play>[3];
}

/** Which mutant was noticed by what, after how many stories. */
export class Killed {
  readonly #killed: { readonly mistake: string; readonly by: string; readonly after: number }[] = [];

  expectNoticed({ mistake, breaks, decide, stories, weather, judge }: Trial): void {
    let ending: Ending | undefined;
    const after = stories.findIndex((story) => {
      ending = play(story, decide, weather, judge);
      return ending.breaches.length > 0;
    });
    const by = ending?.breaches[0];
    expect(after, "no story has noticed it").toBeGreaterThanOrEqual(0);
    expect(breaks).toContain(by?.invariant);
    this.#killed.push({ mistake, by: `${by?.invariant}: ${by?.message}`, after: after + 1 });
  }

  expectEach(invariants: readonly Invariant[]): void {
    const killers = new Set(this.#killed.map(({ by }) => by.split(":")[0] ?? ""));
    expect(invariants.filter((each) => !killers.has(each))).toEqual([]);
  }

  /** As a table for people. */
  get text(): string {
    const lines = this.#killed.map(({ mistake, by, after }) => `  ${mistake}\n    story ${after}: ${by}`);
    return `mutants and what killed them\n${lines.join("\n")}`;
  }
}
