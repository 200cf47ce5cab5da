/**
 * An option of ceilometer.conf that a release no longer reads. oslo.config ignores what it does not know, without a word, so an
 * agent starts with such an option and does something else than its configuration says.
 */
import { z } from "zod";
import { RELEASES } from "../../api/v1alpha1/releases.ts";

const releaseName = z.enum(RELEASES.map(([name]) => name));
const words = z.string().min(8).max(240);

export const removedOptionSchema = z
  .strictObject({
    section: z.string().regex(/^(DEFAULT|[a-z_]+)$/),
    name: z.string().regex(/^[a-z_]+$/),
    /** The first release that does not read it. */
    removed: releaseName,
    /** The first release that reads it again. */
    back: releaseName.exactOptional(),
    /** It has another name now, and the old one is still read. */
    renamed: z.literal(true).exactOptional(),
    /** What the agents do instead. */
    effect: words,
    remedy: words,
    /** The release note (in Ceilometer's releasenotes/notes), or the file and release where it was read. */
    source: words,
    /** Where ignoring it surely loses or doubles data: unless it has one of these values, or one of these options is set. */
    loses: z
      .strictObject({
        unless: z.array(z.string()).readonly(),
        unlessSet: z.array(z.tuple([z.string(), z.string()]).readonly()).readonly(),
      })
      .readonly()
      .exactOptional(),
  })
  .readonly();

export type RemovedOption = z.infer<typeof removedOptionSchema>;
