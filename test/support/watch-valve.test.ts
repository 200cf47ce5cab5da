import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { watchValve } from "./watch-valve.ts";

/** A watch that is open behind the valve, and all that comes through. */
function opened() {
  const valve = watchValve();
  const tap = valve.tap();
  return { valve, tap, told: text(tap) };
}

test("what stood still comes in its order, and before the end", async () => {
  const { valve, tap, told } = opened();
  valve.freeze(true);
  tap.write("a");
  tap.end("b");
  const first = await Promise.race([told, new Promise((resolve) => setImmediate(() => resolve("nothing yet")))]);
  expect(first).toBe("nothing yet");
  valve.freeze(false);
  expect(await told).toBe("ab");
});

test("what comes late comes in its order, also when the delay ends", async () => {
  const { valve, tap, told } = opened();
  valve.delay(20);
  tap.write("a");
  valve.delay(0);
  tap.end("b");
  expect(await told).toBe("ab");
});

test("each event comes twice while it is told so, whatever pieces it comes in", async () => {
  const { valve, tap, told } = opened();
  valve.repeat(true);
  tap.write("a\nb");
  tap.write("c\n");
  valve.repeat(false);
  tap.end("d\n");
  expect(await told).toBe("a\na\nbc\nbc\nd\n");
});

test("the next event is cut off in its middle, and what follows is whole", async () => {
  const { valve, tap, told } = opened();
  valve.garble();
  tap.write("abcd\nefgh\n");
  tap.end("ijkl\n");
  expect(await told).toBe("ab\nefgh\nijkl\n");
});

test("only watches that are open are garbled", async () => {
  const valve = watchValve();
  valve.garble();
  const tap = valve.tap();
  const told = text(tap);
  tap.end("abcd\n");
  expect(await told).toBe("abcd\n");
});

interface Told {
  readonly type: string;
  readonly name?: string;
  readonly uid?: string;
  readonly version: number;
}
const line = ({ type, name, uid = "1", version }: Told): string =>
  `${JSON.stringify({ type, object: { metadata: { ...(name === undefined ? {} : { name, uid }), resourceVersion: String(version) } } })}\n`;

/** What comes through of these events, told while they are hidden. */
async function hidden(how: "last" | "replaced", ...events: readonly Told[]): Promise<string> {
  const valve = watchValve();
  const tap = valve.tap("/pods?watch=true");
  const all = text(tap);
  const cover = valve.hide((path) => path.startsWith("/pods"));
  // In pieces of three bytes: a line is seldom a chunk.
  const bytes = Buffer.from(events.map(line).join(""));
  for (let at = 0; at < bytes.length; at += 3) tap.write(bytes.subarray(at, at + 3));
  cover.release(how);
  tap.end();
  return all;
}

test("of what was hidden only the last event of each object comes, in the order of their versions", async () => {
  const a = { name: "a", type: "MODIFIED" };
  const b = { name: "b", type: "MODIFIED" };
  const events = [
    { ...a, version: 1 },
    { ...b, version: 2 },
    { ...a, version: 3 },
    { ...b, version: 4, type: "DELETED" },
  ];
  expect(await hidden("last", ...events)).toBe(
    line({ ...a, version: 3 }) + line({ ...b, version: 4, type: "DELETED" }),
  );
});

test("an object that was added meanwhile is added, and one that has gone again is only gone", async () => {
  const a = { name: "ä", version: 1, type: "ADDED" };
  expect(await hidden("last", a, { ...a, version: 2, type: "MODIFIED" })).toBe(line({ ...a, version: 2 }));
  const gone = { ...a, version: 3, type: "DELETED" };
  expect(await hidden("last", a, gone)).toBe(line(gone));
});

test("an object that was deleted and made anew is modified with another uid, or deleted and added", async () => {
  const old = { name: "a", uid: "old", version: 2, type: "DELETED" };
  const added = { name: "a", uid: "new", version: 3, type: "ADDED" };
  const last = { ...added, version: 4, type: "MODIFIED" };
  expect(await hidden("last", old, added, last)).toBe(line(last));
  expect(await hidden("replaced", old, added, last)).toBe(line(old) + line({ ...last, type: "ADDED" }));
});

test("bookmarks are hidden, errors and other watches are not; what comes afterwards comes as it is", async () => {
  const valve = watchValve();
  const [pods, jobs] = [valve.tap("/pods?watch=true"), valve.tap("/jobs?watch=true")];
  const [ofPods, ofJobs] = [text(pods), text(jobs)];
  const cover = valve.hide((path) => path.startsWith("/pods"));
  const bookmark = line({ type: "BOOKMARK", version: 5 });
  const error = line({ type: "ERROR", version: 0 });
  pods.write(bookmark + error + line({ type: "MODIFIED", name: "a", version: 7 }));
  jobs.write(bookmark);
  const name = "a";
  const objects = [{ name, resourceVersion: "7", isGone: false }];
  expect(cover.kept()).toEqual([{ path: "/pods?watch=true", objects }]);
  cover.release("last");
  pods.end(bookmark);
  jobs.end();
  expect(await ofPods).toBe(error + line({ type: "MODIFIED", name, version: 7 }) + bookmark);
  expect(await ofJobs).toBe(bookmark);
});

test("events are numbered as the API server tells them, whatever becomes of them", async () => {
  const { valve, tap, told } = opened();
  valve.freeze(true);
  tap.write("a\nb");
  expect(valve.events()).toBe(1);
  tap.write("\nc\n");
  expect(valve.events()).toBe(3);
  valve.freeze(false);
  tap.end();
  expect(await told).toBe("a\nb\nc\n");
});
