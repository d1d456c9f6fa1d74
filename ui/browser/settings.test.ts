/** The settings: where one left them, how one comes to them, and what a change of them does. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { calls, launch, open, picture } from "./page";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

it("are reached from the sidebar, also where there is no tray", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", platform: "linux" });
  await page.getByRole("button", { name: "Settings…" }).click();
  expect(await calls(page)).toEqual([{ name: "window_open", args: { window: "settings" } }]);
  await close();
});

it("open where the path of container is, when that is to be chosen", async () => {
  const { page, close } = await open(browser, { scenario: "no-container" });
  await page.getByRole("button", { name: "Choose…" }).click();
  await page.goto(page.url().replace("index.html", "settings.html"));
  await page.getByRole("textbox", { name: "Path of container" }).waitFor();
  await page.getByRole("tab", { name: "Updates" }).click();
  await page.reload();
  await page.getByText("This app asks nobody").waitFor();
  await close();
});

it("follow another window that names a pane", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", page: "settings" });
  await page.getByRole("tab", { name: "General" }).and(page.locator("[aria-selected=true]")).waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.evaluate(() => localStorage.setItem("apple-k8s.settingsPane", '"runtime"'));
  await page.getByRole("textbox", { name: "Path of container" }).waitFor();
  await close();
});

it("lead to the check list of the main window when container fails", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  const settings = await page.context().newPage();
  await settings.goto(page.url().replace("index.html", "settings.html"));
  await settings.evaluate(() =>
    window.scripted.answer("settings_set", () => {
      throw { code: "RuntimeFailed", message: "container failed", hint: null, detail: null, logs: null };
    }),
  );
  await settings.getByRole("checkbox", { name: "Show in menu bar" }).click();
  await settings.getByRole("alertdialog").getByRole("button", { name: "Diagnostics" }).click();
  expect((await calls(settings)).at(-1)).toEqual({ name: "window_open", args: { window: "main" } });
  await page.getByRole("list", { name: "What nodes need" }).waitFor();
  await close();
});

it("name a kubeconfig file of one's own, and go back to kubectl's", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", page: "settings" });
  await page.getByRole("tab", { name: "Kubeconfig" }).click();
  const field = page.getByRole("textbox", { name: "Path of another kubeconfig file" });
  const set = async () => {
    const asked = (await calls(page)).filter((call) => call.name === "settings_set");
    return asked.map((call) => (call.args as { settings: { kubeconfig: string | null } }).settings.kubeconfig);
  };
  await field.fill("/home/me/clusters.yaml");
  await field.press("Enter");
  await page.getByText("Empty it to use kubectl's own again.").waitFor();
  await field.fill("");
  await field.press("Enter");
  await page.getByText("kubectl's own are used").waitFor();
  expect(await set()).toEqual(["/home/me/clusters.yaml", null]);
  await close();
});

it("say what new clusters are like, and refuse what makes none where it is written", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", page: "settings", width: 680, height: 520 });
  await page.getByRole("tab", { name: "New clusters" }).click();
  const enter = async (label: string, text: string) => {
    const field = page.getByRole("textbox", { name: label });
    await field.fill(text);
    await field.press("Enter");
    return field;
  };
  const workers = await enter("Workers", "300");
  await expect.poll(() => workers.getAttribute("aria-invalid")).toBe("true");
  expect(await page.locator(".problem", { hasText: "A whole number from 0 to 200." }).evaluate((element) => element.getClientRects().length), "on one line").toBe(1);
  await picture(page, "settings-refused");
  await enter("Workers", "2");
  await expect.poll(() => workers.getAttribute("aria-invalid")).toBeNull();
  const memory = await enter("Memory of a node, Gi", "much");
  await expect.poll(() => memory.getAttribute("aria-invalid")).toBe("true");
  await enter("Memory of a node, Gi", "3");
  await expect.poll(() => memory.getAttribute("aria-invalid")).toBeNull();
  const set = (await calls(page)).filter((call) => call.name === "settings_set").map((call) => (call.args as { settings: { newCluster: object } }).settings.newCluster);
  expect(set).toEqual([
    { name: "dev", workers: 2, cpus: null, memory: null, kubernetesVersion: null },
    { name: "dev", workers: 2, cpus: null, memory: "3Gi", kubernetesVersion: null },
  ]);
  await close();
});

it("show light and dark as soon as it is chosen, in every window", async () => {
  for (const where of ["settings", "index"] as const) {
    const { page, close } = await open(browser, { scenario: "three-nodes", page: where });
    const content = () =>
      page.evaluate(() => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = "var(--content)";
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color;
      });
    expect(await content()).toBe("rgb(255, 255, 255)");
    await page.evaluate(async () => {
      const settings = await window.scripted.call("settings_get");
      await window.scripted.call("settings_set", { settings: { ...settings, appearance: "dark" } });
    });
    await expect.poll(content, { message: where }).toBe("rgb(30, 30, 32)");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.evaluate(async () => {
      const settings = await window.scripted.call("settings_get");
      await window.scripted.call("settings_set", { settings: { ...settings, appearance: "light" } });
    });
    await expect.poll(content, { message: where }).toBe("rgb(255, 255, 255)");
    await close();
  }
});
