/** Fifty nodes, two thousand pods, ten thousand lines: few elements, little to draw, no blank rows.
 * How long that takes is printed, and judged by nobody: it depends on what else the machine does. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch, open, settled, view } from "./page";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

it("two thousand pods scroll without blank rows", async () => {
  const { page, close } = await open(browser, { scenario: "fifty-nodes", frozen: true });
  await view(page, 2);
  await page.locator("label", { hasText: "Pods" }).click();
  await settled(page);
  const seen = await page.evaluate(async () => {
    const grid = document.querySelector<HTMLElement>('[role$="grid"]');
    if (grid === null) throw new Error("no table");
    const box = grid.getBoundingClientRect();
    const times: number[] = [];
    let most = 0;
    let blank = 0;
    let last = performance.now();
    for (let step = 0; step < 90; step++) {
      grid.scrollTop += 430;
      await new Promise((done) => requestAnimationFrame(done));
      const now = performance.now();
      times.push(now - last);
      last = now;
      most = Math.max(most, grid.querySelectorAll('[role="row"]').length);
      for (const part of [0.2, 0.5, 0.9])
        if (document.elementFromPoint(box.left + 60, box.top + box.height * part)?.closest('[role="row"]') == null) blank += 1;
    }
    times.sort((a, b) => a - b);
    return { most, blank, middle: times[45] ?? 0, rows: Number(grid.getAttribute("aria-rowcount")), scrolled: grid.scrollTop };
  });
  expect(seen.rows).toBeGreaterThan(1800);
  expect(seen.scrolled).toBeGreaterThan(35_000);
  expect(seen.most, "rows in the page").toBeLessThan(80);
  expect(seen.blank).toBe(0);
  process.stdout.write(`a frame while scrolling: ${seen.middle.toFixed(1)} ms\n`);
  await close();
});

it("a row that comes into view is styled, not all rows anew", async () => {
  const { page, close } = await open(browser, { scenario: "fifty-nodes", frozen: true });
  await view(page, 2);
  await page.locator("label", { hasText: "Pods" }).click();
  await settled(page);
  const cdp = await page.context().newCDPSession(page);
  const styled: number[] = [];
  cdp.on("Tracing.dataCollected", ({ value }) => {
    for (const { name, args } of value as unknown as { name: string; args?: { elementCount?: number } }[]) if (name === "UpdateLayoutTree" && args?.elementCount) styled.push(args.elementCount);
  });
  await cdp.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["devtools.timeline"] } });
  await page.evaluate(async () => {
    for (let step = 0; step < 20; step++) {
      const grid = document.querySelector('[role$="grid"]');
      if (grid !== null) grid.scrollTop += 60;
      await new Promise((done) => requestAnimationFrame(done));
    }
  });
  const told = new Promise((done) => cdp.once("Tracing.tracingComplete", done));
  await cdp.send("Tracing.end");
  await told;
  expect(styled.length).toBeGreaterThan(10);
  // Three rows of nineteen elements at most; the list has some 850.
  expect(Math.max(...styled), "elements that a frame has styled").toBeLessThan(200);
  await close();
});

it("an update of two thousand pods touches the rows that can be seen", async () => {
  const { page, close } = await open(browser, { scenario: "fifty-nodes", frozen: true });
  await view(page, 2);
  await page.locator("label", { hasText: "Pods" }).click();
  await settled(page);
  const seen = await page.evaluate(async () => {
    let count = 0;
    const observer = new MutationObserver((records) => (count += records.length));
    observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    const changes: number[] = [];
    const times: number[] = [];
    for (let step = 0; step < 8; step++) {
      const began = performance.now();
      count = 0;
      window.scripted.changeView("dev", (old) => ({ pods: old.pods.map((pod) => ({ ...pod, restarts: pod.restarts + 1 })) }));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      times.push(performance.now() - began);
      changes.push(count);
    }
    return { changes, middle: times.sort((a, b) => a - b)[4] ?? 0 };
  });
  process.stdout.write(`an update: ${seen.middle.toFixed(1)} ms, ${seen.changes.join(" ")} changes of the page\n`);
  expect(Math.min(...seen.changes), "changes that are seen").toBeGreaterThan(0);
  expect(Math.max(...seen.changes), "changes of the page, for two thousand pods").toBeLessThan(200);
  await close();
});

it("fifty nodes are summed up, the unwell on top", async () => {
  const { page, close } = await open(browser, { scenario: "fifty-nodes", frozen: true });
  expect(await page.locator('section[aria-label="Nodes"] .summary').textContent()).toBe("47 ready, 2 not ready, 1 joining");
  const first = await page.locator('section[aria-label="Nodes"] [role="row"][aria-selected]').first().getAttribute("aria-label");
  expect(first).toMatch(/not ready, not heard from, kubelet stopped posting status/i);
  expect(await page.locator("figure path.line").count(), "a line for the middle, not fifty").toBe(3);
  await close();
});

it("ten thousand lines stay few elements, however fast they come", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", frozen: true });
  await page.evaluate(() => {
    let number = 0;
    window.scripted.log = (_source, _tail, hear) => {
      const sending = setInterval(() => {
        const lines = Array.from({ length: 500 }, () => ({ at: 0, text: `line ${number++}` }));
        hear({ lines, ended: null, lost: false });
        if (number >= 12_000) clearInterval(sending);
      }, 10);
      return () => clearInterval(sending);
    };
  });
  await view(page, 7);
  const log = page.getByRole("log");
  await log.getByText("line 11999").waitFor();
  await settled(page);
  expect(await log.locator(".line").count()).toBeLessThan(120);
  expect(await log.evaluate((element) => Math.round(element.querySelector<HTMLElement>(".lines")?.offsetHeight ?? 0))).toBe(10_000 * 18);
  await log.focus();
  await page.keyboard.press("Home");
  await settled(page);
  await log.getByText("line 2000", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Wrap" }).click();
  await settled(page);
  expect(await log.locator(".line").count()).toBeLessThan(120);
  await close();
});
