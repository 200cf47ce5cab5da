/**
 * Texts that are made to hold a reader: long, deep, full of whatever it may look at again and again, or keep, or expand.
 */

/** Units that are repeated until the text is full, each with what has to stand before and behind it. */
const REPEATED: readonly (readonly [before: string, unit: string, after?: string])[] = [
  // No reader's form: characters, lines, nesting.
  ["", "a"],
  ["", " "],
  ["", "\n"],
  ["", "\r"],
  ["", "\t"],
  ["", "\\"],
  ["", "\\\n"],
  ["", "'"],
  ["", '"'],
  ["", "#"],
  ["", "$"],
  ["", "é"],
  ["", "😀"],
  ["", "\u0000"],
  ["", "\ufeff"],
  ["", "a\n"],
  ["", "a "],
  ["", "a a  "],
  // YAML.
  ["", "["],
  ["", "{"],
  ["", "- "],
  ["", "- - a\n"],
  ["", "? "],
  ["", "a: "],
  ["", "- a\n"],
  ["", "---\n"],
  ["", "&a "],
  ["", "*a "],
  ["", "!a "],
  ["", "%a\n"],
  ["a: |\n", " \n"],
  ["a: |\n", "\n", "b"],
  ["a: |\n", "  a\n"],
  ["a: >\n", "  a\n\n"],
  ["a: >\n", "  a \n"],
  ["a: 'b", "\n \n"],
  ['a: "b', "\\\n \n"],
  ['a: "', "\\x41", '"'],
  ["a: b", "\n  b"],
  ["a: b", " # b"],
  ["a: ", "1_"],
  ["a: ", "0"],
  ["[", "a,", "]"],
  ["{", "a: 1,", "}"],
  ["- &a [a]\n", "- *a\n"],
  ["- &a {a: 1}\n", "- {<<: *a}\n"],
  // Files of Ceilometer.
  ["sources:\n", "- {name: a, interval: 1, meters: [a], sinks: [a]}\n"],
  ["sources:\n- name: a\n  interval: 1\n  meters:\n", '  - "!a"\n'],
  ["sources:\n- name: a\n  interval: 1\n  meters:\n", '  - "*z"\n'],
  ["sources:\n- name: a\n  interval: 1\n  meters: [", '"', '"]\n'],
  ['sources:\n- name: a\n  interval: 1\n  meters: ["*b', "*b", '"]\n'],
  ['sources:\n- name: a\n  interval: 1\n  meters: ["', "[a-z]?", '"]\n'],
  ['sources:\n- name: a\n  interval: 1\n  meters: ["', "[", '"]\n'],
  ["sources: []\nsinks:\n", "- {name: a, publishers: [a]}\n"],
  ["", '- {name: "a", namespaces: [central]}\n'],
  ["pollsters:\n", "- {name: a, namespace: central}\n"],
  ["pollsters:\n", "- 1\n"],
  ["metric:\n", "- {name: a, type: gauge, event_type: [a], unit: a, volume: 1, resource_id: a}\n"],
  ["metric:\n", "- 1\n"],
  ["", '- {event_type: "a.*", traits: {}}\n'],
  ["- traits: {}\n  event_type:\n", '  - "a*"\n'],
  ["resources:\n", "- {resource_type: a, metrics: [a]}\n"],
  // ceilometer.conf.
  ["", "[a]\n"],
  ["[a]\n", "a=b\n"],
  ["[a]\na=b", "\n b"],
  ["", "$a"],
  ["", "${a"],
  // Shells and commands.
  ["ceilometer-polling ", "--polling-namespaces "],
  ["ceilometer-polling ", "--config-file a "],
  ["", ";"],
  ["", "a;"],
  ["", "ceilometer-polling;"],
  ["", "$(A)"],
  ["", "$("],
  // JSON.
  ["[", "[],", "[]]"],
  ["[", "1,", "1]"],
  ["[", "{},", "{}]"],
  ['{"targets":[', "{},", "{}]}"],
  ['{"targets":[', "1,", "1]}"],
  ['{"upgrade":"', "a", '"}'],
  ['{"approved":[', "1,", "1]}"],
  ['{"acceptedRisks":[', "{},", "{}]}"],
  ['{"a":', '{"a":', "1"],
  ['{"status":"success","data":{"resultType":"vector","result":[', '{"value":[1,"1"]},', "{}]}}"],
  ['{"status":"success","data":{"resultType":"scalar","result":[1,"', "1", '"]}}'],
  ["", "a@00000000,"],
  ["", "api@00000000,"],
  // Logs.
  ["", "Polling pollster a in the context of "],
  ["", "Polling pollster a in the context of b\n"],
  ["", "Continue after error from a:\n"],
  ["", "Skipping a"],
  ["", "Could not load the following pipelines: 'a'"],
  ["", "Failed to import extension for a\n"],
  ["", "ceilometer-upgrade"],
  ["", "ceilometer-upgrade: command not\n"],
  ["", "plugin a"],
  ["", 'database "a" '],
  ["", "gnocchiclient.exceptions.Resource"],
  ["", " exited with status "],
  ["", "exceptions."],
  ["", " ERROR oslo_a"],
  ["", "a://"],
  ["", "a://a@"],
  ["", "a+"],
  // Refusals.
  ["", "test "],
  ["", "is invalid: "],
  // Windows.
  ["", "* "],
  ["", "1,"],
  ["", "*/1 "],
];

/** What hostile texts are made of, for those that mix it. */
export const UNITS: readonly string[] = REPEATED.flatMap(([before, unit, after = ""]) => [before, unit, after]);

const NEVER = ["* * 30 2 *", "0 0 31 2,4,6,9,11 +1", "*/1 */1 L 2 +MON#1", "0 0 1 1 +SUN#5", "* * 29 2 +MON#5"];

// Each entry another name, which is what tables and comparisons of names have to bear.
const DISTINCT: readonly (readonly [before: string, entry: (number: string) => string, after?: string])[] = [
  ["", (number) => `k${number}: 1\n`],
  ["[a]\n", (number) => `k${number}=1\n`],
  ["", (number) => `[k${number}]\n`],
  ["sources:\n", (number) => `- {name: k${number}, interval: 1, meters: ["*k${number}"], sinks: [k${number}]}\n`],
  ["sources:\n- name: a\n  interval: 1\n  meters:\n", (number) => `  - "*k${number}"\n`],
  ["", (number) => `- {event_type: "*k${number}", traits: {}}\n`],
  ["- traits: {}\n  event_type:\n", (number) => `  - "k${number}*"\n`],
  ["metric:\n", (number) => `- {name: k${number}, type: gauge, event_type: [a], unit: a, volume: 1, resource_id: a}\n`],
  ["{", (number) => `"k${number}":"1",`, '"a":1}'],
  ["", (number) => `Polling pollster k${number} in the context of b\n`],
  ["", (number) => `Failed to import extension for k${number}\n`],
];

type Bomb = readonly [name: string, text: (length: number) => string];

function repeated(before: string, unit: (index: number) => string, after: string, length: number): string {
  const times = Math.max(1, Math.floor((length - before.length - after.length) / unit(0).length));
  return before + Array.from({ length: times }, (_, index) => unit(index)).join("") + after;
}

export const BOMBS: readonly Bomb[] = [
  ...REPEATED.map(
    ([before, unit, after = ""]): Bomb => [
      JSON.stringify(`${before}${unit}…`),
      (length) => repeated(before, () => unit, after, length),
    ],
  ),
  ...DISTINCT.map(
    ([before, entry, after = ""]): Bomb => [
      JSON.stringify(`${before}${entry("N")}…`),
      (length) => repeated(before, (index) => entry(String(index).padStart(5, "0")), after, length),
    ],
  ),
  ...NEVER.map((schedule): Bomb => [schedule, () => schedule]),
];
