// Bundles the explorer and the map into built/: hashed files, each packed too, and the pages that name them. Run by
// `make demo`.
//
// Monaco's three workers go first, because the page's script has to know their names.

import { build } from "esbuild";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";

process.chdir(import.meta.dirname);

const OUT = "built";

const common = {
  absWorkingDir: import.meta.dirname,
  bundle: true,
  minify: true,
  metafile: true,
  outdir: OUT,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  target: "es2022",
  legalComments: "none",
  loader: { ".ttf": "dataurl", ".png": "dataurl" },
  define: { "process.env.NODE_ENV": '"production"' },
};

/** The file that was made of an entry point: its name alone. */
function madeOf(result, entry, extension = ".js") {
  const made = Object.entries(result.metafile.outputs).find(
    ([name, { entryPoint }]) => entryPoint === entry && name.endsWith(".js"),
  );
  return basename(extension === ".js" ? made[0] : made[1].cssBundle);
}

const WORKERS = {
  editorWorkerService: "node_modules/monaco-editor/esm/vs/editor/editor.worker.js",
  json: "node_modules/monaco-editor/esm/vs/language/json/json.worker.js",
  graphql: "node_modules/monaco-graphql/esm/graphql.worker.js",
};

const PAGES = { "page.html": "src/main.jsx", "map.html": "src/map/map.jsx" };

await rm(OUT, { recursive: true, force: true });
const workers = await build({ ...common, format: "iife", entryPoints: Object.values(WORKERS) });
const named = Object.fromEntries(
  Object.entries(WORKERS).map(([label, entry]) => [label, madeOf(workers, entry)]),
);
const main = await build({
  ...common,
  format: "esm",
  splitting: true,
  jsx: "automatic",
  entryPoints: Object.values(PAGES),
  define: { ...common.define, WORKERS: JSON.stringify(named) },
});
for (const [name, entry] of Object.entries(PAGES)) {
  const page = (await readFile(name, "utf8"))
    .replace("{script}", madeOf(main, entry))
    .replace("{style}", madeOf(main, entry, ".css"));
  await writeFile(`${OUT}/${name}`, page);
}
for (const name of await readdir(OUT)) {
  if (/\.(js|css)$/.test(name)) {
    await writeFile(`${OUT}/${name}.gz`, gzipSync(await readFile(`${OUT}/${name}`)));
  }
}
