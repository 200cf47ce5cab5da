import { expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { silentLog } from "../runtime/logger.ts";
import type { Notification } from "./notification.ts";
import { createNotifier, type NotificationResult } from "./notifier.ts";
import type { Sent } from "./webhook.ts";

const DONE: Sent = { kind: "done" };
const DOWN: Sent = { kind: "again", why: "down" };

function setting(answer: (notification: Notification, signal: AbortSignal) => Sent | Promise<Sent>) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const results: NotificationResult[] = [];
  const notifier = createNotifier({
    async send(notification, signal) {
      sent.push(notification.id);
      return answer(notification, signal);
    },
    clock,
    log: silentLog,
    random: () => 0,
    onResult: (result) => results.push(result),
  });
  const fact = (id: string, agoMs = 0): Notification => ({
    specversion: "1.0",
    id,
    source: "/a",
    type: "t",
    time: new Date(clock.now() - agoMs).toISOString(),
    datacontenttype: "application/json",
    data: { namespace: "n", name: "a", uid: "u" },
  });
  return { clock, sent, results, notifier, fact };
}

test("each fact is sent once, in order, however often it is told", async () => {
  const { clock, sent, results, notifier, fact } = setting(() => DONE);
  const [a, b] = [fact("a"), fact("b")];
  notifier.tell("n/a", [a]);
  notifier.tell("n/a", [a, b]);
  notifier.tell("n/a", [a, b]);
  await clock.advance(0);
  expect(sent).toEqual(["a", "b"]);
  expect(results).toEqual(["sent", "sent"]);
  expect(notifier.queued).toBe(0);
});

test("a report that says less for a while makes nothing of it news when it says it again", async () => {
  const { clock, sent, notifier, fact } = setting(() => DONE);
  notifier.tell("n/a", [fact("a"), fact("b")]);
  notifier.tell("n/a", []);
  notifier.tell("n/a", [fact("a"), fact("b"), fact("c")]);
  await clock.advance(0);
  expect(sent).toEqual(["a", "b", "c"]);
  notifier.forget("n/a");
  notifier.tell("n/a", [fact("a")]);
  await clock.advance(0);
  expect(sent).toEqual(["a", "b", "c", "a"]);
});

test("a process that begins tells what is true and not old", async () => {
  const { clock, sent, notifier, fact } = setting(() => DONE);
  notifier.tell("n/a", [fact("yesterday", 86_400_000), fact("just now", 60_000)]);
  await clock.advance(0);
  expect(sent).toEqual(["just now"]);
});

test("what cannot be sent is tried less and less often, before what comes after it", async () => {
  let down = true;
  const { clock, sent, results, notifier, fact } = setting(() => (down ? DOWN : DONE));
  notifier.tell("n/a", [fact("a")]);
  await clock.advance(0);
  notifier.tell("n/a", [fact("b")]);
  await clock.advance(7_000);
  expect(sent).toEqual(["a", "a", "a", "a"]);
  down = false;
  await clock.advance(8_000);
  expect(sent.slice(4)).toEqual(["a", "b"]);
  expect(results).toEqual(["retried", "retried", "retried", "retried", "sent", "sent"]);
});

test("the receiver says when to come again", async () => {
  const { clock, sent, notifier, fact } = setting(() => ({ kind: "again", why: "busy", afterMs: 50_000 }));
  notifier.tell("n/a", [fact("a")]);
  await clock.advance(49_000);
  expect(sent).toHaveLength(1);
  await clock.advance(1_000);
  expect(sent).toHaveLength(2);
});

test("a receiver that asks for days is asked again while it is still news", async () => {
  const { clock, sent, notifier, fact } = setting(() => ({ kind: "again", why: "busy", afterMs: 1e12 }));
  notifier.tell("n/a", [fact("a")]);
  await clock.advance(3_600_000);
  expect(sent).toHaveLength(2);
});

test("what is refused for good, or is no news any more, is given up; what follows is sent", async () => {
  const { clock, sent, results, notifier, fact } = setting(({ id }) =>
    id === "refused" ? { kind: "never", why: "400" } : DOWN,
  );
  notifier.tell("n/a", [fact("refused"), fact("late")]);
  await clock.advance(3_500_000);
  expect(sent[0]).toBe("refused");
  expect(results.filter((result) => result === "dropped")).toHaveLength(1);
  await clock.advance(300_000);
  expect(results.filter((result) => result === "dropped")).toHaveLength(2);
  expect(notifier.queued).toBe(0);
});

test("a webhook that never answers stops nobody: telling returns, the oldest go, and the end does not wait", async () => {
  const { clock, results, notifier, fact } = setting(
    (_, signal) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve({ kind: "again", why: "aborted" }))),
  );
  for (let index = 0; index < 300; index++) notifier.tell(`n/${index}`, [fact(`${index}`)]);
  expect(notifier.queued).toBe(256);
  expect(results.filter((result) => result === "dropped")).toHaveLength(44);
  const stopped = notifier.stop();
  await clock.advance(3_000);
  await stopped;
  expect(clock.sleeping).toBe(0);
});
