/** Files dropped on the window. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { draggedFiles } from "../src/lib/host/scripted/building";
import type { DropEvent } from "../src/lib/host/types";
import { calls, launch, open, settled, view } from "./page";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const [shop] = draggedFiles;
if (!shop) throw new Error("no file");

async function send(page: Page, event: Partial<DropEvent>): Promise<void> {
  const whole: DropEvent = { kind: "over", x: 700, y: 600, token: "t", looking: false, files: [], ...event };
  await page.evaluate((each) => window.scripted.send("drop", each), whole);
  await settled(page);
}

/** Files that come over the window, have been looked at, and are let go. */
async function drop(page: Page, files: DropEvent["files"], token = "t"): Promise<void> {
  await send(page, { kind: "enter", files, token });
  await send(page, { kind: "drop", files, token });
}

const line = (page: Page) => page.locator(".overlay .line");

it("the line follows the target, and a drop loads there", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await send(page, { kind: "enter", looking: true, files: [shop] });
  expect(await line(page).textContent()).toBe("Looking at 1 file…");
  await send(page, { kind: "looked", files: [shop] });
  expect(await line(page).textContent()).toBe("Load shop:2.1 into “dev”");
  const row = await page.locator('[data-node="dev-worker"]').boundingBox();
  if (!row) throw new Error("no row");
  await send(page, { x: row.x + 50, y: row.y + 8 });
  expect(await line(page).textContent()).toBe("Load shop:2.1 into dev-worker only");
  await send(page, { kind: "drop", x: row.x + 50, y: row.y + 8 });
  expect(await line(page).count()).toBe(0);
  expect(await page.locator("[data-drop-target]").count()).toBe(0);
  expect((await calls(page)).find((call) => call.name === "image_load")?.args).toEqual({ cluster: "dev", token: "t", nodes: ["dev-worker"] });
  await close();
});

it("a cluster in the sidebar is a target, and opens after a while", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  const ci = await page.locator('[data-cluster="ci"]').boundingBox();
  if (!ci) throw new Error("no cluster");
  await send(page, { kind: "enter", x: ci.x + 20, y: ci.y + 8, files: [shop] });
  expect(await line(page).textContent()).toBe("Load shop:2.1 into “ci”");
  await expect.poll(() => page.locator(".toolbar h2").textContent()).toContain("ci");
  await close();
});

it("Esc and leaving take everything back", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await send(page, { kind: "enter", files: [shop] });
  await page.keyboard.press("Escape");
  expect(await page.locator(".overlay").count()).toBe(0);
  await send(page, { files: [shop] });
  expect(await page.locator(".overlay").count()).toBe(0);
  await send(page, { kind: "drop", files: [shop] });
  expect((await calls(page)).map((call) => call.name)).toEqual(["drop_forget"]);
  await send(page, { kind: "enter", token: "u", files: [shop] });
  await send(page, { kind: "leave", token: null });
  expect(await page.locator(".overlay").count()).toBe(0);
  await close();
});

it("good files go on, the others are told with their reasons", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await drop(page, draggedFiles);
  const sheet = page.getByRole("alertdialog", { name: "1 file of 3 can't be used" });
  await sheet.waitFor();
  expect(await sheet.textContent()).toContain("notes.pdf is a PDF. Drop an image archive (tar, gzip, zstd) or a YAML file.");
  expect((await calls(page)).filter((call) => call.name === "image_load")).toHaveLength(1);
  await page.keyboard.press("Escape");
  expect(await sheet.count()).toBe(0);
  expect(await page.locator('[aria-current="page"]').textContent()).toContain("Images");
  await close();
});

it("a stopped cluster is started first, then the files go in", async () => {
  const { page, close } = await open(browser, { scenario: "stopped" });
  await drop(page, [shop]);
  await page.getByRole("button", { name: "Start and load" }).click();
  await settled(page);
  expect((await calls(page)).map((call) => call.name)).toEqual(["cluster_start"]);
  await page.evaluate(() =>
    window.scripted.change((old) => ({ operations: old.operations.map((row) => ({ ...row, state: "done" as const, ended: row.started + 1 })) })),
  );
  await expect.poll(async () => (await calls(page)).map((call) => call.name)).toEqual(["cluster_start", "image_load"]);
  await close();
});

it("a Cluster opens in the configurator, as a change of the cluster it names", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  const file = { name: "cluster.yaml", sizeBytes: 1, kind: "cluster" as const, what: "Cluster YAML", problem: null };
  await drop(page, [{ ...file, images: ["shop"] }]);
  await page.locator(".cm-content").waitFor();
  expect(await page.locator(".toolbar h2").textContent()).toBe("New cluster");
  expect(await page.getByRole("textbox", { name: "Name of the cluster" }).inputValue()).toBe("shop");
  await drop(page, [{ ...file, images: ["dev"] }]);
  await page.getByText("Configuration of dev").first().waitFor();
  await close();
});

it("manifests are applied only when the sheet is answered", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await drop(page, [{ name: "shop.yaml", sizeBytes: 1, kind: "manifests", what: "", images: [], problem: null }]);
  const apply = page.getByRole("button", { name: "Apply to “dev”" });
  await expect.poll(() => apply.getAttribute("aria-disabled")).toBeNull();
  expect((await calls(page)).map((call) => call.name)).toEqual(["manifest_preview"]);
  await apply.click();
  await settled(page);
  expect((await calls(page)).at(-1)).toEqual({ name: "manifest_apply", args: { cluster: "dev", token: "t", text: null } });
  await close();
});

it("a choice in a dialog takes the same way as a drop", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await view(page, 4);
  await page.getByRole("button", { name: "Choose file…" }).click();
  await expect.poll(async () => (await calls(page)).map((call) => call.name)).toEqual(["drop_choose", "image_load"]);
  await page.getByRole("progressbar", { name: "Loading shop:2.1" }).waitFor();
  await page.getByRole("button", { name: "Cancel loading shop:2.1", exact: true }).click();
  expect((await calls(page)).at(-1)?.name).toBe("operation_cancel");
  await close();
});

it("files that are let go before they were looked at wait for that", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  const glance = { ...shop, kind: "other" as const, images: [] };
  await send(page, { kind: "enter", looking: true, files: [glance] });
  await send(page, { kind: "drop", files: [glance] });
  expect(await line(page).textContent()).toBe("Looking at 1 file…");
  expect(await calls(page)).toEqual([]);
  await send(page, { kind: "looked", x: 0, y: 0, files: [shop] });
  expect((await calls(page)).map((call) => call.name)).toEqual(["image_load"]);
  expect(await page.locator(".overlay").count()).toBe(0);
  await close();
});

it("what was seen to the end before it was let go is what counts", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await send(page, { kind: "looked", files: [{ ...shop, kind: "other", problem: { code: "ImageInvalid", message: "it is broken", hint: null, detail: null, logs: null } }] });
  await send(page, { kind: "drop", files: [shop] });
  await page.getByRole("alertdialog", { name: "This file can't be used" }).waitFor();
  expect(await calls(page)).toEqual([]);
  await close();
});

it("files that are opened with the app go into the shown cluster, once it is known", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  const checking = (state: "checking" | "ready") =>
    page.evaluate((each) => window.scripted.change((old) => ({ runtime: { ...old.runtime, state: each } })), state);
  await checking("checking");
  const glance = { ...shop, images: [] };
  await send(page, { kind: "opened", looking: true, files: [glance], token: "a" });
  expect(await line(page).textContent()).toBe("Looking at 1 file…");
  await send(page, { kind: "opened", looking: true, files: [glance], token: "b" });
  await send(page, { kind: "looked", files: [shop], token: "b" });
  await send(page, { kind: "looked", files: [shop], token: "a" });
  expect(await calls(page)).toEqual([]);
  await checking("ready");
  await settled(page);
  const load = (token: string) => ({ name: "image_load", args: { cluster: "dev", token, nodes: null } });
  expect(await calls(page)).toEqual([load("a"), load("b")]);
  expect(await page.locator(".overlay").count()).toBe(0);
  await close();
});

it("Esc takes back what was opened", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await send(page, { kind: "opened", looking: true, files: [shop] });
  await page.keyboard.press("Escape");
  await send(page, { kind: "looked", files: [shop] });
  expect((await calls(page)).map((call) => call.name)).toEqual(["drop_forget"]);
  expect(await page.locator(".overlay").count()).toBe(0);
  await close();
});

it("what did not get into a node is tried again there alone", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await drop(page, [shop]);
  await page.evaluate(() =>
    window.scripted.change((old) => ({
      operations: old.operations.map((row) => ({
        ...row,
        state: "failed" as const,
        ended: row.started + 900,
        steps: ["dev-control-plane", "dev-worker", "dev-worker2"].map((node, index) => ({
          phase: "load", node, state: index === 1 ? ("failed" as const) : ("done" as const), atMs: 800, tookMs: 800,
        })),
        failure: { code: "NoSpace" as const, message: "node dev-worker has no room", hint: null, detail: null, logs: null },
      })),
    })),
  );
  await page.getByRole("button", { name: "Try again for worker" }).click();
  await settled(page);
  expect((await calls(page)).filter((call) => call.name === "image_load").at(-1)?.args).toEqual({ cluster: "dev", token: "t", nodes: ["dev-worker"] });
  await close();
});

it("manifests with something wrong say where, and can't be applied", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await page.evaluate(() =>
    window.scripted.answer("manifest_preview", () => ({
      objects: [{ kind: "Gadget", apiVersion: "example.com/v1", namespace: null, name: "one", line: 4, change: "new" as const, problem: "the cluster knows no kind Gadget", note: null }],
      problems: [{ line: 12, column: 3, message: "mapping values are not allowed here" }],
    })),
  );
  await drop(page, [{ name: "shop.yaml", sizeBytes: 1, kind: "manifests", what: "", images: [], problem: null }]);
  const sheet = page.getByRole("alertdialog");
  await sheet.getByText("Line 12: mapping values are not allowed here").waitFor();
  await sheet.getByText("Line 4: the cluster knows no kind Gadget").waitFor();
  expect(await sheet.getByRole("button", { name: "Apply to “dev”" }).getAttribute("aria-disabled")).toBe("true");
  await close();
});
