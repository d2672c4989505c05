import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

const BUILT = resolve(import.meta.dirname, "dist");
const WORKER = "worker.js";
const PLACEHOLDER = /["'`]__RONDA_FILES__["'`]/;

/** Tells the service worker which files were built, so that it can keep all of them. */
function precached(): Plugin {
  return {
    name: "ronda-precached",
    apply: "build",
    closeBundle() {
      const files = readdirSync(BUILT, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== WORKER)
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
      const digest = createHash("sha256");
      for (const file of files) digest.update(relative(BUILT, file)).update(readFileSync(file));
      const paths = files.map((file) => relative(BUILT, file).replaceAll("\\", "/"));
      const names = paths.filter((path) => path !== "index.html");
      const list = JSON.stringify({ version: digest.digest("hex").slice(0, 16), names });
      const worker = join(BUILT, WORKER);
      const code = readFileSync(worker, "utf8");
      if (!PLACEHOLDER.test(code)) throw new Error("the worker does not name its files");
      writeFileSync(worker, code.replace(PLACEHOLDER, () => list));
    },
  };
}

/** The folder of the package that a module belongs to, or null where it is our own. */
function packageOf(module: string): string | null {
  const found = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(module.replace(/^\0/, ""));
  return found?.[0] ?? null;
}

/** The minifier drops comments, so the licences of what is bundled come along in a file. */
function licenses(): Plugin {
  return {
    name: "ronda-licenses",
    apply: "build",
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).flatMap((one) => (one.type === "chunk" ? [one] : []));
      const folders = chunks.flatMap((chunk) => chunk.moduleIds.flatMap((id) => packageOf(id) ?? []));
      const texts = [...new Set(folders)].sort().map((folder) => {
        const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
        return `${name} ${version}\n\n${readFileSync(join(folder, "LICENSE"), "utf8").trim()}\n`;
      });
      this.emitFile({ type: "asset", fileName: "licenses.txt", source: texts.join("\n----\n\n") });
    },
  };
}

// The page must obey `default-src 'self'`: nothing is inlined.
export default defineConfig({
  base: "/app/",
  plugins: [licenses(), precached()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: "index.html", worker: "worker/worker.ts" },
      output: {
        entryFileNames: (chunk) => (chunk.name === "worker" ? WORKER : "assets/[name]-[hash].js"),
      },
    },
  },
  server: { proxy: { "/v1": "http://127.0.0.1:8001" } },
});
