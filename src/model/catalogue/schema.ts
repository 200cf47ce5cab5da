/**
 * The shape of the pollster catalogue, `pollsters.json`: every pollster of Ceilometer's own packages with the releases that
 * have it. Point releases never changed the entry points of their series, so a release is enough.
 */
import { z } from "zod";
import { RELEASES } from "../../api/v1alpha1/releases.ts";

export const releaseNameSchema = z.enum(RELEASES.map(([name]) => name));
export type ReleaseName = z.infer<typeof releaseNameSchema>;

const MAJOR_BY_NAME: ReadonlyMap<string, number> = new Map(RELEASES);

/**
 * Names that can be written as a pattern that matches them alone: a leading `!` would exclude, and no bracket can take it.
 * Blanks and other scripts do not occur in entry points.
 */
export const pollsterNameSchema = z.string().regex(/^(?!!)[\x21-\x7e]{1,255}$/);

/** A polling namespace, as agents take it in `--polling-namespaces`. */
export const namespaceSchema = z.string().regex(/^[\w.-]{1,63}$/);

/** From `since` on, and no longer in `removed`. */
export interface ReleaseSpan {
  readonly since?: ReleaseName;
  readonly removed?: ReleaseName;
}

export function covers({ since, removed }: ReleaseSpan, major: number): boolean {
  const first = since === undefined ? undefined : MAJOR_BY_NAME.get(since);
  const end = removed === undefined ? undefined : MAJOR_BY_NAME.get(removed);
  return (first === undefined || first <= major) && (end === undefined || major < end);
}

/** A span that no release is in says that somebody mixed the two up. */
export function isEmptySpan(span: ReleaseSpan): boolean {
  return !RELEASES.some(([, major]) => covers(span, major));
}

const cataloguedSchema = z
  .strictObject({
    name: pollsterNameSchema,
    since: releaseNameSchema,
    removed: releaseNameSchema.exactOptional(),
    /** The builder that makes it; without one it is an entry point itself. */
    builder: z.string().min(1).exactOptional(),
  })
  .readonly()
  .refine((entry) => !isEmptySpan(entry), "no release has it");

export type CataloguedPollster = z.infer<typeof cataloguedSchema>;

export const catalogueSchema = z
  .strictObject({
    /** The newest release that was read; of later ones nothing is known. */
    newest: releaseNameSchema,
    namespaces: z.record(namespaceSchema, z.array(cataloguedSchema).readonly()).readonly(),
  })
  .readonly();

export type Catalogue = z.infer<typeof catalogueSchema>;
