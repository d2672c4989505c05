import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
/**
 * Packages whose licence file stays in their repository: who holds the copyright, and a sibling of
 * the same licence that brings its text.
 */
const WITHOUT_FILE: Record<string, [string, string]> = {
  pmtiles: ["Copyright 2021 Protomaps LLC", "protomaps-leaflet"],
  "@protomaps/basemaps": ["Copyright 2019-2023 Protomaps LLC, Kelso Cartography", "protomaps-leaflet"],
};

/** Packages whose own build holds another one. */
const WITHIN: Record<string, string> = { pmtiles: "fflate", rbush: "quickselect" };

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
  return {
    name: "licenses",
    generateBundle(_, bundle) {
      const files = Object.values(bundle).flatMap((each) => (each.type === "chunk" ? each.moduleIds : []));
      const folders = new Set(files.flatMap((file) => PACKAGE.exec(file)?.[0] ?? []));
      for (const [outer, inner] of Object.entries(WITHIN)) {
        for (const folder of folders) if (nameOf(folder) === outer) folders.add(siblingOf(folder, inner));
      }
      const texts = [...folders].map((folder) => `${nameOf(folder)}\n\n${licenseOf(folder)}`).sort();
      this.emitFile({ type: "asset", fileName: "licenses.txt", source: texts.join("\n\n----\n\n") });
    },
  };
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
}

function siblingOf(folder: string, name: string): string {
  return join(folder.slice(0, -nameOf(folder).length), name);
}

/** The licence that a package brings, or else its sibling of the same people under the same one. */
function licenseOf(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (file) return readFileSync(join(folder, file), "utf8");
  const { license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const [holder, sibling] = WITHOUT_FILE[nameOf(folder)] ?? [];
  const other = sibling && siblingOf(folder, sibling);
  if (!other || license !== JSON.parse(readFileSync(join(other, "package.json"), "utf8")).license) {
    throw new Error(`${nameOf(folder)} brings no licence text`);
  }
  return licenseOf(other).replace(/^Copyright .*$/m, holder ?? "");
}
