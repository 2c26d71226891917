// Makes `dist/`, the files that Owlery embeds and serves, from what is here and the packages of `package-lock.json`: `npm run build`. It is
// committed, so that cargo needs no npm. With `--check` it writes nothing, and fails if `dist/` is not what it would write.
//
// Scripts are joined and made small: as they are, those of the first view would be 80 KB compressed, in 36 requests. Each view, the timeline
// and the player stay files of their own, which are loaded when they are needed.

import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const DIST = join(HERE, "dist");
/** What is copied as it is, besides `index.html`. */
const COPIED = ["icon.svg", "images", "login.css", "login.html", "manifest.webmanifest", "style.css", "texts"];
/** The modules of the first view: the document names their files, so that none waits until another one has named it. */
const FIRST = ["app.js", "day/day.js"];
const PLACE = "  <!-- the modules of the first view -->\n";

/** The files of a folder or a file, by their paths. @param {string} path @returns {Promise<string[]>} */
async function filesOf(path) {
  const entries = await readdir(join(HERE, path), { withFileTypes: true }).catch(() => null);
  if (!entries) return [path];
  return (await Promise.all(entries.map((entry) => filesOf(join(path, entry.name))))).flat();
}

/** The scripts by their names, and those that the first view needs. */
async function scripts() {
  const made = await build({
    absWorkingDir: HERE,
    entryPoints: ["app.js"],
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    target: "es2022",
    legalComments: "eof",
    conditions: ["production"],
    chunkNames: "parts/[name]-[hash]",
    metafile: true,
    write: false,
  });
  const { outputs } = made.metafile;
  /** @type {Set<string>} */
  const first = new Set();
  /** @param {string} output */
  const add = (output) => {
    if (first.has(output)) return;
    first.add(output);
    for (const { path, kind } of outputs[output].imports) if (kind === "import-statement") add(path);
  };
  for (const [output, { entryPoint }] of Object.entries(outputs)) if (entryPoint && FIRST.includes(entryPoint)) add(output);
  const files = new Map(made.outputFiles.map(({ path, contents }) => [path.slice(DIST.length + 1), Buffer.from(contents)]));
  return { files, first: [...first].map((output) => output.slice("dist/".length)).filter((name) => name !== "app.js").sort() };
}

/** All files of `dist/`, by their names. @returns {Promise<Map<string, Buffer>>} */
export async function page() {
  const { files, first } = await scripts();
  for (const name of (await Promise.all(COPIED.map(filesOf))).flat()) files.set(name, await readFile(join(HERE, name)));
  const index = await readFile(join(HERE, "index.html"), "utf8");
  if (!index.includes(PLACE)) throw new Error("index.html has no place for the modules of the first view");
  files.set("index.html", Buffer.from(index.replace(PLACE, first.map((name) => `  <link rel="modulepreload" href="${name}">\n`).join(""))));
  return files;
}

async function main() {
  const files = await page();
  const there = await readdir(DIST, { recursive: true, withFileTypes: true }).catch(() => []);
  const old = there.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(DIST.length + 1));
  const differs = [];
  for (const name of old) if (!files.has(name)) differs.push(name);
  for (const [name, is] of files) if (!(await readFile(join(DIST, name)).catch(() => null))?.equals(is)) differs.push(name);
  if (process.argv.includes("--check")) {
    if (!differs.length) return;
    console.error(`dist/ is not what build.mjs makes (${differs.join(", ")}): run npm run build`);
    process.exit(1);
  }
  if (differs.length) await rm(DIST, { recursive: true, force: true });
  for (const [name, is] of differs.length ? files : []) {
    await mkdir(dirname(join(DIST, name)), { recursive: true });
    await writeFile(join(DIST, name), is);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
