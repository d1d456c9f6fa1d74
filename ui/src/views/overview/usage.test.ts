import { describe, expect, it } from "vitest";
import { node } from "$lib/host/scripted/world";
import type { NodeUsage } from "$lib/host/types";
import { nodeSummary, seriesOf, total, usageNow } from "./usage";

const usage = (name: string, cpuCores: number | null): NodeUsage => ({ node: name, cpuCores, memoryBytes: 1, diskBytes: null, diskCapacityBytes: null });

describe("series", () => {
  it("leave out what was not measured: no zero in its place", () => {
    const lines = seriesOf(
      [
        { at: 1, nodes: [usage("dev-worker", 0.5), usage("dev-worker2", null)] },
        { at: 2, nodes: [usage("dev-worker", null), usage("dev-worker2", 0)] },
      ],
      "dev",
      (row) => row.cpuCores,
    );
    expect(lines).toEqual([
      { name: "worker", points: [{ at: 1, value: 0.5 }], restarted: null },
      { name: "worker2", points: [{ at: 2, value: 0 }], restarted: null },
    ]);
  });
});

describe("usage now", () => {
  it("is unknown when the last sample is old", () => {
    const sample = { at: 1000, nodes: [usage("a", 1)] };
    expect(usageNow(sample, 16_000).get("a")?.cpuCores).toBe(1);
    expect(usageNow(sample, 16_001).size).toBe(0);
    expect(usageNow(null, 0).size).toBe(0);
  });
});

describe("totals", () => {
  const nodes = [node("dev", 0), node("dev", 1)];
  it("sum what is known", () => {
    const measured = usageNow({ at: 0, nodes: [usage("dev-control-plane", 0.5), usage("dev-worker", null)] }, 0);
    expect(total(nodes, measured, (row) => row.cpuCores, (row) => row.cpus)).toEqual({ used: 0.5, limit: 6 });
  });
  it("are unknown when nothing is", () => {
    expect(total(nodes, new Map(), (row) => row.cpuCores, (row) => row.cpus).used).toBeNull();
  });
});

it("nodes are summed up, the ready ones first", () => {
  const nodes = [node("d", 0, { state: "Joining" }), node("d", 1), node("d", 2), node("d", 3, { state: "Not ready" })];
  expect(nodeSummary(nodes)).toBe("2 ready, 1 joining, 1 not ready");
});
