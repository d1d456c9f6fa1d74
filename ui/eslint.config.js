import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

export default ts.config(
  { ignores: ["dist", "dist-scripted", "src/lib/bindings"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      // TypeScript knows better which names exist.
      "no-undef": "off",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: { "svelte/require-each-key": "error", "svelte/no-at-html-tags": "error" },
  },
  {
    // One file talks to Tauri. Everything else talks to the Host interface.
    files: ["src/**"],
    ignores: ["src/lib/host/tauri.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["@tauri-apps/*"], message: "Only src/lib/host/tauri.ts talks to Tauri." }] },
      ],
    },
  },
  {
    files: ["*.js", "*.ts", "browser/**", "bench/**"],
    languageOptions: { globals: { ...globals.node } },
  },
);
