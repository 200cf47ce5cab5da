/** What a terminal must not be given, wherever a text comes from. */

/** C0 but for the line break and the tabulator, DEL, and C1: what a terminal obeys instead of showing it. */
const CONTROLS = /(?![\n\t])\p{Cc}/gu;

/**
 * Anybody who may write an annotation, a log or a status could give orders to the terminal of whoever looks at it: move the cursor,
 * draw another verdict, set the clipboard.
 */
export const withoutControls = (text: string): string => text.replaceAll(CONTROLS, "\uFFFD");
