/** Everything by keyboard alone. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { calls, launch, open, settled, view } from "./page";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const focused = (page: Page) =>
  page.evaluate(() => {
    const active = document.activeElement;
    return active?.getAttribute("aria-label") ?? active?.textContent?.trim().replace(/\s+/g, " ") ?? "";
  });
const region = (page: Page) => page.evaluate(() => [...document.querySelectorAll("[data-region]")].filter((one) => one.contains(document.activeElement)).at(-1)?.getAttribute("data-region") ?? null);

async function press(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
  await settled(page);
}

it("F6 goes round the regions, both ways", async () => {
  const { page, close } = await open(browser, { scenario: "degraded" });
  const seen: (string | null)[] = [];
  for (let step = 0; step < 6; step++) {
    await press(page, "F6");
    seen.push(await region(page));
  }
  expect(seen).toEqual(["sidebar", "toolbar", "problems", "content", "status", "sidebar"]);
  await press(page, "Shift+F6");
  expect(await region(page)).toBe("status");
  await close();
});

it("a view's key shows it, and its heading is read", async () => {
  const { page, close } = await open(browser, { scenario: "degraded" });
  await view(page, 2);
  expect(await focused(page)).toBe("Workloads of dev");
  expect(await page.locator('[aria-current="page"]').textContent()).toContain("Workloads");
  await view(page, 6);
  expect(await focused(page)).toBe("Events of dev");
  await press(page, "Meta+0");
  expect(await page.locator('[aria-current="page"]').textContent()).toContain("Diagnostics");
  await close();
});

it("Option and arrows choose the cluster and keep the view", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await view(page, 3);
  await press(page, "Alt+ArrowDown");
  expect(await page.locator(".toolbar h2").textContent()).toContain("ci");
  expect(await page.locator('[aria-current="page"]').textContent()).toContain("Services");
  await press(page, "Alt+ArrowUp");
  expect(await page.locator(".toolbar h2").textContent()).toContain("dev");
  await close();
});

it("a table: arrows, ends, typing, inspector, back", async () => {
  const { page, close } = await open(browser, { scenario: "degraded" });
  await view(page, 2);
  await press(page, "F6", "F6", "F6", "F6", "F6");
  await page.locator('[role="row"][tabindex="0"]').focus();
  await press(page, "Home");
  expect(await focused(page)).toMatch(/^cart, failed, CrashLoopBackOff/);
  expect(await page.locator("aside h2").textContent()).toContain("cart");
  await press(page, "w");
  expect(await focused(page)).toMatch(/^web, healthy/);
  await press(page, "Space");
  expect(await page.locator("aside").count(), "space hides the inspector").toBe(0);
  await press(page, "Space");
  expect(await page.locator("aside h2").textContent()).toContain("web");
  await press(page, "End");
  expect(await focused(page)).toBe("System 8, all well");
  expect(await page.locator('[role="row"][aria-expanded="false"]').count()).toBe(1);
  await press(page, "ArrowRight", "ArrowDown");
  expect(await focused(page), "unfolded, and the first row in it").toMatch(/^kube-flannel-ds/);
  await press(page, "Escape");
  expect(await page.locator('[aria-selected="true"]').count()).toBe(0);
  await close();
});

it("buttons inside a row are reached with the right arrow", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await view(page, 3);
  await page.locator('[role="row"][tabindex="0"]').focus();
  await press(page, "Home", "ArrowRight");
  expect(await focused(page)).toBe("Open web in the browser");
  await press(page, "Enter");
  expect(await calls(page)).toEqual([{ name: "url_open", args: { url: "http://127.0.0.1:8080" } }]);
  await press(page, "ArrowLeft");
  expect(await focused(page)).toMatch(/^web, healthy, LoadBalancer, shop, 127\.0\.0\.1:8080/);
  await close();
});

it("a row keeps the focus when it moves or others go", async () => {
  const { page, close } = await open(browser, { scenario: "degraded" });
  await view(page, 2);
  await page.locator('[role="row"][tabindex="0"]').focus();
  await press(page, "Home", "w");
  await page.evaluate(() =>
    window.scripted.changeView("dev", (old) => {
      const rows = old.workloads.map((row) => (row.name === "web" ? { ...row, health: "failed" as const, why: "ErrImagePull" } : row));
      return { workloads: [...rows.filter((row) => row.name === "web"), ...rows.filter((row) => row.name !== "web")] };
    }),
  );
  await settled(page);
  expect(await focused(page)).toMatch(/^web, failed, ErrImagePull/);
  await page.evaluate(() => window.scripted.changeView("dev", (old) => ({ workloads: old.workloads.filter((row) => row.name !== "web") })));
  await settled(page);
  expect(await region(page), "the focus stays in the table when its row is gone").toBe("content");
  await close();
});

it("logs and a shell of what is selected", async () => {
  const { page, close } = await open(browser, { scenario: "degraded" });
  await page.locator('[role="row"][tabindex="0"]').focus();
  await press(page, "Home", "Meta+t");
  expect(await calls(page)).toEqual([{ name: "terminal_open", args: { target: { kind: "node", cluster: "dev", node: "dev-worker2" } } }]);
  await press(page, "Meta+l");
  expect(await page.locator('[role="log"]').getAttribute("aria-label")).toBe("Node worker2");
  await close();
});

it("delete: asks, Return does not delete, Esc goes back to where one was", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await page.locator('[data-cluster="dev"]').focus();
  await press(page, "Meta+Backspace");
  const sheet = page.getByRole("alertdialog");
  expect(await sheet.textContent()).toContain("Delete “dev”?");
  expect(await focused(page)).toBe("Cancel");
  await press(page, "Enter");
  expect(await sheet.count()).toBe(0);
  expect(await region(page), "back at the sidebar").toBe("sidebar");
  await press(page, "Meta+Backspace", "Escape");
  expect(await sheet.count()).toBe(0);
  expect((await calls(page)).filter((call) => call.name === "cluster_delete")).toEqual([]);
  await press(page, "Meta+Backspace", "Tab", "Enter");
  expect((await calls(page)).filter((call) => call.name === "cluster_delete")).toEqual([{ name: "cluster_delete", args: { name: "dev" } }]);
  await close();
});

it("delete: says of a stopped cluster, which can't be asked, that its volumes go too", async () => {
  const { page, close } = await open(browser, { scenario: "stopped" });
  await page.locator('[data-cluster="dev"]').focus();
  await press(page, "Meta+Backspace");
  expect(await page.getByRole("alertdialog").textContent()).toContain("3 nodes and all that is on them, volumes too, are removed");
  await close();
});

it("nothing is deleted from a text field", async () => {
  const { page, close } = await open(browser, { scenario: "degraded" });
  await view(page, 2);
  await press(page, "Meta+f");
  await page.keyboard.type("cart");
  await press(page, "Meta+Backspace");
  expect(await page.getByRole("alertdialog").count()).toBe(0);
  await close();
});

it("find filters, Esc empties the field", async () => {
  const { page, close } = await open(browser, { scenario: "degraded" });
  await view(page, 2);
  await press(page, "Meta+f");
  await page.keyboard.type("orders postgres");
  await settled(page);
  expect(await page.locator('[role="row"][aria-selected]').allTextContents()).toHaveLength(1);
  await press(page, "Escape");
  expect(await page.locator("input[type=search]").inputValue()).toBe("");
  await close();
});

it("the context of kubectl is switched from the status bar", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await page.locator('[data-region="status"] button').first().focus();
  await press(page, "Enter");
  expect(await focused(page)).toBe("dev");
  expect(await page.getByRole("menuitemradio", { checked: true }).allTextContents()).toHaveLength(1);
  await press(page, "p", "Enter");
  expect(await calls(page)).toEqual([{ name: "context_use", args: { name: "prod" } }]);
  expect(await page.locator('[data-region="status"]').textContent()).toContain("prod");
  expect(await region(page), "the focus is back").toBe("status");
  await close();
});

it("the menu beside Stop opens inside the window and closes with Esc", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", width: 860, height: 560 });
  const button = page.locator('[data-region="toolbar"] button[aria-haspopup="menu"]');
  await button.focus();
  await press(page, "ArrowDown");
  const box = await page.getByRole("menu").boundingBox();
  expect(box?.x).toBeGreaterThan(0);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(860);
  await press(page, "Escape");
  expect(await button.evaluate((element) => element === document.activeElement), "the focus is back on its button").toBe(true);
  await close();
});

it("running work is cancelled with its key", async () => {
  const { page, close } = await open(browser, { scenario: "busy-create" });
  await press(page, "Meta+.");
  expect(await calls(page)).toEqual([{ name: "operation_cancel", args: { id: 7 } }]);
  await close();
});

it("sidebar and inspector are put away and come back; on Linux with F9", async () => {
  const mac = await open(browser, { scenario: "three-nodes" });
  await press(mac.page, "Control+s");
  expect(await mac.page.locator('[data-region="sidebar"]').count()).toBe(0);
  await press(mac.page, "Control+s");
  expect(await mac.page.locator('[data-region="sidebar"]').count()).toBe(1);
  await mac.close();
  const linux = await open(browser, { scenario: "three-nodes", platform: "linux" });
  await press(linux.page, "F9");
  expect(await linux.page.locator('[data-region="sidebar"]').count()).toBe(0);
  await press(linux.page, "F9", "Control+2");
  expect(await focused(linux.page)).toBe("Workloads of dev");
  expect(await linux.page.locator('nav[aria-label="This computer"]').count()).toBe(1);
  await linux.close();
});

it("sidebar and inspector are made wider by key, within limits, and stay so", async () => {
  const { page, close } = await open(browser, { scenario: "degraded", frozen: true });
  await page.locator('[role="row"][tabindex="0"]').focus();
  await press(page, "Home");
  const width = async (selector: string) => (await page.locator(selector).boundingBox())?.width;
  await page.getByRole("separator", { name: "Width of the inspector" }).focus();
  await press(page, "ArrowLeft");
  expect(await width("aside")).toBe(336);
  await page.getByRole("separator", { name: "Width of the sidebar" }).focus();
  for (let step = 0; step < 9; step++) await press(page, "ArrowRight");
  expect(await width(".sidebar")).toBe(280);
  await page.reload();
  await page.locator(".sidebar").waitFor();
  expect(await width(".sidebar")).toBe(280);
  await close();
});

it("logs pause when one scrolls up, and End follows again", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await view(page, 7);
  const log = page.getByRole("log");
  await page.waitForTimeout(600);
  const follow = page.getByRole("button", { name: "Follow" });
  expect(await follow.getAttribute("aria-pressed")).toBe("true");
  await log.focus();
  await press(page, "PageUp");
  await page.waitForTimeout(200);
  expect(await follow.getAttribute("aria-pressed")).toBe("false");
  const waiting = page.getByRole("button", { name: /new lines?$/ });
  await waiting.waitFor();
  await press(page, "End");
  expect(await follow.getAttribute("aria-pressed")).toBe("true");
  expect(await waiting.count()).toBe(0);
  const end = await log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  expect(end).toBeLessThan(40);
  await close();
});

it("find in logs goes from hit to hit", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", frozen: true });
  await view(page, 7);
  await page.waitForTimeout(300);
  await press(page, "Meta+f");
  await page.keyboard.type("slow query");
  await settled(page);
  expect(await page.locator(".count").textContent()).toMatch(/^1 of \d+$/);
  await press(page, "Enter");
  expect(await page.locator(".count").textContent()).toMatch(/^2 of \d+$/);
  expect(await page.locator(".current mark").textContent()).toBe("slow query");
  await press(page, "Shift+Enter", "Shift+Enter");
  const [, at, all] = /^(\d+) of (\d+)$/.exec((await page.locator(".count").textContent()) ?? "") ?? [];
  expect(at, "back over the first is the last").toBe(all);
  await close();
});

it.each([1, 2, 3, 5, 6, 7])("view %i: everything Tab reaches shows its focus", async (digit) => {
  const { page, close } = await open(browser, { scenario: "degraded", frozen: true });
  await view(page, digit);
  const reached = new Set<string>();
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const active = document.activeElement;
      if (active === null || active === document.body) return null;
      const ringed = [active, active.closest("label")].some((one) => {
        if (one === null) return false;
        const style = getComputedStyle(one);
        return style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2;
      });
      const box = active.getBoundingClientRect();
      // The edge between two parts is as high as they are; it is thin so that it covers neither.
      if (active.getAttribute("role") === "separator") return { name: "separator", ringed, high: 24, wide: 24 };
      return { name: `${active.tagName} ${active.getAttribute("aria-label") ?? active.textContent?.trim().slice(0, 30)}`, ringed, high: Math.round(box.height), wide: Math.round(box.width) };
    });
    if (found === null) continue;
    reached.add(found.name);
    expect(found.ringed, found.name).toBe(true);
    expect(Math.min(found.high, found.wide), `${found.name} is at least 24 px`).toBeGreaterThanOrEqual(24);
  }
  expect(reached.size).toBeGreaterThan(12);
  await close();
});

it("on Linux, where no menu has them, Ctrl+W closes a window and Ctrl+Q ends the app; work is asked about", async () => {
  const settings = await open(browser, { scenario: "three-nodes", page: "settings", platform: "linux" });
  await press(settings.page, "Control+w");
  expect((await calls(settings.page)).map((call) => call.name)).toEqual(["close"]);
  await settings.close();

  const idle = await open(browser, { scenario: "three-nodes", platform: "linux" });
  await press(idle.page, "Control+w", "Control+q");
  expect(await calls(idle.page)).toEqual([
    { name: "close" },
    { name: "app_quit", args: { when: "now" } },
  ]);
  await idle.close();

  const busy = await open(browser, { scenario: "creating", platform: "linux" });
  await press(busy.page, "Control+q");
  await busy.page.getByRole("alertdialog").getByRole("button", { name: "Keep working" }).click();
  expect(await calls(busy.page)).toEqual([]);
  await busy.close();

  const mac = await open(browser, { scenario: "three-nodes" });
  await press(mac.page, "Control+w", "Control+q");
  expect(await calls(mac.page)).toEqual([]);
  await mac.close();
});
