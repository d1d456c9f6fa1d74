import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The policy of the app's windows, from where the app has it. The preview server sends it too, so
 * that the browser tests fail on whatever the app would refuse.
 */
function contentSecurityPolicy(): string {
  const app = JSON.parse(readFileSync(at("../src-tauri/tauri.conf.json"), "utf8")) as {
    app: { security: { csp: Record<string, string> } };
  };
  return Object.entries(app.app.security.csp)
    .map(([directive, sources]) => `${directive} ${sources}`)
    .join("; ");
}

/**
 * `vite build` makes what ships: pages that talk to Tauri. With `--mode scripted` the same pages
 * talk to a scripted host instead, for tests and for work on the design in a browser.
 */
export default defineConfig(({ mode }) => {
  const scripted = mode === "scripted";
  return {
    plugins: [svelte()],
    resolve: {
      alias: {
        $lib: at("./src/lib"),
        $views: at("./src/views"),
        $host: at(scripted ? "./src/lib/host/mock.ts" : "./src/lib/host/tauri.ts"),
      },
    },
    build: {
      target: "safari26",
      cssTarget: "safari26",
      outDir: scripted ? "dist-scripted" : "dist",
      rollupOptions: { input: { main: at("./index.html"), settings: at("./settings.html") } },
    },
    server: { host: "127.0.0.1", port: 5173, strictPort: true },
    preview: {
      host: "127.0.0.1",
      headers: { "Content-Security-Policy": contentSecurityPolicy() },
    },
    clearScreen: false,
  };
});
