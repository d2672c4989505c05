import { defineConfig } from "vite";

// The page must obey `default-src 'none'; script-src 'self'; style-src 'self'`: nothing is inlined.
export default defineConfig({
  base: "/board/",
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/v1": "http://127.0.0.1:8002" } },
});
