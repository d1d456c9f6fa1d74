import { describe, expect, it } from "vitest";
import { operation } from "../host/scripted/scenarios";
import type { Operation } from "../host/types";
import { outcome, untold } from "./outcomes";

const ended = (more: Partial<Operation>) => operation({ ended: 1, state: "done", kind: "start", ...more });
const failure = { code: "NotReady" as const, message: "It was not ready in time.", hint: null, detail: null, logs: null };

describe("what is still to be told", () => {
  const told = (more: Partial<Operation>, view: Parameters<typeof untold>[2] = "workloads") => untold([ended(more)], "dev", view).length > 0;
  it("is nothing of work that goes on, of another program, or of another cluster", () => {
    expect(told({ ended: null, state: "running" })).toBe(false);
    expect(told({ state: "failed", failure, elsewhere: true })).toBe(false);
    expect(told({ state: "failed", failure, cluster: "ci" })).toBe(false);
  });
  it("is a failure, but not where the overview shows it in place", () => {
    expect(told({ state: "failed", failure })).toBe(true);
    expect(told({ state: "failed", failure }, "overview")).toBe(false);
  });
  it("is where exported logs are, wherever one is", () => {
    expect(told({ kind: "exportLogs", outcome: "The logs of “dev” are in ~/dev-logs." }, "overview")).toBe(true);
  });
  it("is a deletion that failed, wherever one is", () => {
    expect(told({ kind: "delete", state: "failed", failure, cluster: "ci" }, "overview")).toBe(true);
  });
  it("is left to the views that show creations, loads and checks", () => {
    expect(told({ kind: "create", state: "failed", failure })).toBe(false);
    expect(told({ kind: "load", state: "failed", failure })).toBe(false);
    expect(told({ kind: "fix", cluster: null, state: "failed", failure }, "diagnostics")).toBe(false);
    expect(told({ kind: "fix", cluster: null, state: "failed", failure }, "overview")).toBe(true);
  });
  it("is what went well only when nothing else shows it", () => {
    expect(told({})).toBe(false);
    expect(told({ kind: "apply", outcome: "3 objects applied." })).toBe(true);
    expect(told({ state: "cancelled" })).toBe(true);
  });
});

it("outcomes are sentences", () => {
  expect(outcome(ended({}))).toBe("“dev” started.");
  expect(outcome(ended({ kind: "restart" }))).toBe("“dev” was restarted.");
  expect(outcome(ended({ state: "cancelled" }))).toBe("Cancelled. “dev” was not started.");
  expect(outcome(ended({ state: "failed", failure }))).toBe("It was not ready in time.");
  expect(outcome(ended({ kind: "apply", subject: "shop.yaml" }))).toBe("shop.yaml was applied.");
  expect(outcome(ended({ kind: "fix", cluster: null, subject: "Starting the container service" }))).toBe("Starting the container service: done.");
  expect(outcome(ended({ kind: "buildImage", cluster: null, subject: "Building the node image", state: "cancelled" }))).toBe("Cancelled: Building the node image.");
  expect(outcome(ended({ kind: "exportLogs", state: "cancelled" }))).toBe("Cancelled. The logs of “dev” were not exported.");
  expect(outcome(ended({ outcome: "Its own words." }))).toBe("Its own words.");
});
