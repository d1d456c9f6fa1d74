/** The command line on the search path: put there only when asked, and never over somebody else's. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LinkState } from "../src/lib/bindings";
import { calls, launch, open } from "./page";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

it("is installed after a confirmation that says what happens, and removed again", async () => {
  const { page, close } = await open(browser, { scenario: "three-nodes", page: "settings", platform: "mac" });
  await page.getByText("A terminal does not find apple-k8s.").waitFor();
  await page.getByRole("button", { name: "Install…" }).click();
  const sheet = page.getByRole("alertdialog", { name: "Use apple-k8s in a terminal?" });
  const text = await sheet.textContent();
  expect(text).toContain("/usr/local/bin/apple-k8s leads to /Applications/apple-k8s.app/Contents/MacOS/apple-k8s");
  expect(text).toContain("administrator");
  await sheet.getByRole("button", { name: "Cancel" }).click();
  expect((await calls(page)).map((call) => call.name)).not.toContain("command_line_set");
  await page.getByRole("button", { name: "Install…" }).click();
  await sheet.getByRole("button", { name: "Install" }).click();
  await page.getByText("A terminal finds apple-k8s: /usr/local/bin/apple-k8s").waitFor();
  await page.getByRole("button", { name: "Remove…" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("A terminal does not find apple-k8s.").waitFor();
  const asked = (await calls(page)).filter((call) => call.name === "command_line_set");
  expect(asked.map((call) => call.args)).toEqual([{ installed: true }, { installed: false }]);
  await close();
});

const states: [LinkState, string, string | null][] = [
  [{ state: "stale", target: "/Volumes/apple-k8s/apple-k8s" }, "leads to /Volumes/apple-k8s/apple-k8s", "Repair…"],
  [{ state: "taken", what: "a file of its own" }, "is a file of its own, and is left alone.", null],
  [{ state: "installed", path: "/usr/bin/apple-k8s" }, "A terminal finds apple-k8s: /usr/bin/apple-k8s", null],
  [{ state: "noProgram" }, "It did not come with this app.", null],
];

it.each(states)("%o is said, and offers no more than can be done", async (found, words, action) => {
  const { page, close } = await open(browser, { scenario: "three-nodes", page: "settings" });
  await page.getByRole("tab", { name: "Advanced" }).click();
  await page.evaluate((found) => {
    window.scripted.answer("command_line_get", () => ({ link: "/l/apple-k8s", program: "/p/apple-k8s", searched: true, found }));
  }, found);
  await page.getByRole("tab", { name: "General" }).click();
  await page.getByText(words).waitFor();
  const buttons = page.getByRole("button", { name: /^(Install|Repair|Remove)…$/ });
  expect(await buttons.allTextContents()).toEqual(action === null ? [] : [action]);
  await close();
});
