/**
 * Agents of the compute hosts run privileged, so whoever can write the resource must not be able to run any image: only those
 * of the operator's list of prefixes, or, without a list, of the repositories that the targets run already.
 */
import type { Agent } from "../model/agent.ts";
import type { World } from "../model/observation.ts";
import type { Violation } from "../model/outcome.ts";
import { repositoryOf } from "../model/release.ts";

export function imageAllowed(agents: readonly Agent[], world: World): readonly Violation[] {
  const { imagesAllowed } = world.operator;
  // Where no target was found there is nothing to compare with, and that is what is said.
  if (imagesAllowed.length === 0 && agents.length === 0) return [];
  const running = new Set(agents.map((agent) => repositoryOf(agent.recorded?.image ?? agent.container.image)));
  const wanted = new Set([world.upgrade.spec.target.image, ...agents.map((agent) => agent.wanted.image)]);
  return [...wanted].flatMap((image) => {
    const repository = repositoryOf(image);
    const allowed =
      imagesAllowed.length === 0 ? running.has(repository) : imagesAllowed.some((prefix) => image.startsWith(prefix));
    if (allowed) return [];
    const known = imagesAllowed.length === 0 ? [...running] : imagesAllowed;
    return [
      {
        gate: "ImageAllowed",
        object: image,
        reason: "ImageNotAllowed",
        message: `the operator may run images of: ${known.join(", ") || "none"}`,
        remedy: "use such an image, or let the operator's administrator add a prefix (images.allowed in the chart)",
        severity: "Error",
      } satisfies Violation,
    ];
  });
}
