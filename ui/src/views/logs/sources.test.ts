import { expect, it } from "vitest";
import { scenarios, operation } from "$lib/host/scripted/scenarios";
import { choices, firstSource, keyOf, sourceOf, titleOf } from "./sources";

const degraded = scenarios["degraded"]?.().views["dev"] ?? null;

it("a source and its word are the same thing", () => {
  for (const key of ["node:dev-worker", "pod:shop/cart-1", "operation:7"]) expect(keyOf(sourceOf(key, "dev"))).toBe(key);
  expect(keyOf(null)).toBeNull();
});

it("the log of what is wrong comes first", () => {
  const first = firstSource(degraded, [], "dev");
  expect(first).toMatchObject({ kind: "pod", namespace: "shop" });
  expect(titleOf(first, [], "dev")).toMatch(/^Pod shop\/cart-/);
});

it("work that goes on or failed comes before that, work on other clusters does not", () => {
  expect(firstSource(degraded, [operation({ id: 9 })], "dev")).toEqual({ kind: "operation", id: 9 });
  expect(firstSource(degraded, [operation({ id: 9, cluster: "ci" })], "dev")).toMatchObject({ kind: "pod" });
  expect(firstSource(degraded, [operation({ id: 9, ended: 1, state: "done" })], "dev")).toMatchObject({ kind: "pod" });
});

it("choices name operations, nodes and pods", () => {
  const all = choices(degraded, [operation({ id: 9, kind: "load", subject: "shop:2.1" })], "dev");
  expect(all[0]).toEqual({ value: "operation:9", label: "load of shop:2.1", note: "running", group: "Operations" });
  expect(all.find((choice) => choice.group === "Nodes")?.label).toBe("worker2");
  expect(all.find((choice) => choice.group === "Pods")?.label).toMatch(/^shop\/cart-/);
});
