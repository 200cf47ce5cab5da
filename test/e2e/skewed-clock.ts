/** Imported before a program: its wall clock is wrong by so many milliseconds; what runs by itself (timers, `performance`) is not. */
const skew = Number(process.env["SKEW_MS"] ?? 0);
const Honest = globalThis.Date;

globalThis.Date = new Proxy(Honest, {
  construct(target, given: unknown[], newTarget) {
    const made: unknown = Reflect.construct(target, given.length === 0 ? [Honest.now() + skew] : given, newTarget);
    if (made instanceof Honest) return made;
    throw new Error("a date that is none");
  },
  get(target, name, receiver): unknown {
    return name === "now" ? () => Honest.now() + skew : Reflect.get(target, name, receiver);
  },
});
