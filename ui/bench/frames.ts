/** What a page's frames cost while something is done in it. */
import type { CDPSession, Page } from "playwright-core";

export interface Figures {
  /** What was done. */
  scene: string;
  seconds: number;
  frames: number;
  /** Milliseconds from one frame to the next. */
  median: number;
  p95: number;
  longestFrame: number;
  /** The longest time that the page could not answer; zero when it was never more than 50 ms, which is all that a browser tells. */
  longestTask: number;
  longTasks: number;
  /** Share of the time in which the page's thread was at work. */
  busy: number;
  /** The same by kind, in milliseconds for each second. */
  script: number;
  style: number;
  layout: number;
}

interface Seen {
  frames: number[];
  tasks: number[];
}

/** In the page: begins to note frames and long tasks. */
function note(): void {
  const seen: Seen = { frames: [], tasks: [] };
  const observer = new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map((entry) => entry.duration)));
  observer.observe({ type: "longtask" });
  let last: number | null = null;
  let going = true;
  const frame = (now: number) => {
    if (last !== null) seen.frames.push(now - last);
    last = now;
    if (going) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  Object.assign(window, {
    noted: () => {
      going = false;
      seen.tasks.push(...observer.takeRecords().map((entry) => entry.duration));
      observer.disconnect();
      return seen;
    },
  });
}

async function counters(cdp: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

/** Does something, and tells what the frames cost meanwhile. */
export async function measure(page: Page, scene: string, act: () => Promise<void>): Promise<Figures> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  await page.evaluate(note);
  const before = await counters(cdp);
  await act();
  const after = await counters(cdp);
  const { frames, tasks } = await page.evaluate(() => (window as unknown as { noted(): Seen }).noted());
  await cdp.detach();
  const spent = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
  const seconds = spent("Timestamp");
  const sorted = frames.toSorted((a, b) => a - b);
  const part = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const short = (value: number) => Math.round(value * 10) / 10;
  const each = (name: string) => short((spent(name) * 1000) / seconds);
  return {
    scene,
    seconds: short(seconds),
    frames: frames.length,
    median: short(part(0.5)),
    p95: short(part(0.95)),
    longestFrame: short(sorted.at(-1) ?? 0),
    longestTask: short(Math.max(0, ...tasks)),
    longTasks: tasks.length,
    busy: Math.round((spent("TaskDuration") / seconds) * 1000) / 1000,
    script: each("ScriptDuration"),
    style: each("RecalcStyleDuration"),
    layout: each("LayoutDuration"),
  };
}

/** Figures as a table to read. */
export function table(rows: Figures[]): string {
  const cells = [
    ["", "frames", "median", "p95", "longest", "longest task", "over 50 ms", "busy", "script", "style", "layout"],
    ...rows.map((row) => [
      row.scene,
      String(row.frames),
      `${row.median} ms`,
      `${row.p95} ms`,
      `${row.longestFrame} ms`,
      row.longestTask === 0 ? "<50 ms" : `${row.longestTask} ms`,
      String(row.longTasks),
      `${Math.round(row.busy * 100)}%`,
      `${row.script} ms/s`,
      `${row.style} ms/s`,
      `${row.layout} ms/s`,
    ]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  return cells.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")).join("\n");
}
