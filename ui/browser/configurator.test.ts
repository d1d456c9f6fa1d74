/** The configurator: text and form edit each other, and nothing is lost. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { calls, launch, lightAndDark, open, settled, view } from "./page";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const written = (page: Page) => page.locator(".cm-line").allTextContents();
const boxes = (page: Page) => page.getByRole("list", { name: "Cluster to come" }).locator("button, [role=img]");

async function configuration(page: Page): Promise<void> {
  await view(page, 8);
  await page.locator(".cm-content").waitFor();
}

it("the form edits its line of the text, and the drawing follows", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await configuration(page);
  const before = await written(page);
  await page.getByRole("textbox", { name: "Number of worker" }).fill("3");
  await expect.poll(() => boxes(page).count()).toBe(4);
  const after = await written(page);
  expect(after).toEqual(before.map((line) => (line === "    replicas: 2" ? "    replicas: 3" : line)));
  expect(await page.getByRole("button", { name: /^worker 3\s?, new\s?, 2 CPU\s?,\s?2\.0 Gi$/ }).count()).toBe(1);
  await close();
});

it("the text edits the form, with one check of it at most for a key", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await configuration(page);
  await page.locator(".cm-line", { hasText: "replicas" }).click();
  const checks = async () => (await calls(page)).filter((call) => call.name === "config_check").map((call) => (call.args as { text: string }).text);
  const before = (await checks()).length;
  await page.keyboard.press("End");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("6");
  await expect.poll(() => page.getByRole("textbox", { name: "Number of worker" }).inputValue()).toBe("6");
  await expect.poll(() => boxes(page).count()).toBe(7);
  const asked = (await checks()).slice(before);
  expect(asked.length, "two keys").toBeLessThanOrEqual(2);
  expect(asked.at(-1)).toContain("replicas: 6");
  await close();
});

it("a wrong text locks the form, says where, and leads there", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await configuration(page);
  await page.locator(".cm-line", { hasText: "replicas" }).click();
  await page.keyboard.press("End");
  await page.keyboard.type("x");
  const problem = page.getByRole("button", { name: /line 9/ });
  await problem.waitFor();
  expect(await problem.textContent()).toContain("replicas must be a whole number");
  expect(await page.getByText("The form shows the last right values").count()).toBe(1);
  const count = page.getByRole("textbox", { name: "Number of worker" });
  expect([await count.inputValue(), await count.getAttribute("readonly")]).toEqual(["2", ""]);
  await expect.poll(() => page.locator(".words").textContent()).toContain("replicas must be");
  await expect.poll(() => page.locator('[role="status"]').first().textContent()).toBe("1 problem");
  await page.getByRole("button", { name: "Add worker", exact: true }).click({ force: true });
  expect(await written(page)).toContain("    replicas: 2x");
  await problem.click();
  await settled(page);
  await page.keyboard.press("End");
  await page.keyboard.press("Backspace");
  await expect.poll(() => count.getAttribute("readonly")).toBeNull();
  await close();
});

it("what the form itself makes wrong can be put right in the form", async () => {
  const { page, close } = await open(browser, { scenario: "empty" });
  await page.getByRole("button", { name: "Customise…" }).click();
  const name = page.getByRole("textbox", { name: "Name of the cluster" });
  await name.fill("Not A Name");
  await expect.poll(() => name.getAttribute("aria-invalid")).toBe("true");
  const describedBy = await name.getAttribute("aria-describedby");
  expect(await page.locator(`#${describedBy}`).textContent()).toContain("is no name for a cluster");
  expect(await page.getByRole("button", { name: "Create" }).getAttribute("aria-disabled")).toBe("true");
  await name.fill("shop");
  await expect.poll(() => name.getAttribute("aria-invalid")).toBeNull();
  await close();
});

it("Tab leaves the editor, and its undo takes back what the form did", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await configuration(page);
  await page.getByRole("textbox", { name: "Number of worker" }).fill("4");
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+z");
  await expect.poll(() => written(page)).toContain("    replicas: 2");
  await expect.poll(() => page.getByRole("textbox", { name: "Number of worker" }).inputValue()).toBe("2");
  await page.keyboard.press("Tab");
  const inside = await page.evaluate(() => document.activeElement?.closest(".editor") !== null);
  expect(inside).toBe(false);
  await close();
});

it("a worker that is added from the overview is in the draft, and is no change until it is applied", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await page.getByRole("button", { name: "Add worker…" }).click();
  await expect.poll(() => boxes(page).count()).toBe(4);
  expect(await page.getByRole("textbox", { name: "Processors of worker, entry 2" }).count(), "its entry is open").toBe(1);
  expect((await calls(page)).some((call) => call.name === "config_apply")).toBe(false);
  await view(page, 1);
  await configuration(page);
  expect(await boxes(page).count(), "one, not one each time").toBe(4);
  await close();
});

it("a draft outlives the view", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await configuration(page);
  await page.getByRole("textbox", { name: "Number of worker" }).fill("7");
  await view(page, 1);
  await configuration(page);
  expect(await page.getByRole("textbox", { name: "Number of worker" }).inputValue()).toBe("7");
  await page.getByRole("button", { name: "Revert" }).click();
  expect(await page.getByRole("textbox", { name: "Number of worker" }).inputValue()).toBe("2");
  await close();
});

it("a change is applied only after its plan was seen", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await configuration(page);
  await page.getByRole("textbox", { name: "Number of worker" }).fill("1");
  await page.getByRole("button", { name: "Apply…" }).click();
  const sheet = page.getByRole("alertdialog", { name: /Apply 1 change to “dev”/ });
  await sheet.waitFor();
  expect(await sheet.textContent()).toContain("Lost for good");
  expect((await calls(page)).some((call) => call.name === "config_apply")).toBe(false);
  await sheet.getByRole("button", { name: "Apply 1 change" }).click();
  await settled(page);
  expect((await calls(page)).filter((call) => call.name === "config_apply")).toHaveLength(1);
  await close();
});

it("fifty nodes are drawn as one box, and a click on it opens the entry", async () => {
  const { page, close } = await open(browser, { scenario: "empty" });
  await page.getByRole("button", { name: "Customise…" }).click();
  await page.locator(".cm-content").waitFor();
  await page.getByRole("button", { name: "Add worker", exact: true }).click();
  await page.getByRole("textbox", { name: "Number of worker" }).fill("49");
  const box = page.getByRole("button", { name: /worker × 49/ });
  await box.waitFor();
  await page.getByRole("button", { name: /^control-plane\s?, 4 CPU/ }).click();
  await box.click();
  expect(await page.getByRole("textbox", { name: "Processors of worker" }).count()).toBe(1);
  await close();
});

it("from a new cluster to its deletion without a mouse", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await page.keyboard.press("Meta+n");
  await page.locator(".cm-content").waitFor();
  const focusOn = async (name: string | RegExp) => {
    for (let step = 0; step < 60; step++) {
      await page.keyboard.press("Tab");
      const label = await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim() ?? "");
      if (typeof name === "string" ? label === name : name.test(label)) return;
    }
    throw new Error(`${name} can't be reached with Tab`);
  };
  await focusOn("Name of the cluster");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("fresh");
  await focusOn("Add worker");
  await page.keyboard.press("Enter");
  await expect.poll(() => boxes(page).count()).toBe(2);
  await page.keyboard.press("Meta+Enter");
  await page.getByRole("heading", { name: "Creating fresh" }).first().waitFor();
  expect(await page.getByRole("progressbar", { name: "Creating fresh" }).getAttribute("aria-valuetext")).toMatch(/^step 1 of 7/);
  const create = (await calls(page)).find((call) => call.name === "cluster_create");
  expect(create?.args).toMatchObject({ source: { kind: "text" }, setContext: "asRule" });
  expect(JSON.stringify(create?.args)).toContain("name: fresh");

  await page.evaluate(() =>
    window.scripted.change((old) => ({
      operations: [],
      clusters: old.clusters.map((row) => (row.name === "fresh" ? { ...row, health: "healthy" as const, state: "running" as const } : row)),
    })),
  );
  await settled(page);
  await page.keyboard.press("Meta+Backspace");
  const sheet = page.getByRole("alertdialog", { name: "Delete “fresh”?" });
  await sheet.waitFor();
  expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe("Cancel");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.locator("[data-cluster=fresh]").count()).toBe(0);
  await close();
});

it("the first creation asks whether kubectl shall use it", async () => {
  const { page, close } = await open(browser, { scenario: "first-create" });
  await page.getByRole("button", { name: "Start a cluster" }).click();
  const sheet = page.getByRole("alertdialog", { name: "Let kubectl use “dev”?" });
  await sheet.getByRole("button", { name: "Keep “prod”" }).click();
  await expect.poll(async () => (await calls(page)).map((call) => call.name)).toEqual(["cluster_create"]);
  const [create] = await calls(page);
  expect(create?.args).toEqual({ source: { kind: "default" }, setContext: "keep" });
  await close();
});

it("stopping the service names the clusters it takes down", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", page: "settings" });
  await page.getByRole("tab", { name: "Runtime" }).click();
  await page.getByRole("button", { name: "Stop service…" }).click();
  const sheet = page.getByRole("alertdialog", { name: "Stop the container service?" });
  expect(await sheet.textContent()).toContain("“dev” goes down with it");
  await sheet.getByRole("button", { name: "Stop service" }).click();
  await expect.poll(async () => (await calls(page)).map((call) => call.name)).toEqual(["runtime_stop"]);
  await close();
});

it("a setting that is refused goes back and is said", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", page: "settings" });
  await page.evaluate(() =>
    window.scripted.answer("settings_set", () => {
      throw { code: "PermissionDenied", message: "settings.json can't be written", hint: null, detail: null, logs: null };
    }),
  );
  const box = page.getByRole("checkbox", { name: "Start apple-k8s, without a window" });
  await box.click();
  await page.getByRole("alertdialog", { name: "settings.json can't be written." }).waitFor();
  await page.keyboard.press("Enter");
  expect(await box.isChecked()).toBe(false);
  await close();
});

it("a creation is shown before any node stands for it, and after it failed", async () => {
  const { page, close } = await open(browser, { scenario: "empty" });
  await page.evaluate(() => {
    window.scripted.answer("cluster_create", () => {
      window.scripted.change(() => ({
        operations: [
          {
            id: 50, kind: "create", cluster: "dev", subject: null, started: window.scripted.now(), ended: null, stage: 1, stages: 7, stageName: "Check", percent: 2,
            lastTookMs: null, state: "running", cancellable: true, elsewhere: false, steps: [], failure: null, outcome: null,
          },
        ],
      }));
      return 50;
    });
  });
  await page.getByRole("button", { name: "Start a cluster" }).click();
  await page.getByRole("progressbar", { name: "Creating dev" }).waitFor();
  expect(await page.getByRole("button", { name: "dev, busy" }).getAttribute("aria-current")).toBe("true");
  await page.evaluate(() =>
    window.scripted.change((old) => ({
      operations: old.operations.map((row) => ({
        ...row,
        state: "failed" as const,
        ended: row.started + 900,
        failure: { code: "PortInUse" as const, message: "TCP port 8080 on 127.0.0.1 is taken: address in use", hint: "choose another port", detail: null, logs: null },
      })),
    })),
  );
  await page.getByRole("heading", { name: "dev was not created" }).waitFor();
  await page.getByText("TCP port 8080 on 127.0.0.1 is taken").first().waitFor();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.getByRole("heading", { name: "This Mac is ready." }).first().waitFor();
  await close();
});

it("a file that another program changed is overwritten only when that is asked for", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  await configuration(page);
  // A file that another program writes to now and then, kept as the program keeps it.
  await page.evaluate(() => {
    const path = "~/src/shop/cluster.yaml";
    let there = "";
    Object.assign(window, { disk: { write: (edit: (text: string) => string) => (there = edit(there)), read: () => there } });
    window.scripted.answer("config_open", async () => {
      there = await window.scripted.call("config_preset", { name: "three", clusterName: "shop" });
      return { text: there, path };
    });
    window.scripted.answer("config_save", ({ text, over }) => {
      if (over !== null && over.text !== there) return { kind: "changed", file: { text: there, path } };
      there = text;
      return { kind: "saved", file: { text, path } };
    });
  });
  const disk = () => page.evaluate(() => (window as unknown as { disk: { read(): string } }).disk.read());
  const theirs = (replicas: number) =>
    page.evaluate((count) => (window as unknown as { disk: { write(edit: (text: string) => string): void } }).disk.write((text) => text.replace(/replicas: \d+/, `replicas: ${count}`)), replicas);
  const workers = page.getByRole("textbox", { name: "Number of worker" });
  const save = async () => {
    await page.keyboard.press("Meta+s");
    await settled(page);
  };
  const sheet = page.getByRole("alertdialog", { name: "cluster.yaml was changed by another program" });

  await page.keyboard.press("Meta+o");
  await expect.poll(() => written(page)).toContain("  name: shop");
  await workers.fill("3");
  await save();
  expect(await disk(), "nobody else wrote: nothing is asked").toContain("replicas: 3");
  expect(await sheet.count()).toBe(0);

  await theirs(8);
  await workers.fill("4");
  await save();
  await sheet.waitFor();
  expect(await sheet.locator("pre").textContent()).toBe("-     replicas: 3\n+     replicas: 8");
  expect(await lightAndDark(page, "changed-file")).toEqual([]);
  expect(await page.evaluate(() => document.activeElement?.textContent?.trim()), "the safe one has the focus").toBe("Cancel");
  await page.keyboard.press("Enter");
  await settled(page);
  expect([await sheet.count(), await workers.inputValue()]).toEqual([0, "4"]);
  expect(await disk(), "cancelled").toContain("replicas: 8");

  await save();
  // And once more, while it is asked.
  await theirs(9);
  await sheet.getByRole("button", { name: "Overwrite" }).click();
  await expect.poll(() => sheet.locator("pre").textContent()).toBe("-     replicas: 8\n+     replicas: 9");
  expect(await disk()).toContain("replicas: 9");
  await sheet.getByRole("button", { name: "Overwrite" }).click();
  await expect.poll(disk).toContain("replicas: 4");
  expect(await sheet.count()).toBe(0);
  await workers.fill("5");
  await save();
  expect(await disk(), "what was saved is known").toContain("replicas: 5");

  await theirs(6);
  await workers.fill("7");
  await save();
  await sheet.getByRole("button", { name: "Reload" }).click();
  await expect.poll(() => workers.inputValue()).toBe("6");
  await page.getByRole("button", { name: "Take it back" }).click();
  await expect.poll(() => workers.inputValue()).toBe("7");
  await save();
  expect(await sheet.count(), "the text taken back is older than the file").toBe(1);
  expect(await disk()).toContain("replicas: 6");
  await close();
});
