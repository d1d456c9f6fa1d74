import { beforeEach, describe, expect, it, vi } from "vitest";
import { createScripted, type Scripted } from "../host/mock";
import { scenarios } from "../host/scripted/scenarios";
import { cluster, snapshot } from "../host/scripted/world";
import { App } from "./app.svelte";

function started(scenario: string): { app: App; host: Scripted } {
  const made = scenarios[scenario]?.();
  if (made === undefined) throw new Error(`no scenario ${scenario}`);
  const host = createScripted(made, { frozen: true });
  const app = new App(host);
  app.connect();
  return { app, host };
}

const names = (host: Scripted) => host.calls.map((call) => call.name);

beforeEach(() => localStorage.clear());

describe("snapshots", () => {
  it("replace the one before, unless they are older", async () => {
    const { app, host } = started("three-nodes");
    await vi.waitFor(() => expect(app.snapshot).not.toBeNull());
    host.send("snapshot", { ...snapshot([cluster("new")]), revision: 9 });
    host.send("snapshot", { ...snapshot([cluster("old")]), revision: 8 });
    expect(app.snapshot?.clusters.map((row) => row.name)).toEqual(["new"]);
  });
  it("choose the subject, and another cluster when the shown one is gone", async () => {
    const { app, host } = started("three-nodes");
    await vi.waitFor(() => expect(app.place.cluster).toBe("dev"));
    host.change((old) => ({ clusters: old.clusters.filter((row) => row.name !== "dev"), subject: "ci" }));
    expect(app.place.cluster).toBe("ci");
    host.change(() => ({ clusters: [], subject: null }));
    expect(app.place.cluster).toBeNull();
    expect(host.calls.filter((call) => call.name === "view_watch").map((call) => call.args)).toEqual([{ cluster: "dev" }, { cluster: "ci" }, { cluster: null }]);
  });
  it("keep the view when another cluster is chosen", async () => {
    const { app } = started("three-nodes");
    await vi.waitFor(() => expect(app.place.cluster).toBe("dev"));
    app.show("services");
    app.choose("ci");
    expect(app.place).toEqual({ view: "services", cluster: "ci" });
    app.show("diagnostics");
    app.choose("dev");
    expect(app.place.view, "diagnostics belong to no cluster").toBe("overview");
  });
});

describe("views", () => {
  it("of other clusters are ignored, and the old one goes at once when another is chosen", async () => {
    const { app, host } = started("three-nodes");
    await vi.waitFor(() => expect(app.view?.cluster).toBe("dev"));
    const view = app.view;
    if (view === null) throw new Error("no view");
    host.send("view", { cluster: "ci", revision: 50, view: { ...view, cluster: "ci" } });
    expect(app.view?.cluster).toBe("dev");
    app.choose("ci");
    expect(app.view).toBeNull();
    expect(app.live).toBe(false);
  });
  it("that are stale are shown but not live", async () => {
    const { app } = started("stale");
    await vi.waitFor(() => expect(app.view).not.toBeNull());
    expect(app.view?.workloads.length).toBeGreaterThan(0);
    expect(app.live).toBe(false);
  });
});

describe("work", () => {
  it("on the cluster itself is what the window shows; loads leave it usable", async () => {
    const { app, host } = started("three-nodes");
    await vi.waitFor(() => expect(app.cluster).not.toBeNull());
    await host.call("image_load", { cluster: "dev", token: "t", nodes: null });
    expect(app.running.map((row) => row.kind)).toEqual(["load"]);
    expect(app.work).toBeNull();
    await host.call("cluster_stop", { name: "dev" });
    expect(app.work?.kind).toBe("stop");
    app.choose("ci");
    expect(app.work).toBeNull();
  });
});

describe("commands", () => {
  it("that fail show their failure and answer nothing", async () => {
    const { app, host } = started("three-nodes");
    const shown = vi.fn();
    app.sheets.failure = shown;
    host.answer("cluster_stop", () => {
      throw { code: "ClusterBusy", message: "“dev” is busy.", hint: null, detail: null, logs: null };
    });
    expect(await app.run("cluster_stop", { name: "dev" })).toBeUndefined();
    expect(shown).toHaveBeenCalledWith(expect.objectContaining({ code: "ClusterBusy", message: "“dev” is busy." }), host.now());
  });
});

describe("asked from outside", () => {
  it("shows the view and asks", async () => {
    const { app, host } = started("three-nodes");
    await vi.waitFor(() => expect(app.cluster).not.toBeNull());
    const asked = vi.fn();
    app.sheets.dialogs.delete = asked;
    host.send("open", { view: "images", cluster: "ci", dialog: "delete" });
    expect(app.place).toEqual({ view: "images", cluster: "ci" });
    expect(asked).toHaveBeenCalledWith("ci");
  });
});

it("the view of the last time comes back", async () => {
  const first = started("three-nodes");
  await vi.waitFor(() => expect(first.app.cluster).not.toBeNull());
  first.app.show("events");
  const second = started("three-nodes");
  expect(second.app.place.view).toBe("events");
  expect(names(second.host)).toContain("snapshot_get");
});

it("a remembered view that is none is forgotten", () => {
  localStorage.setItem("apple-k8s.view", '"nonsense"');
  expect(started("three-nodes").app.place.view).toBe("overview");
  localStorage.setItem("apple-k8s.view", "{broken");
  expect(started("three-nodes").app.place.view).toBe("overview");
});
