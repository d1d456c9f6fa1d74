import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

/** Svelte's accessibility warnings count as errors (`npm run check` fails on warnings). */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
};
