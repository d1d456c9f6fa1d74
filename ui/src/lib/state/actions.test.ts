import { describe, expect, it, vi } from "vitest";
import { createScripted } from "../host/mock";
import { scenarios } from "../host/scripted/scenarios";
import { cluster } from "../host/scripted/world";
import type { Cluster } from "../host/types";
import { mainAction } from "./actions";
import { App } from "./app.svelte";

describe("the main action of a cluster", () => {
  const cases: [string, Partial<Cluster>, string, string | null][] = [
    ["running", {}, "Stop", "cluster_stop"],
    ["stopped", { state: "stopped", health: "stopped" }, "Start", "cluster_start"],
    ["degraded", { health: "degraded" }, "Stop", "cluster_stop"],
    ["running in part", { state: "partial", health: "degraded" }, "Repair", "cluster_start"],
    ["silent", { health: "failed" }, "Repair", "cluster_restart"],
    ["half made", { state: "incomplete", health: "failed" }, "Delete remains…", null],
  ];
  // The tray offers the same: `cluster_action` in crates/app/src/tray/rows.rs.
  it.each(cases)("%s", async (_, more, label, command) => {
    const made = scenarios["three-nodes"]?.();
    if (made === undefined) throw new Error("no scenario");
    const host = createScripted(made, { frozen: true });
    const app = new App(host);
    app.connect();
    await vi.waitFor(() => expect(app.snapshot).not.toBeNull());
    const action = mainAction(app, cluster("dev", more), null);
    expect([action.label, action.off]).toEqual([label, null]);
    const before = host.calls.length;
    action.act();
    expect(host.calls.slice(before).map((call) => call.name)).toEqual(command === null ? [] : [command]);
  });
});
