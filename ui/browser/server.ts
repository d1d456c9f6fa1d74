/** Serves the built pages with the scripted host while the browser tests run. */
import { createServer } from "node:net";
import { preview } from "vite";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    url: string;
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

export default async function serve(project: TestProject): Promise<() => Promise<void>> {
  const port = await freePort();
  const server = await preview({ mode: "scripted", preview: { port, strictPort: true }, build: { outDir: "dist-scripted" } });
  project.provide("url", `http://127.0.0.1:${port}`);
  return () => server.close();
}
