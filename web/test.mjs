// Bundles the tests, as Node 20 reads no TypeScript, and runs them.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const TESTS = path.join(path.dirname(fileURLToPath(import.meta.url)), "ts/tests");
const out = await mkdtemp(path.join(os.tmpdir(), "web-tests-"));
try {
  const names = (await readdir(TESTS)).filter((name) => name.endsWith(".test.ts"));
  await build({
    entryPoints: names.map((name) => path.join(TESTS, name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
  });
  const files = names.map((name) => path.join(out, name.replace(/ts$/, "mjs")));
  process.exitCode = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" }).status ?? 1;
} finally {
  await rm(out, { recursive: true, force: true });
}
