/** Every view in every state, light and dark: what axe says of it, and a picture to look at. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findings, launch, lightAndDark, open, picture, settled, view } from "./page";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const names = ["diagnostics", "overview", "workloads", "services", "images", "volumes", "events", "logs", "configuration"];
const looks: [scenario: string, views: number[]][] = [
  ["three-nodes", [1, 2, 3, 5, 6, 7]],
  ["degraded", [1, 2, 3, 5, 6, 7]],
  ["running-one", [1]],
  ["nothing-deployed", [1, 2, 3, 5, 6]],
  ["fifty-nodes", [1, 2, 6]],
  ["long-names", [1, 2, 3, 5, 6, 7]],
  ["rtl", [2, 7]],
  ["stale", [1, 2]],
  ["failed", [1, 2]],
  ["daemon-down", [1, 2]],
  ["stopped", [1, 2, 3, 7]],
  ["half-created", [1, 2]],
  ["create-failed", [1]],
  ["busy-stop", [1]],
  ["busy-create", [2]],
  ["worker-restarted", [1]],
  ["ended", [1, 2]],
  ["loading", [1, 2]],
  ["switched", [1]],
  ["notices", [1]],
];

/** Texts below the smallest size, and rows that are not 24 px high. */
async function measures(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wrong: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
      const element = text.parentElement;
      if (element === null || text.textContent?.trim() === "" || element.offsetParent === null) continue;
      const size = Number.parseFloat(getComputedStyle(element).fontSize);
      if (size < 11) wrong.push(`${size} px: ${text.textContent}`);
    }
    for (const row of document.querySelectorAll<HTMLElement>('[role$="grid"] [role="row"]')) if (row.offsetHeight !== 24) wrong.push(`row of ${row.offsetHeight} px: ${row.textContent}`);
    return wrong;
  });
}

/** Elements that stick out of the window and can't be scrolled to. */
async function outside(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const clipped = (element: Element): boolean => {
      for (let around = element.parentElement; around !== null; around = around.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(around);
        if (around !== document.body && (overflowX !== "visible" || overflowY !== "visible")) return true;
      }
      return false;
    };
    return [...document.querySelectorAll<HTMLElement>("#app *")]
      .filter((element) => element.offsetParent !== null && !element.classList.contains("spoken") && !clipped(element))
      .filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && (box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.left < -1);
      })
      .map((element) => `${element.tagName} ${element.className}: ${element.textContent?.slice(0, 40)}`);
  });
}

describe("light and dark", () => {
  it.each(looks)("%s", async (scenario, digits) => {
    const { page, close } = await open(browser, { scenario, frozen: true });
    for (const digit of digits) {
      if (digit !== 1) await view(page, digit);
      if (scenario === "loading") await page.waitForTimeout(300);
      expect(await lightAndDark(page, `${scenario}-${names[digit]}`), `${scenario}, ${names[digit]}`).toEqual([]);
      expect(await measures(page), `${scenario}, ${names[digit]}`).toEqual([]);
    }
    await close();
  });

  it("what is selected", async () => {
    const { page, close } = await open(browser, { scenario: "degraded", frozen: true });
    const inspect = async (digit: number, name: string, shown: string) => {
      await view(page, digit);
      await page.locator('[role="row"]', { hasText: name }).first().click();
      expect(await lightAndDark(page, `inspector-${shown}`), shown).toEqual([]);
      expect(await page.locator("aside h2").textContent()).toContain(name.split("/").at(-1));
    };
    await inspect(1, "dev-worker2", "node");
    await inspect(2, "shop/cart", "workload");
    await page.locator("label", { hasText: "Pods" }).click();
    await inspect(2, "cart", "pod");
    await inspect(3, "web", "service");
    await inspect(5, "data-orders-db-0", "volume");
    await inspect(6, "BackOff", "event");
    await close();
  });
});

it.each(["degraded", "long-names", "daemon-down", "failed", "stale", "switched"])("the smallest window: %s", async (scenario) => {
  const { page, close } = await open(browser, { scenario, frozen: true, width: 860, height: 560 });
  for (const digit of [1, 2, 3, 5, 6, 7]) {
    await view(page, digit);
    await picture(page, `small-${scenario}-${names[digit]}`);
    expect(await outside(page), names[digit]).toEqual([]);
  }
  await close();
});

it("more contrast: what was faint is not", async () => {
  const { page, close } = await open(browser, { scenario: "degraded", frozen: true, contrast: "more" });
  const colours = await page.evaluate(() => {
    const value = (name: string) => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = `var(${name})`;
      const colour = getComputedStyle(probe).color;
      probe.remove();
      return colour;
    };
    return { text2: value("--text2"), text3: value("--text3"), edge: value("--edge"), separator: value("--separator") };
  });
  expect(colours.text3).toBe(colours.text2);
  expect(colours.separator).toBe(colours.edge);
  await close();
});

it("reduced motion: nothing moves while work goes on", async () => {
  for (const scenario of ["busy-stop", "busy-create"]) {
    const { page, close } = await open(browser, { scenario, motion: "reduce" });
    expect(await page.evaluate(() => document.getAnimations().length), scenario).toBe(0);
    await close();
  }
  const moving = await open(browser, { scenario: "busy-stop" });
  expect(await moving.page.evaluate(() => document.getAnimations().length), "without the wish the ring turns").toBeGreaterThan(0);
  await moving.close();
});

it("right-to-left names leave their neighbours alone", async () => {
  const { page, close } = await open(browser, { scenario: "rtl", frozen: true });
  await view(page, 2);
  const places = await page.evaluate(() =>
    [...document.querySelectorAll('[role="row"][aria-selected]')].map((row) => {
      const cells = [...row.querySelectorAll('[role="gridcell"]')].map((cell) => cell.firstElementChild?.getBoundingClientRect().left);
      return cells[0];
    }),
  );
  expect(new Set(places).size, "all names begin at the same place").toBe(1);
  await close();
});

it("states differ in shape alone", async () => {
  const shapes = new Set<string>();
  for (const [scenario, name] of [
    ["running-one", "dev"],
    ["degraded", "dev"],
    ["failed", "dev"],
    ["busy-stop", "dev"],
    ["stopped", "dev"],
    ["daemon-down", "dev"],
  ] as const) {
    const { page, close } = await open(browser, { scenario, frozen: true });
    shapes.add(await page.locator(`[data-cluster="${name}"] svg`).first().innerHTML());
    await close();
  }
  expect(shapes.size).toBe(6);
});

it("a stopped cluster says that it is stopped, not that it does not answer", async () => {
  const { page, close } = await open(browser, { scenario: "stopped", frozen: true });
  for (const digit of [2, 3, 5, 6]) {
    await view(page, digit);
    expect(await page.locator(".right").innerText(), names[digit]).not.toContain("No answer");
    expect(await page.locator("main").innerText(), names[digit]).toContain("“dev” is stopped.");
  }
  await view(page, 1);
  expect(await page.locator("main").innerText()).toContain("Stopped. Last run 2 h ago. It uses no memory.");
  expect(await page.locator('[role="row"][aria-selected]').allInnerTexts()).toEqual(expect.arrayContaining([expect.stringContaining("Stopped")]));
  await close();
});

it("work that ended is told once, with its details, until it is dismissed", async () => {
  const { page, close } = await open(browser, { scenario: "ended", frozen: true });
  await view(page, 2);
  const told = page.locator(".strip");
  expect(await told.allTextContents()).toHaveLength(2);
  await page.getByRole("button", { name: "Details" }).click();
  expect(await page.getByRole("alertdialog").textContent()).toContain("“dev” was not ready in 60 s.");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Dismiss" }).first().click();
  await settled(page);
  expect(await told.allTextContents()).toHaveLength(1);
  await close();
});

it("a node that was started anew ends its line with a ring", async () => {
  const { page, close } = await open(browser, { scenario: "worker-restarted", frozen: true });
  expect(await page.locator("figure circle").count(), "one in each chart").toBe(3);
  await close();
});

it("a chart can be read as a table", async () => {
  const { page, close } = await open(browser, { scenario: "degraded", frozen: true });
  const chart = page.locator("figure", { hasText: "Memory" });
  expect(await chart.getAttribute("aria-label")).toMatch(/^Memory, 15 minutes: now 2\.\d of 8\.0 Gi/);
  await chart.getByRole("button", { name: "Show as table" }).click();
  await settled(page);
  const cells = await chart.locator("td").allTextContents();
  expect(cells.length).toBeGreaterThan(20);
  await picture(page, "chart-as-table");
  expect(await findings(page)).toEqual([]);
  await close();
});

it("a node's row says its version and what is wrong with it, what is wrong first", async () => {
  const { page, close } = await open(browser, { scenario: "degraded", frozen: true });
  const rows = page.locator('section[aria-label="Nodes"] [role="row"][aria-selected]');
  expect(await rows.first().innerText()).toMatch(/dev-worker2\s+worker\s+Not ready, disk pressure\s/);
  expect(await rows.first().getAttribute("aria-label")).toBe("dev-worker2, Not ready, disk pressure, disk 97% full, worker");
  for (const row of await rows.all()) expect(await row.innerText()).toContain("v1.37.1");
  expect(await rows.last().innerText()).toMatch(/\sReady\s/);
  // Pressure alone leaves a node ready, and is said before that.
  await page.evaluate(() =>
    window.scripted.changeView("dev", (old) => ({
      nodes: old.nodes.map((node) =>
        node.name === "dev-worker"
          ? { ...node, health: "degraded", conditions: node.conditions.map((row) => (row.kind === "MemoryPressure" ? { ...row, status: "True", good: false } : row)) }
          : node,
      ),
    })),
  );
  await settled(page);
  expect(await page.locator('[data-node="dev-worker"]').innerText()).toContain("Memory pressure, ready");
  await close();
});

it("CPU, memory and disk each have a chart that goes on as nodes are measured", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  expect(await page.locator("figure .title").allTextContents()).toEqual(["CPU", "Memory", "Disk"]);
  const disk = page.locator("figure", { hasText: "Disk" });
  expect(await disk.getAttribute("aria-label")).toMatch(/^Disk, 15 minutes: now \d+ Gi, highest of one node \d+ Gi$/);
  const line = disk.locator(".plot path.line").first();
  const before = await line.getAttribute("d");
  await expect.poll(() => line.getAttribute("d"), { timeout: 10_000 }).not.toBe(before);
  await disk.locator(".plot").focus();
  await page.keyboard.press("ArrowLeft");
  await settled(page);
  expect(await disk.locator(".read").innerText()).toMatch(/control-plane \d+(\.\d)? Gi/);
  await close();
});

it("a chart in the smallest window has lines, not one gap", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", frozen: true, width: 860, height: 560 });
  for (const range of ["5 min", "15 min", "1 h"]) {
    await page.getByRole("radio", { name: range, exact: true }).check();
    await settled(page);
    const drawn = await page.evaluate(() =>
      [...document.querySelectorAll("figure .plot")].map((plot) => {
        const wide = (parts: NodeListOf<SVGGraphicsElement>) => Math.max(0, ...[...parts].map((part) => part.getBBox().width));
        return { line: wide(plot.querySelectorAll("path.line")), whole: wide(plot.querySelectorAll("path.base")) };
      }),
    );
    expect(drawn, range).toHaveLength(3);
    // Fifteen minutes are known, a quarter of the last range.
    for (const { line, whole } of drawn) expect(line, range).toBeGreaterThan(whole * (range === "1 h" ? 0.2 : 0.9));
    expect(await page.evaluate(() => [...document.querySelectorAll("figure rect")].length), `gaps in ${range}`).toBe(range === "1 h" ? 3 : 0);
  }
  await close();
});
