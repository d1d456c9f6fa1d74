import { defineConfig } from "vitest/config";

/** Tests that drive a real Chromium over the built page, two files at a time. */
export default defineConfig({
  test: {
    include: ["browser/**/*.test.ts"],
    globalSetup: "browser/server.ts",
    environment: "node",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
