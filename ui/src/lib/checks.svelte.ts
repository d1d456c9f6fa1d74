/** The check list of what nodes need, asked for again while somebody looks at it. */
import { asFailure, type Check, type Failure, type Health, type Operation } from "./host/types";
import type { App } from "./state/app.svelte";

const everyMs = 2000;

export class Checks {
  list = $state.raw<Check[] | null>(null);
  /** Why the list could not be had. */
  failure = $state.raw<Failure | null>(null);
  /** Operations that put a check right, by the check's identity. */
  private fixing = $state.raw<Record<string, number>>({});
  /** Failures of fixes that did not even begin. */
  private refused = $state.raw<Record<string, Failure>>({});
  private readonly app: App;
  private asking = false;

  constructor(app: App) {
    this.app = app;
  }

  /** Begins to ask; the answer ends it. */
  watch(): () => void {
    void this.ask();
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void this.ask();
    }, everyMs);
    return () => clearInterval(timer);
  }

  /** Checks now. A check that hangs is not asked a second time meanwhile. */
  async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      this.list = await this.app.host.call("doctor_check");
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.asking = false;
    }
  }

  /** Puts a check right. */
  async fix(check: Check): Promise<void> {
    if (check.fix === null) return;
    this.refused = without(this.refused, check.id);
    try {
      const id = await this.app.host.call("doctor_fix", { id: check.fix.id });
      this.fixing = { ...this.fixing, [check.id]: id };
    } catch (error) {
      this.refused = { ...this.refused, [check.id]: asFailure(error) };
    }
    void this.ask();
  }

  /** The operation that puts a check right now. */
  work(check: Check): Operation | null {
    const row = this.last(check);
    return row !== null && row.ended === null ? row : null;
  }

  /** How the last try to put it right failed. */
  why(check: Check): Failure | null {
    if (check.state === "ok") return null;
    return this.refused[check.id] ?? this.last(check)?.failure ?? null;
  }

  private last(check: Check): Operation | null {
    const id = this.fixing[check.id];
    return this.app.snapshot?.operations.find((row) => row.id === id) ?? null;
  }
}

function without<T>(record: Record<string, T>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([each]) => each !== key));
}

/** How a check looks and what it is called, by its state; `busy` while it is put right. */
export const checkLooks = {
  ok: { health: "healthy", word: "well" },
  warning: { health: "degraded", word: "works with a limit" },
  failed: { health: "failed", word: "failed" },
  unknown: { health: "unknown", word: "not known yet" },
  busy: { health: "busy", word: "being put right" },
} as const satisfies Record<string, { health: Health; word: string }>;

/** Checks that keep clusters from running, and those that limit them. */
export function toFix(list: readonly Check[]): { failed: number; warnings: number } {
  return {
    failed: list.filter((check) => check.state === "failed").length,
    warnings: list.filter((check) => check.state === "warning").length,
  };
}

/** The list as text, for a report. */
export function reportOf(list: readonly Check[], version: string): string {
  const lines = list.map((check) => `${check.state.toUpperCase().padEnd(7)} ${check.title}${check.detail ? `: ${check.detail}` : ""}`);
  return [`apple-k8s ${version}`, ...lines].join("\n");
}
