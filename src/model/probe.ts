/**
 * Slow looks that no cache can answer: reading a pod's log, asking an exporter, asking what the operator may do. A decision
 * names the probes it wants; the controller runs them on their own and a later observation carries the results.
 */
import type { Millis } from "./time.ts";

export type ProbeRequest =
  | {
      readonly kind: "podLog";
      /** The same id is the same question. */
      readonly id: string;
      readonly namespace: string;
      readonly pod: string;
      readonly container: string;
      readonly question: LogQuestion;
    }
  | { readonly kind: "exporter"; readonly id: string; readonly address: string; readonly port: number }
  | { readonly kind: "rights"; readonly id: string; readonly namespace: string }
  | {
      readonly kind: "provider";
      readonly id: string;
      /** The name of a provider that the operator is configured with. */
      readonly provider: string;
      readonly question: ProviderQuestion;
      /** Bounds of the number that is answered. */
      readonly min?: string;
      readonly max?: string;
    };

/** What a provider is asked: a Prometheus query, or a JSON document with a number at a pointer. */
export type ProviderQuestion =
  | { readonly kind: "prometheus"; readonly query: string }
  | { readonly kind: "http"; readonly path: string; readonly pointer?: string };

/** What a log is searched for. */
export type LogQuestion =
  /** Has this polling agent polled? `finished`: the release writes a line when a poll has ended well. */
  | { readonly about: "polling"; readonly finished: boolean; readonly text?: string }
  /** Has this agent loaded what it was given? Agents stay up and Ready with files that they could not load. */
  | {
      readonly about: "loading";
      readonly agent: "notification" | "polling";
      /** How long the agent has been ready: long enough without a fault is good enough for releases that write nothing. */
      readonly runningFor?: Millis;
    }
  /** Does it have this literal text? */
  | { readonly about: "text"; readonly text: string }
  /** Why did this migration fail? */
  | { readonly about: "migration" };

export interface ProbeResult {
  readonly at: Millis;
  readonly verdict: "pass" | "fail" | "inconclusive";
  /** In words, never an echo of arbitrary log text. */
  readonly reason: string;
}
