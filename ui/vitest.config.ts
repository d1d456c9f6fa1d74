import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: { $lib: at("./src/lib"), $views: at("./src/views"), $host: at("./src/lib/host/mock.ts") },
    conditions: ["browser"],
  },
  test: { include: ["src/**/*.test.ts"], environment: "happy-dom", env: { TZ: "UTC" } },
});
