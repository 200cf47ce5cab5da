/** The version of the operator: one place, held equal to package.json and the chart by a test. */
export const VERSION = "0.1.0";
