import { describe, expect, it, vi } from "vitest";
import { Checks, reportOf, toFix } from "./checks.svelte";
import { createScripted } from "./host/mock";
import { scenarios } from "./host/scripted/scenarios";
import { App } from "./state/app.svelte";

function app() {
  const scenario = scenarios["first-run"];
  if (!scenario) throw new Error("no scenario");
  const host = createScripted(scenario());
  const window = new App(host);
  return { host, window, stop: window.connect() };
}

describe("the check list", () => {
  it("shows the work on a check and what came of it", async () => {
    vi.useFakeTimers();
    const { host, window, stop } = app();
    const checks = new Checks(window);
    await checks.ask();
    const service = () => checks.list?.find((check) => check.id === "service");
    const broken = service();
    if (!broken) throw new Error("no check");
    expect(toFix(checks.list ?? [])).toEqual({ failed: 1, warnings: 1 });
    await checks.fix(broken);
    expect(checks.work(broken)?.kind).toBe("fix");
    await vi.advanceTimersByTimeAsync(1000);
    await checks.ask();
    expect([service()?.state, checks.work(broken)]).toEqual(["ok", null]);
    host.answer("doctor_fix", () => {
      throw { code: "PermissionDenied", message: "not allowed" };
    });
    const kernel = checks.list?.find((check) => check.id === "kernel");
    if (!kernel) throw new Error("no check");
    await checks.fix(kernel);
    expect(checks.why(kernel)?.message).toBe("not allowed");
    stop();
    vi.useRealTimers();
  });

  it("does not ask again while an answer is awaited", async () => {
    const { host, window, stop } = app();
    const checks = new Checks(window);
    let answers = 0;
    host.answer("doctor_check", () => {
      answers++;
      return new Promise(() => undefined);
    });
    void checks.ask();
    void checks.ask();
    expect(answers).toBe(1);
    stop();
  });

  it("is copied as a report", () => {
    const report = reportOf([{ id: "a", title: "container 1.5.0", state: "ok", detail: "/usr/local/bin", code: null, fix: null }], "0.1.0");
    expect(report).toBe("apple-k8s 0.1.0\nOK      container 1.5.0: /usr/local/bin");
  });
});
