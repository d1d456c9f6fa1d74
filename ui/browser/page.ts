/** A real Chromium over the built pages. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { expect, inject } from "vitest";
import type { Scripted } from "../src/lib/host/mock";

declare global {
  interface Window {
    scripted: Scripted;
    axe: { run(options: object): Promise<{ violations: { id: string; impact: string; help: string; nodes: { target: string[]; failureSummary: string }[] }[] }> };
  }
}

export type Scheme = "light" | "dark";

/** Where pictures go; never into the repository. */
export const pictures = process.env["SCREENSHOTS"] ?? join(tmpdir(), "apple-k8s-ui");
mkdirSync(pictures, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--force-color-profile=srgb", "--disable-lcd-text"],
  });
}

export interface Look {
  scenario: string;
  /** Which page: the main window or the settings. */
  page?: "index" | "settings";
  scheme?: Scheme;
  width?: number;
  height?: number;
  platform?: "mac" | "linux";
  /** Whether the clock stands still, for pictures. */
  frozen?: boolean;
  motion?: "reduce" | "no-preference";
  contrast?: "more" | "no-preference";
}

/** Opens a page in a state of the world. Anything it complains about fails the test when it is closed. */
export async function open(browser: Browser, look: Look): Promise<{ page: Page; close: () => Promise<void> }> {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: look.width ?? 1180, height: look.height ?? 760 },
    colorScheme: look.scheme ?? "light",
    reducedMotion: look.motion ?? "no-preference",
    contrast: look.contrast ?? "no-preference",
    timezoneId: "UTC",
    locale: "en-GB",
  });
  // As in the app's windows.
  await context.addInitScript(() => Object.freeze(Object.prototype));
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack ?? error)));
  const asked = new URLSearchParams({ scenario: look.scenario, platform: look.platform ?? "mac", ...(look.frozen ? { frozen: "" } : {}) });
  await page.goto(`${inject("url")}/${look.page ?? "index"}.html?${asked}`);
  await page.locator("#app > *").first().waitFor();
  await settled(page);
  return {
    page,
    close: async () => {
      expect(await refused(page), "the program would refuse these to this window").toEqual([]);
      await context.close();
      expect(complaints, "the page must not complain").toEqual([]);
    },
  };
}

/** Commands by the window whose page may call them. */
const granted = (window: "main" | "settings"): Set<string> => {
  const file = new URL(`../../src-tauri/capabilities/${window}.json`, import.meta.url);
  const { permissions } = JSON.parse(readFileSync(file, "utf8")) as { permissions: string[] };
  return new Set(permissions.flatMap((name) => (name.startsWith("allow-") ? [name.slice("allow-".length).replaceAll("-", "_")] : [])));
};
const mayCall = { main: granted("main"), settings: granted("settings") };

/** What the page called without being granted it. */
async function refused(page: Page): Promise<string[]> {
  const own = mayCall[page.url().includes("/settings.html") ? "settings" : "main"];
  const called = await page.evaluate(() => window.scripted.calls.map((call) => call.name));
  return [...new Set(called)].filter((name) => !own.has(name) && name !== "copy" && name !== "close");
}

/** Waits until what was asked for is drawn. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 60)));
}

/** Serious findings of axe in what is shown now; of some rules only, when they are named. */
export async function findings(page: Page, rules?: string[]): Promise<string[]> {
  // Evaluated, not added as a script: the page's policy allows no foreign ones.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate((only) => window.axe.run({ resultTypes: ["violations"], ...(only ? { runOnly: only } : {}) }), rules);
  return violations
    .filter((finding) => finding.impact === "serious" || finding.impact === "critical")
    .flatMap((finding) => finding.nodes.map((node) => `${finding.id}: ${node.target.join(" ")}: ${node.failureSummary.replaceAll("\n", " ")}`));
}

/** What is shown now, light and then dark: pictures to look at, and serious findings of axe. */
export async function lightAndDark(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await settled(page);
    await picture(page, `${name}-${scheme}`);
    // Nothing but colours differs.
    const those = await findings(page, scheme === "dark" ? ["color-contrast"] : undefined);
    found.push(...those.map((finding) => `${scheme}: ${finding}`));
  }
  await page.emulateMedia({ colorScheme: "light" });
  return found;
}

export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled", caret: "hide" });
}

/** Goes to a view by its key. */
export async function view(page: Page, digit: number): Promise<void> {
  await page.keyboard.press(`Meta+${digit}`);
  await settled(page);
}

/** The commands that the page called, without those that every page calls. */
export async function calls(page: Page): Promise<{ name: string; args: unknown }[]> {
  const quiet = ["snapshot_get", "settings_get", "view_watch", "usage_history", "app_info", "doctor_check", "images_get", "draft_get", "command_line_get"];
  return (await page.evaluate(() => window.scripted.calls.map((call) => ({ ...call })))).filter((call) => !quiet.includes(call.name));
}
