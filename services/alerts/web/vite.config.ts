import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const BUNDLED = ["preact", "@preact/signals", "@preact/signals-core", "leaflet", "uplot", "qr"];

// The page must obey `default-src 'none'; script-src 'self'; style-src 'self'`: nothing is inlined.
export default defineConfig({
  base: "/board/",
  plugins: [licenses()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/v1": "http://127.0.0.1:8002" } },
});

/** The minifier drops comments, so the licences of what is bundled come along in a file. */
function licenses(): Plugin {
  const { resolve } = createRequire(import.meta.url);
  return {
    name: "licenses",
    generateBundle() {
      const texts = BUNDLED.map((name) => `${name}\n\n${licenseOf(resolve(name), name)}`);
      this.emitFile({ type: "asset", fileName: "licenses.txt", source: texts.join("\n\n----\n\n") });
    },
  };
}

/** The licence of the package that a file belongs to. */
function licenseOf(file: string, name: string): string {
  const folder = join("node_modules", ...name.split("/"));
  const root = file.slice(0, file.lastIndexOf(folder) + folder.length);
  return readFileSync(join(root, "LICENSE"), "utf8");
}
