import { describe, expect, it } from "vitest";
import { creationTable } from "./creation";
import type { Step } from "./host/types";

function step(phase: string, node: string | undefined, state: Step["state"], atMs: number, tookMs?: number): Step {
  return { phase, ...(node ? { node } : {}), state, atMs, ...(tookMs === undefined ? {} : { tookMs }) };
}

const plane = "dev-control-plane";

describe("the table of a creation", () => {
  it("has a row for each node, the control plane first", () => {
    const table = creationTable(
      [
        step("preflight", undefined, "done", 200, 200),
        step("run", "dev-worker", "done", 900, 700),
        step("boot", "dev-worker", "done", 2300, 1400),
        step("run", plane, "done", 800, 600),
        step("boot", plane, "done", 2100, 1300),
        step("wait-for-control-plane", "dev-worker", "started", 2300),
        step("certificates", plane, "done", 2600, 400),
        step("api", plane, "started", 2700),
      ],
      "dev",
    );
    expect(table.columns.map((column) => column.id)).toEqual(["boot", "controlPlane", "join", "network", "ready"]);
    expect(table.rows.map((row) => row.title)).toEqual(["control-plane", "worker"]);
    const [first, second] = table.rows;
    expect(first?.cells.boot).toEqual({ state: "done", beganMs: 200, tookMs: 1900, detail: null });
    expect(first?.cells.controlPlane).toMatchObject({ state: "busy", beganMs: 2200 });
    expect(second?.cells.join.state).toBe("waits");
    expect(second?.cells.controlPlane.state).toBe("none");
  });

  it("stays busy between two steps of a column", () => {
    const table = creationTable([step("certificates", plane, "done", 400, 400)], "dev");
    expect(table.rows[0]?.cells.controlPlane.state).toBe("busy");
    const after = creationTable(
      [step("certificates", plane, "done", 400, 400), step("open-for-workers", plane, "done", 900, 1)],
      "dev",
    );
    expect(after.rows[0]?.cells.controlPlane.state).toBe("done");
  });

  it("shows the build of an image and what concerns the cluster with the first node", () => {
    const table = creationTable([step("build-containerd", undefined, "started", 10)], "dev");
    expect(table.columns[0]?.id).toBe("image");
    expect(table.rows).toHaveLength(1);
    expect(table.rows[0]?.cells.image.state).toBe("busy");
    const dns = creationTable([step("ready", plane, "done", 9, 1), step("dns", undefined, "started", 9)], "dev");
    expect(dns.rows[0]?.cells.network.state).toBe("busy");
  });

  it("says where it failed", () => {
    const table = creationTable([{ ...step("run", plane, "failed", 900, 700), detail: "port 8080 is in use" }], "dev");
    expect(table.rows[0]?.cells.boot).toMatchObject({ state: "failed", detail: "port 8080 is in use" });
  });

  it("sums many workers up, but not those in trouble", () => {
    const steps = Array.from({ length: 49 }, (_, index) => {
      const node = `dev-worker${index === 0 ? "" : index + 1}`;
      return step("join", node, index === 7 ? "failed" : index < 31 ? "done" : "started", 5000, index < 31 ? 900 : undefined);
    });
    const table = creationTable([step("open-for-workers", plane, "done", 4000, 10), ...steps], "dev");
    expect(table.rows.map((row) => row.node)).toEqual([plane, "dev-worker8"]);
    expect(table.summary).toEqual({ joined: 30, workers: 49 });
  });
});
