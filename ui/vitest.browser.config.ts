import { defineConfig } from "vitest/config";

/** Tests that drive a real Chromium over the built page; one after the other. */
export default defineConfig({
  test: {
    include: ["browser/**/*.test.ts"],
    globalSetup: "browser/server.ts",
    environment: "node",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
