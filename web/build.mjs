// Builds web/dist: bundled script and styles, fonts and illustrations, all named by their content,
// and manifest.json from the logical name to the name on disk.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { tabularFigures } from "./figures.mjs";

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const DIST = path.join(ROOT, "dist");
// Built beside and swapped in at the end: a server reading dist never sees half a build.
const STAGE = path.join(ROOT, `.dist-${process.pid}`);
const FONT_FILES = path.join(ROOT, "node_modules/@fontsource/be-vietnam-pro/files");
const WEIGHTS = [400, 600];
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
      await emit(manifest, `fonts/be-vietnam-pro-${subset}-${weight}.woff2`, await readFile(file));
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

async function styles(manifest) {
  const result = await build({
    entryPoints: [path.join(ROOT, "styles/app.css")],
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
  await emit(manifest, "app.css", Buffer.from(css));
}

async function scripts(manifest) {
  for (const name of ["app", "theme"]) {
    const result = await build({
      entryPoints: [path.join(ROOT, `ts/${name}.ts`)],
      bundle: true,
      minify: true,
      write: false,
      format: "iife",
      target: ["chrome111", "firefox113", "safari16.4"],
    });
    await emit(manifest, `${name}.js`, Buffer.from(result.outputFiles[0].text));
  }
}

async function compress(manifest) {
  for (const target of Object.values(manifest)) {
    if (!COMPRESSIBLE.test(target)) continue;
    const file = path.join(STAGE, target);
    await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }));
  }
}

async function main() {
  const manifest = {};
  await rm(STAGE, { recursive: true, force: true });
  await mkdir(STAGE, { recursive: true });
  try {
    await fonts(manifest);
    await illustrations(manifest);
    await styles(manifest);
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
