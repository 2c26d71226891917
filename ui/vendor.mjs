// Makes `vendor/*.js` from the packages that `package-lock.json` names: `npm run vendor`. With `--check` it writes nothing, and fails
// if a file there is not what it would write.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What the page uses of each package. */
const MODULES = {
  lit: `
    export { LitElement, css, html, nothing, svg } from "lit";
    export { classMap } from "lit/directives/class-map.js";
    export { createRef, ref } from "lit/directives/ref.js";
    export { guard } from "lit/directives/guard.js";
    export { live } from "lit/directives/live.js";
    export { repeat } from "lit/directives/repeat.js";
    export { styleMap } from "lit/directives/style-map.js";`,
  fluent: `export { FluentBundle, FluentResource } from "@fluent/bundle";`,
};

let differs = false;
for (const [name, contents] of Object.entries(MODULES)) {
  const made = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    legalComments: "inline",
    conditions: ["production"],
    write: false,
  });
  const file = new URL(`vendor/${name}.js`, import.meta.url);
  const [is, was] = [made.outputFiles[0].text, await readFile(file, "utf8").catch(() => null)];
  if (is === was) continue;
  differs = true;
  if (process.argv.includes("--check")) console.error(`vendor/${name}.js differs from what vendor.mjs makes: run npm run vendor`);
  else await writeFile(file, is);
}
if (differs && process.argv.includes("--check")) process.exit(1);
