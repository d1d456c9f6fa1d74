import { defineConfig } from "vitest/config";

/** Measures the built page in a real Chromium. It judges nothing: figures depend on the machine. */
export default defineConfig({
  test: {
    include: ["bench/**/*.bench.ts"],
    globalSetup: "browser/server.ts",
    environment: "node",
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
