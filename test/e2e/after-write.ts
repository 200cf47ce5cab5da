/** Something is done right after a write of the operator has been committed. */
import { isSo } from "./resource.ts";
import { isStatusWrite, type Scene } from "./scene.ts";

/** `act` is told how many effects there were, this one included; with `drop` the operator never hears of it. */
export function afterEffect(scene: Scene, act: (effect: number) => Promise<"drop" | undefined>): () => number {
  let effects = 0;
  scene.proxy.setHook(async (_n, phase, request) => {
    if (phase !== "after-commit" || isStatusWrite(request)) return undefined;
    effects += 1;
    return (await act(effects)) === undefined ? undefined : { kind: "drop" };
  });
  return () => effects;
}

/**
 * Does something once, after a write. Where the run ends with fewer writes than the undisturbed one had (a write that was decided
 * on something older is tried again, and counts twice), it is done at the end. Answers whether it is done.
 */
export function onceAfter(scene: Scene, write: number, act: () => Promise<void>): () => Promise<boolean> {
  let isDone = false;
  afterEffect(scene, async (effect) => {
    if (effect !== write || isDone) return undefined;
    isDone = true;
    await act();
    return undefined;
  });
  return async () => {
    const hasEnded = !isDone && isSo(await scene.resource(), { type: "Succeeded", status: "True" });
    if (!hasEnded || isDone) return isDone;
    isDone = true;
    await act();
    return isDone;
  };
}
