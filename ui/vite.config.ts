import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { emoji } from "./emoji.ts";

// Nothing is inlined: the page's policy allows files of its own only.
export default defineConfig({
  plugins: [svelte(), emoji()],
  build: {
    target: ["safari17.5", "chrome123"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: { fs: { allow: [".."] } },
  resolve: { conditions: ["browser"] },
  test: { include: ["tests/**/*.test.ts"], setupFiles: "tests/page.ts" },
});
