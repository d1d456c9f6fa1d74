import { describe, expect, it } from "vitest";
import { thin, UsageHistory, type Sample } from "./usage.svelte";

const second = 1000;
const minute = 60 * second;
const now = 1_000_000 * minute;
const sample = (at: number, cpuCores: number | null = 1): Sample => ({
  at,
  nodes: [{ node: "a", cpuCores, memoryBytes: null, diskBytes: null, diskCapacityBytes: null }],
});
const every2s = (from: number, to: number) => Array.from({ length: (to - from) / (2 * second) }, (_, index) => sample(from + index * 2 * second));

describe("thin", () => {
  it("keeps the last 15 minutes as they are and a point per ten seconds before", () => {
    const kept = thin(every2s(now - 60 * minute, now), now);
    expect(kept.filter((row) => now - row.at < 15 * minute - 10 * second)).toHaveLength((15 * 60 - 10) / 2 - 1);
    expect(kept.length).toBeLessThan(450 + 45 * 6 + 10);
  });
  it("makes means, not picks, and leaves out what was not measured", () => {
    const old = now - 30 * minute;
    const kept = thin([sample(old, 1), sample(old + 2 * second, 3), sample(old + 4 * second, null)], now);
    expect(kept.map((row) => row.nodes[0]?.cpuCores)).toEqual([2]);
    expect(kept[0]?.nodes[0]?.memoryBytes).toBeNull();
  });
  it("is the same again: no mean of means", () => {
    const once = thin(every2s(now - 60 * minute, now), now);
    expect(thin(once, now)).toEqual(once);
  });
  it("drops what is older than an hour", () => {
    expect(thin([sample(now - 61 * minute), sample(now)], now)).toHaveLength(1);
  });
});

describe("the history", () => {
  const whole = (at: number) => ({ ...sample(at), pods: [] });
  it("takes what was fetched before what came meanwhile, and nothing twice", () => {
    const history = new UsageHistory();
    history.add(whole(10_000));
    history.add(whole(12_000));
    history.fill([whole(8000), whole(10_000)]);
    expect(history.samples.map((row) => row.at)).toEqual([8000, 10_000, 12_000]);
    expect(history.latest?.at).toBe(12_000);
  });
  it("ignores what is not newer", () => {
    const history = new UsageHistory();
    history.add(whole(10_000));
    history.add(whole(10_000));
    expect(history.samples).toHaveLength(1);
  });
});
