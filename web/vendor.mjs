// Copies the board's libraries into api/web/vendor, as their authors ship them, with their licences.
// Browsers know no bare import names and our pages allow no inline import map, so `from "preact"`
// becomes `from "./preact.mjs"`; references to source maps, which we do not ship, are dropped.
// Run `npm ci && npm run vendor` after changing a version here; a user of cunlu never needs Node.

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const modules = fileURLToPath(new URL("node_modules/", import.meta.url));
const vendor = fileURLToPath(new URL("../api/web/vendor/", import.meta.url));

/** Package file → our file. */
const files = {
  "preact/dist/preact.mjs": "preact.mjs",
  "preact/hooks/dist/hooks.mjs": "preact-hooks.mjs",
  "@preact/signals-core/dist/signals-core.mjs": "signals-core.mjs",
  "@preact/signals/dist/signals.mjs": "signals.mjs",
  "htm/dist/htm.mjs": "htm.mjs",
  "maplibre-gl/dist/maplibre-gl.mjs": "maplibre-gl.mjs",
  "maplibre-gl/dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
  "maplibre-gl/dist/maplibre-gl.css": "maplibre-gl.css",
};

/** Bare import name → our file. */
const names = {
  preact: "preact.mjs",
  "preact/hooks": "preact-hooks.mjs",
  "@preact/signals-core": "signals-core.mjs",
};

const licences = {
  preact: "preact/LICENSE",
  "preact-signals": "@preact/signals/LICENSE",
  "preact-signals-core": "@preact/signals-core/LICENSE",
  htm: "htm/LICENSE",
  "maplibre-gl": "maplibre-gl/LICENSE.txt",
};

await rm(vendor, { recursive: true, force: true });
await mkdir(`${vendor}licences`, { recursive: true });

for (const [source, target] of Object.entries(files)) {
  const text = await readFile(modules + source, "utf8");
  const linked = text
    .replace(/\b(from|import)\s*(["'])([^"'./][^"']*)\2/g, (whole, word, quote, name) => {
      if (!target.startsWith("maplibre") && !(name in names)) {
        throw new Error(`${source} imports ${name}, which nobody vendors: add it to names`);
      }
      return name in names ? `${word}${quote}./${names[name]}${quote}` : whole;
    })
    .replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");
  const unchecked = target.endsWith(".mjs") ? "// @ts-nocheck\n" : ""; // our types are checked, not theirs
  await writeFile(vendor + target, unchecked + linked);
}

for (const [name, source] of Object.entries(licences)) {
  await cp(modules + source, `${vendor}licences/${name}.txt`);
}

const versions = {};
for (const name of ["preact", "@preact/signals", "@preact/signals-core", "htm", "maplibre-gl"]) {
  versions[name] = JSON.parse(await readFile(`${modules}${name}/package.json`, "utf8")).version;
}
await writeFile(`${vendor}versions.json`, `${JSON.stringify(versions, null, 2)}\n`);
console.log(versions);
