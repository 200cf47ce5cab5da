import { KubeApiError } from "./errors.ts";

const NEWLINE = 0x0a;

/**
 * The lines of a byte stream, split on 0x0A alone: JSON may hold U+2028 and U+2029, at which node's readline splits as well. Works on
 * bytes, as a chunk may end within a character. A line longer than `capBytes` throws, so that a broken server cannot take all memory.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  capBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const tail = chunk.subarray(start, end);
      checkLength(pendingBytes + tail.length, capBytes);
      const line = pendingBytes === 0 ? tail : Buffer.concat([...pending, tail]);
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.length > 0) yield line;
    }
    if (start === chunk.length) continue;
    pendingBytes += chunk.length - start;
    checkLength(pendingBytes, capBytes);
    pending.push(chunk.subarray(start));
  }
  // A server that ends properly ends its last line: this one is cut short, and parsing it tells.
  if (pendingBytes > 0) yield Buffer.concat(pending);
}

function checkLength(bytes: number, capBytes: number): void {
  if (bytes > capBytes) throw KubeApiError.garbled(`a line of the watch is longer than ${capBytes} bytes`);
}
