/**
 * Loaded before a program (`node --import`) whose standard input is a pipe from its parent: when the pipe closes, because the
 * parent is done or was killed in whatever way, the program and everything it has started are told to end, then killed.
 */
const PATIENCE_MS = 5000;

process.stdin.resume();
process.stdin.once("close", () => {
  endGroup("SIGTERM");
  setTimeout(() => endGroup("SIGKILL"), PATIENCE_MS).unref();
});
// Nobody reads what is said after that.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
unreference(process.stdin);

/** The program was started detached: it leads a group of its own, in which its parent is not. */
function endGroup(signal: NodeJS.Signals): void {
  try {
    process.kill(-process.pid, signal);
  } catch {
    process.kill(process.pid, signal);
  }
}

/** A pipe is a socket, which would otherwise keep the program alive. */
function unreference(stream: NodeJS.ReadStream): void {
  stream.unref();
}
