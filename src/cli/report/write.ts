/** A report as a folder, or as one archive. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { packTar } from "modern-tar";
import { messageOf, UsageError } from "../failures.ts";

const ARCHIVE = /\.(?:tar\.gz|tgz)$/;

/** Answers the size in bytes. @throws UsageError where something is in the way. */
export async function writeReport(to: string, files: ReadonlyMap<string, string>, now: number): Promise<number> {
  return ARCHIVE.test(to) ? writeArchive(to, files, now) : writeFolder(to, files);
}

/** Everything lies below one folder, so that unpacking spills nothing. */
async function writeArchive(to: string, files: ReadonlyMap<string, string>, now: number): Promise<number> {
  const root = basename(to).replace(ARCHIVE, "");
  const mtime = new Date(now);
  const entries = [...files].map(([path, text]) => {
    const body = Buffer.from(text);
    return { header: { name: `${root}/${path}`, size: body.length, mode: 0o600, mtime }, body };
  });
  const packed = await promisify(gzip)(await packTar(entries));
  // What is there already is not written over: it may be the only report of an earlier mishap.
  await writeFile(to, packed, { flag: "wx", mode: 0o600 }).catch(refused(to));
  return packed.length;
}

async function writeFolder(to: string, files: ReadonlyMap<string, string>): Promise<number> {
  await mkdir(to, { recursive: true, mode: 0o700 }).catch(refused(to));
  if ((await readdir(to)).length > 0) throw new UsageError(`${to} is not empty; name another folder with --to`);
  let size = 0;
  for (const [path, text] of files) {
    const file = join(to, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode: 0o600 }).catch(refused(file));
    size += Buffer.byteLength(text);
  }
  return size;
}

const refused =
  (path: string) =>
  (error: unknown): never => {
    throw new UsageError(`${path} cannot be written: ${messageOf(error)}`, { cause: error });
  };
