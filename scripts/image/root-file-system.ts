/** What the image holds below the operator: of Debian only what Node's binary is linked against, and Node. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import type { Entry, Files } from "./layer.ts";
import { textFile } from "./layer.ts";

/** The numeric user of the image, as in distroless images: Kubernetes can verify runAsNonRoot only of a number. */
export const USER = 65532;

/** Shared libraries with their loader, the release's name, licences. Not: character sets, shells, manuals, translations. */
const KEPT = [
  /^(?:bin|sbin|lib|lib64)$/,
  /^usr\/lib(?:64)?\/(?:[^/]+-linux-gnu\/)?(?:ld-linux|lib)[^/]*\.so[^/]*$/,
  /^(?:usr\/lib|etc)\/os-release$/,
  /^etc\/debian_version$/,
  /^usr\/share\/common-licenses\//,
  // Some packages have a link to another one's folder here.
  /^usr\/share\/doc\/[^/]+(?:\/copyright)?$/,
];

export const isKept = (path: string): boolean => KEPT.some((pattern) => pattern.test(path));

/** The files of Debian packages, with what a system without a package manager needs besides. */
export async function debianFiles(packages: readonly string[]): Promise<Files> {
  const files = new Map<string, Entry>([
    [
      "etc/passwd",
      textFile(`root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${USER}:${USER}:nonroot:/:/sbin/nologin\n`),
    ],
    ["etc/group", textFile(`root:x:0:\nnonroot:x:${USER}:\n`)],
    ["etc/nsswitch.conf", textFile("passwd: files\ngroup: files\nhosts: files dns\n")],
    ["tmp", { type: "directory", mode: 0o1777 }],
  ]);
  for (const path of packages) {
    // Directories come with what is in them.
    for (const [name, entry] of await unpack(await dpkgDeb("--fsys-tarfile", path), isKept))
      if (entry.type !== "directory") files.set(name, entry);
    const paragraph = (await dpkgDeb("--field", path)).toString();
    const name = /^Package: (\S+)$/m.exec(paragraph)?.[1];
    if (name === undefined) throw new Error(`dpkg-deb says no name of ${path}`);
    // Where scanners look for the packages of an image without dpkg.
    files.set(`var/lib/dpkg/status.d/${name}`, textFile(paragraph));
  }
  return files;
}

async function dpkgDeb(what: "--fsys-tarfile" | "--field", path: string): Promise<Buffer> {
  const { stdout } = await promisify(execFile)("dpkg-deb", [what, path], { encoding: "buffer", maxBuffer: 1 << 27 });
  return stdout;
}

/** Node and its licence, out of the tarball of its npm package. */
export async function nodeFiles(tarball: Buffer): Promise<Files> {
  const wanted: Readonly<Record<string, string>> = {
    "package/bin/node": "nodejs/bin/node",
    "package/LICENSE": "nodejs/LICENSE",
  };
  const found = await unpack(gunzipSync(tarball), (path) => path in wanted);
  const files = new Map([...found].map(([path, entry]) => [wanted[path] ?? path, entry]));
  if (!files.has("nodejs/bin/node")) throw new Error("the npm package of Node has no bin/node");
  return files;
}

async function unpack(archive: Buffer, isWanted: (path: string) => boolean): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for (const { header, data } of await unpackTar(archive, { strict: true })) {
    const { name, type = "file", mode, linkname } = header;
    const path = name.replace(/^\.?\//, "").replace(/\/$/, "");
    if (!isWanted(path)) continue;
    if (type === "file") entries.set(path, { type, mode: mode ?? 0o644, content: Buffer.from(data ?? []) });
    else if (type === "directory") entries.set(path, { type, mode: mode ?? 0o755 });
    else if (type === "symlink") entries.set(path, { type, target: linkname ?? "" });
    else throw new Error(`${path} is a ${type}, which this image has no use for`);
  }
  return entries;
}
