import { describe, expect, it } from "vitest";
import { podsOf, systemWorkloads, workload, node } from "$lib/host/scripted/world";
import { grouped, matchesWorkload, summary } from "./groups";

const rows = [
  workload("shop", "web"),
  workload("shop", "cart", { health: "failed", desired: 2, ready: 0, why: "CrashLoopBackOff" }),
  workload("billing", "api"),
  ...systemWorkloads(1),
];

describe("groups", () => {
  it("float what is unwell, then go by namespace, and fold the system", () => {
    const groups = grouped(rows, {});
    expect(groups.map((group) => [group.title, group.rows.length, group.folded])).toEqual([
      [null, 1, undefined],
      ["billing", 1, false],
      ["shop", 1, false],
      ["System", 8, true],
    ]);
    expect(groups.at(-1)?.note).toBe("8, all well");
  });
  it("show a system part that is unwell above and say so", () => {
    const sick = rows.map((row) => (row.name === "coredns" ? { ...row, health: "degraded" as const } : row));
    const groups = grouped(sick, {});
    expect(groups[0]?.rows.map((row) => row.name)).toEqual(["cart", "coredns"]);
    expect(groups.at(-1)?.note).toBe("7, the rest above");
  });
  it("remember what was folded by hand", () => {
    expect(grouped(rows, { system: false, shop: true }).map((group) => group.folded)).toEqual([undefined, false, true, false]);
  });
});

it("workloads are found by name, image and label", () => {
  const web = workload("shop", "web", { images: ["registry.example/web:2.1"], labels: { tier: "front" } });
  expect(["web", "web:2", "tier=front", "shop front"].map((filter) => matchesWorkload(web, filter))).toEqual([true, true, true, true]);
  expect(matchesWorkload(web, "tier=back")).toBe(false);
});

it("pods are counted with what is wrong", () => {
  const pods = rows.flatMap((row) => podsOf(row, [node("dev", 0)]));
  expect(summary(pods)).toBe("13 pods, 2 failing");
});
