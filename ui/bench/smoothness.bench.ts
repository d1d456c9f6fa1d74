/**
 * Fifty nodes and two thousand pods, told of as often as the program tells of them: what a frame
 * costs while lists are scrolled and charts go on. `npm run bench` prints the figures, and writes
 * them as JSON where `FIGURES` says.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, it } from "vitest";
import { launch, open, settled, view } from "../browser/page";
import { measure, table, type Figures } from "./frames";

const out = process.env["FIGURES"] ?? join(tmpdir(), "apple-k8s-ui", "smoothness.json");
const seconds = 10;

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/**
 * From now on a view comes every half second, the most that the program sends, with 40 other pods
 * changed; as text that is parsed here, so that no row is the object that it was. What nodes and
 * pods use comes every two seconds, from the scripted host by itself.
 */
async function tell(page: Page): Promise<void> {
  await page.evaluate(() => {
    const texts: string[] = [];
    window.scripted.changeView("dev", (old) => {
      let { pods } = old;
      for (let turn = 0; turn < 8; turn++) {
        const from = turn * 40;
        pods = pods.map((pod, index) => (index >= from && index < from + 40 ? { ...pod, restarts: pod.restarts + 1 } : pod));
        texts.push(JSON.stringify({ ...old, pods }));
      }
      return {};
    });
    let turn = 0;
    setInterval(() => window.scripted.changeView("dev", () => JSON.parse(texts[turn++ % texts.length] ?? "{}")), 500);
  });
}

/** Turns the wheel over a list at every frame: down, and up again at the end. */
async function scroll(page: Page, list: string): Promise<void> {
  await page.evaluate(
    ([selector, time]) =>
      new Promise<void>((done) => {
        let element: Element | null | undefined = document.querySelector(selector);
        while (element && !(element.scrollHeight > element.clientHeight + 1 && getComputedStyle(element).overflowY !== "visible")) element = element.parentElement;
        if (!element) throw new Error(`${selector} does not scroll`);
        const scroller = element;
        const began = performance.now();
        let step = 60;
        const turn = (now: number) => {
          const before = scroller.scrollTop;
          scroller.scrollTop += step;
          if (scroller.scrollTop === before) step = -step;
          if (now - began < time) requestAnimationFrame(turn);
          else done();
        };
        requestAnimationFrame(turn);
      }),
    [list, seconds * 1000] as const,
  );
}

it("fifty nodes, two thousand pods", async () => {
  const { page, close } = await open(browser, { scenario: "fifty-nodes" });
  const figures: Figures[] = [];
  const note = async (scene: string, act: () => Promise<void>) => {
    figures.push(await measure(page, scene, act));
  };
  await tell(page);
  await settled(page);
  await note("overview, looked at", () => page.waitForTimeout(seconds * 1000));
  await note("overview, scrolled", () => scroll(page, '[aria-label="Nodes"] [role="row"]'));
  await view(page, 2);
  await note("workloads, scrolled", () => scroll(page, '[role$="grid"]'));
  await page.locator("label", { hasText: "Pods" }).click();
  await settled(page);
  await note("pods, looked at", () => page.waitForTimeout(seconds * 1000));
  await note("pods, scrolled", () => scroll(page, '[role$="grid"]'));
  await note("pods, filtered while typing", async () => {
    const field = page.getByRole("searchbox");
    for (let time = 0; time < 4; time++) {
      await field.pressSequentially("api-1", { delay: 120 });
      for (let key = 0; key < 5; key++) await page.keyboard.press("Backspace", { delay: 120 });
    }
  });
  await note("views, one after the other", async () => {
    for (let time = 0; time < 3; time++)
      for (const digit of [1, 2, 3, 5, 6]) {
        await view(page, digit);
        await page.waitForTimeout(250);
      }
  });
  await view(page, 6);
  await note("events, looked at", () => page.waitForTimeout(seconds * 1000));
  await close();
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "processor"}`;
  // What else the machine does is in every figure.
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  process.stdout.write(`\n50 nodes, 2,000 pods; a view every 0.5 s, usage every 2 s; Chromium ${browser.version()} without a GPU, ${machine}, load ${load}\n\n${table(figures)}\n\nas JSON: ${out}\n`);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify({ nodes: 50, pods: 2000, viewEveryMs: 500, usageEveryMs: 2000, browser: browser.version(), machine, load, scenes: figures }, null, 2)}\n`);
});
