/** Views of what is being made, set and dropped: every state, light and dark, with axe and a picture. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { draggedFiles } from "../src/lib/host/scripted/building";
import type { DropEvent } from "../src/lib/host/types";
import { launch, lightAndDark, open, picture, settled, view, type Look } from "./page";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

async function configuration(page: Page): Promise<void> {
  await view(page, 8);
  await page.locator(".cm-content").waitFor();
}

async function drag(page: Page, kind: DropEvent["kind"], x: number, y: number, files: DropEvent["files"], token: string | null = "t"): Promise<void> {
  await page.evaluate(
    ([event]) => window.scripted.send("drop", event as DropEvent),
    [{ kind, x, y, token, looking: false, files }] as const,
  );
  await settled(page);
}

async function dropped(page: Page, files: DropEvent["files"]): Promise<void> {
  await drag(page, "enter", 700, 600, files);
  await drag(page, "drop", 700, 600, files);
}

const ask = (dialog: "quit" | "contexts" | "delete") => (page: Page) =>
  page.evaluate((which) => window.scripted.send("open", { view: null, cluster: null, dialog: which }), dialog);
const pane = (name: string) => (page: Page) => page.getByRole("tab", { name }).click();

interface State extends Look {
  name: string;
  act?: (page: Page) => Promise<void>;
}

const states: State[] = [
  { name: "configurator", scenario: "three-nodes", act: configuration },
  { name: "configurator-new", scenario: "empty", act: async (page) => {
    await page.getByRole("button", { name: "Customise…" }).click();
    await page.locator(".cm-content").waitFor();
  } },
  { name: "configurator-error", scenario: "three-nodes", act: async (page) => {
    await configuration(page);
    await page.locator(".cm-line", { hasText: "replicas" }).click();
    await page.keyboard.press("End");
    await page.keyboard.type("x");
    await page.waitForTimeout(900);
  } },
  { name: "configurator-entry", scenario: "three-nodes", act: async (page) => {
    await configuration(page);
    await page.getByRole("button", { name: "Add worker", exact: true }).click();
    for (const what of ["Labels", "Taints", "Mounts", "Ports"]) await page.getByRole("button", { name: what, exact: true }).click();
    for (const what of ["label", "taint", "mount", "port"]) await page.getByRole("button", { name: `Add ${what} to worker, entry 2` }).click();
    await page.waitForTimeout(900);
  } },
  { name: "configurator-plan", scenario: "three-nodes", act: async (page) => {
    await configuration(page);
    await page.getByRole("textbox", { name: "Number of worker" }).fill("1");
    await page.waitForTimeout(700);
    await page.getByRole("button", { name: "Apply…" }).click();
    await page.getByText("removed", { exact: false }).first().waitFor();
  } },
  { name: "first-run", scenario: "first-run" },
  { name: "first-run-no-container", scenario: "no-container" },
  { name: "first-run-ready", scenario: "empty" },
  { name: "first-create", scenario: "first-create", act: (page) => page.getByRole("button", { name: "Start a cluster" }).click() },
  { name: "creating", scenario: "creating" },
  { name: "creating-log", scenario: "creating", act: (page) => page.getByRole("button", { name: "Log of this operation" }).click() },
  { name: "creating-fifty", scenario: "creating-fifty" },
  { name: "create-failed", scenario: "create-failed" },
  { name: "cancelling", scenario: "cancelling" },
  { name: "cancelled", scenario: "cancelled" },
  { name: "images", scenario: "three-nodes", act: (page) => view(page, 4) },
  { name: "images-loading", scenario: "loading-images", act: (page) => view(page, 4) },
  { name: "images-none", scenario: "no-images", act: (page) => view(page, 4) },
  { name: "images-stopped", scenario: "stopped", act: (page) => view(page, 4) },
  { name: "images-fifty", scenario: "fifty-nodes", act: (page) => view(page, 4) },
  { name: "diagnostics", scenario: "daemon-down", act: (page) => page.keyboard.press("Meta+0") },
  { name: "bundle", scenario: "three-nodes", act: async (page) => {
    await page.keyboard.press("Meta+0");
    await page.getByRole("button", { name: "Save bundle…" }).click();
    await page.getByRole("tab", { name: /kubeconfig/ }).click();
  } },
  { name: "delete", scenario: "three-nodes", act: ask("delete") },
  { name: "quit", scenario: "creating", act: ask("quit") },
  { name: "leaving", scenario: "creating", act: (page) => page.evaluate(() => window.scripted.change(() => ({ leaving: true }))) },
  { name: "contexts", scenario: "long-names", act: ask("contexts") },
  { name: "error", scenario: "three-nodes", act: async (page) => {
    await page.evaluate(() =>
      window.scripted.answer("cluster_stop", () => {
        throw { code: "RuntimeStopped", message: "The container service is not running.", hint: "Clusters can't start without it; nothing is lost.", detail: "XPC connection error", logs: null };
      }),
    );
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByRole("button", { name: "Details", exact: true }).click();
  } },
  { name: "drop-over", scenario: "three-nodes", act: (page) => drag(page, "enter", 700, 600, draggedFiles) },
  { name: "drop-review", scenario: "three-nodes", act: (page) => dropped(page, draggedFiles) },
  { name: "drop-manifests", scenario: "three-nodes", act: async (page) => {
    await dropped(page, [{ name: "shop.yaml", sizeBytes: 1, kind: "manifests", what: "Kubernetes manifests", images: [], problem: null }]);
    await page.getByRole("cell", { name: "ConfigMap" }).waitFor();
  } },
  { name: "drop-stopped", scenario: "stopped", act: (page) => dropped(page, draggedFiles.slice(0, 1)) },
  { name: "drop-nothing", scenario: "three-nodes", act: (page) => drag(page, "drop", 700, 600, [], null) },
  ...["General", "New clusters", "Runtime", "Kubeconfig", "Updates", "Advanced"].map((name): State => ({
    name: `settings-${name.toLowerCase().replace(" ", "-")}`,
    scenario: "long-names",
    page: "settings",
    width: 680,
    height: 520,
    act: pane(name),
  })),
];

describe("light and dark", () => {
  it.each(states)("$name", async ({ name, act, ...look }) => {
    const { page, close } = await open(browser, { ...look, frozen: true });
    await act?.(page);
    await settled(page);
    expect(await lightAndDark(page, name), name).toEqual([]);
    await close();
  });
});

/** Controls that are cut at the edge of the window. */
const cut = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("#app button, #app input, #app h2")]
      .filter((element) => element.offsetParent !== null && element.closest(".spoken") === null)
      .filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
      })
      .map((element) => `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent?.trim().slice(0, 40)}`),
  );

it.each(["configurator", "configurator-error", "configurator-entry", "first-run", "creating", "create-failed", "images-loading", "images-none", "diagnostics", "delete", "bundle"])(
  "the smallest window: %s",
  async (name) => {
    const state = states.find((each) => each.name === name);
    if (!state) throw new Error(name);
    const { page, close } = await open(browser, { scenario: state.scenario, frozen: true, width: 860, height: 560 });
    if (name === "configurator-error") {
      await view(page, 8);
      await page.locator("label", { hasText: "YAML" }).click();
      await page.locator(".cm-content").waitFor();
    } else if (name === "configurator" || name === "configurator-entry") await view(page, 8);
    else await state.act?.(page);
    await settled(page);
    await picture(page, `small-${name}`);
    expect(await cut(page)).toEqual([]);
    await close();
  },
);
