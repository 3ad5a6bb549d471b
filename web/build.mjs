// Builds web/dist: bundled script and styles, fonts and illustrations, all named by their content,
// and manifest.json from the logical name to the name on disk.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import subsetFont from "subset-font";
import { tabularFigures } from "./figures.mjs";

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const DIST = path.join(ROOT, "dist");
// Built beside and swapped in at the end: a server reading dist never sees half a build.
const STAGE = path.join(ROOT, `.dist-${process.pid}`);
const FONT_FILES = path.join(ROOT, "node_modules/@fontsource/be-vietnam-pro/files");
const WEIGHTS = [400, 600];
const LANGUAGES = ["vi", "en"];
const COMPRESSIBLE = /\.(js|css|svg|json)$/;

function hashed(name, bytes) {
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const { dir, name: stem, ext } = path.posix.parse(name);
  return path.posix.join(dir, `${stem}-${digest}${ext}`);
}

async function emit(manifest, name, bytes) {
  const target = hashed(name, bytes);
  await mkdir(path.join(STAGE, path.dirname(target)), { recursive: true });
  await writeFile(path.join(STAGE, target), bytes);
  manifest[name] = target;
}

async function fonts(manifest) {
  for (const weight of WEIGHTS) {
    for (const subset of ["vietnamese", "latin", "latin-ext"]) {
      const file = path.join(FONT_FILES, `be-vietnam-pro-${subset}-${weight}-normal.woff2`);
      // Instructions for screens of coarse dots are half of each file, and hold up the first sight
      // of a page on a phone.
      const light = await subsetFont(await readFile(file), undefined, {
        keepAllGlyphs: true, noHinting: true, targetFormat: "woff2",
      });
      await emit(manifest, `fonts/be-vietnam-pro-${subset}-${weight}.woff2`, light);
    }
    const latin = path.join(FONT_FILES, `be-vietnam-pro-latin-${weight}-normal.woff2`);
    await emit(manifest, `fonts/figures-${weight}.woff2`, await tabularFigures(latin));
  }
}

async function illustrations(manifest) {
  for (const file of (await readdir(path.join(ROOT, "illustrations"))).sort()) {
    if (!file.endsWith(".svg")) continue;
    const text = await readFile(path.join(ROOT, "illustrations", file), "utf8");
    const tight = text.replace(/<!--[\s\S]*?-->/g, "").replace(/\n\s*/g, "\n");
    await emit(manifest, `illustrations/${file}`, Buffer.from(tight));
  }
}

/** The files of a directory whose name ends with `ext`, sorted, without it. */
async function named(directory, ext) {
  const names = await readdir(path.join(ROOT, directory));
  return names.filter((name) => name.endsWith(ext)).map((name) => name.slice(0, -ext.length)).sort();
}

async function styles(manifest, entry, name = path.posix.basename(entry)) {
  const result = await build({
    entryPoints: [path.join(ROOT, `styles/${entry}`)],
    bundle: true,
    minify: true,
    write: false,
    external: ["*.woff2"],
    target: ["chrome111", "firefox113", "safari16.4"],
  });
  const css = result.outputFiles[0].text.replace(/fonts\/[a-z0-9-]+\.woff2/g, (name) => {
    if (!manifest[name]) throw new Error(`styles ask for ${name}, which was not built`);
    return manifest[name];
  });
  await emit(manifest, name, Buffer.from(css));
}

// Of the rules' texts the room shows why something is refused, why the lot stands where it does, and
// what follows; other acts, boxes and dossiers are the desks' concern.
const SHOWN = /^rules\.(reason|pause|postponement|stop|failure|forfeit)\./;
const REFUSALS = /^rules\.refusal\.(WRONG_STATUS|NO_BID|NO_WITHDRAWAL|NOT_OFFERED|ALREADY_OUT|HELD|NOT_YOURS)$/;

/** Whether the script shows this text: statuses and events only where it has no words of its own. */
function isShown(key, texts) {
  const [, group, code] = /^rules\.(status|event)\.(.+)$/.exec(key) ?? [];
  if (group === "status") return !(`live.course.${code}.text` in texts);
  if (group === "event") return !Object.keys(texts).some((own) => own.startsWith(`live.turn.${code}`));
  return key.startsWith("live.") || SHOWN.test(key) || REFUSALS.test(key);
}

/** What the script says, in one language: the pages' texts under `live.`, and those of the rules. */
async function liveTexts(lang) {
  const texts = {};
  for (const name of [`rules.${lang}.json`, `${lang}.json`, `room.${lang}.json`]) {
    const text = await readFile(path.join(ROOT, "locales", name), "utf8").catch(() => "{}");
    Object.assign(texts, JSON.parse(text));
  }
  const said = Object.entries(texts).filter(([key]) => isShown(key, texts));
  return Object.fromEntries(said.map(([key, text]) => [key.replace(/^live\./, ""), text]));
}

/** `#texts` in the script is the language it is built for: kept by browsers, not sent with each page. */
function textsOf(lang) {
  return {
    name: "texts",
    setup(bundle) {
      bundle.onResolve({ filter: /^#texts$/ }, () => ({ path: lang, namespace: "texts" }));
      bundle.onLoad({ filter: /.*/, namespace: "texts" }, async () => (
        { contents: JSON.stringify(await liveTexts(lang)), loader: "json" }));
    },
  };
}

async function script(entry, plugins = []) {
  const result = await build({
    entryPoints: [path.join(ROOT, `ts/${entry}.ts`)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    charset: "utf8",
    target: ["chrome111", "firefox113", "safari16.4"],
    plugins,
  });
  return Buffer.from(result.outputFiles[0].text);
}

async function scripts(manifest) {
  await emit(manifest, "theme.js", await script("theme"));
  // What shows notifications while no page is open; asked for by its own name (`/worker.js`).
  await emit(manifest, "worker.js", await script("worker"));
  // One script for each group of pages that needs one; what it says stands in the page itself.
  for (const name of await named("ts/pages", ".ts")) await emit(manifest, `${name}.js`, await script(`pages/${name}`));
  for (const lang of LANGUAGES) await emit(manifest, `app.${lang}.js`, await script("app", [textsOf(lang)]));
}

async function compress(manifest) {
  for (const target of Object.values(manifest)) {
    if (!COMPRESSIBLE.test(target)) continue;
    const file = path.join(STAGE, target);
    const bytes = await readFile(file);
    await writeFile(`${file}.gz`, gzipSync(bytes, { level: 9 }));
    await writeFile(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
  }
}

async function main() {
  const manifest = {};
  await rm(STAGE, { recursive: true, force: true });
  await mkdir(STAGE, { recursive: true });
  try {
    await fonts(manifest);
    await illustrations(manifest);
    await styles(manifest, "app.css");
    await styles(manifest, "noscript.css");
    for (const name of await named("styles/pages", ".css")) await styles(manifest, `pages/${name}.css`);
    await scripts(manifest);
    await compress(manifest);
    await writeFile(path.join(STAGE, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
    await rm(DIST, { recursive: true, force: true });
    await rename(STAGE, DIST);
  } finally {
    await rm(STAGE, { recursive: true, force: true });
  }
  console.log(`web/dist: ${Object.keys(manifest).length} files`);
}

await main();
