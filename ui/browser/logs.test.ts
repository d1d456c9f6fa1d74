/** Logs: asked for again when they could not be had, exported from the menu of their cluster. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { calls, findings, launch, open, picture, settled, view } from "./page";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

it("are exported from the menu of a cluster, which stays usable, and their folder opens", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes" });
  const more = page.getByRole("button", { name: "More for “dev”" });
  const item = page.getByRole("menuitem", { name: "Export logs…" });
  await more.click();
  await item.click();
  await page.getByText("Exporting logs of dev").waitFor();
  expect(await page.getByRole("button", { name: "Stop", exact: true }).getAttribute("aria-disabled"), "it only looks").toBeNull();
  await more.click();
  expect(await item.getAttribute("aria-disabled"), "once is enough").toBe("true");
  await page.keyboard.press("Escape");
  await page.evaluate(() =>
    window.scripted.change((old) => ({
      operations: old.operations.map((row) => ({ ...row, state: "done" as const, ended: window.scripted.now(), outcome: "The logs of “dev” are in /home/me/dev-logs." })),
    })),
  );
  for (const digit of [2, 1]) {
    await view(page, digit);
    await page.locator(".strip", { hasText: "The logs of “dev” are in /home/me/dev-logs." }).waitFor();
  }
  await picture(page, "logs-exported");
  expect(await findings(page)).toEqual([]);
  await page.getByRole("button", { name: "Show folder" }).click();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await settled(page);
  expect(await page.locator(".strip").count()).toBe(0);
  const asked = await calls(page);
  const id = asked.find((call) => call.name === "operation_dismiss")?.args as { id: number };
  expect(asked).toEqual([
    { name: "logs_export", args: { cluster: "dev" } },
    { name: "path_reveal", args: { what: { exported: { operation: id.id } } } },
    { name: "operation_dismiss", args: id },
  ]);
  await close();
});

it("are not asked for where nothing can give them", async () => {
  const { page, close } = await open(browser, { scenario: "daemon-down" });
  await page.getByRole("button", { name: "More for “dev”" }).click();
  const item = page.getByRole("menuitem", { name: "Export logs…" });
  expect(await item.getAttribute("title")).toBe("container is not running");
  await item.click({ force: true });
  expect((await calls(page)).map((call) => call.name)).not.toContain("logs_export");
  await close();
});

it("are asked for again when they could not be had", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", frozen: true });
  await page.evaluate(() => {
    let asked = 0;
    window.scripted.log = (_source, _tail, hear, fail) => {
      asked += 1;
      if (asked === 1) setTimeout(() => fail({ code: "NodeFailed", message: "the node gave no log", hint: "try again", detail: null, logs: null }));
      else setTimeout(() => hear({ lines: [{ at: 0, text: "here it is" }], ended: null, lost: false }));
      return () => undefined;
    };
  });
  await view(page, 7);
  await page.getByRole("heading", { name: "The node gave no log." }).waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("log").getByText("here it is").waitFor();
  await close();
});
