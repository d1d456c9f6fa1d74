import { describe, expect, it } from "vitest";
import { condition, node } from "$lib/host/scripted/world";
import { conditionWord, stateWords } from "./conditions";

const bad = (kind: string, status = "True") => condition(kind, status, false, "", "");
const good = (kind: string, status = "False") => condition(kind, status, true, "", "");

describe("a node's state in words", () => {
  it("says no more than that a well node is ready", () => {
    expect(stateWords(node("dev", 0))).toBe("Ready");
  });
  it("says what is wrong first", () => {
    expect(stateWords(node("dev", 0, { conditions: [good("Ready", "True"), bad("MemoryPressure"), good("DiskPressure"), bad("PIDPressure")] }))).toBe("Memory pressure, process pressure, ready");
    expect(stateWords(node("dev", 0, { state: "Not ready", conditions: [bad("DiskPressure"), bad("Ready", "False")] }))).toBe("Not ready, disk pressure");
  });
  it("says of a silent kubelet that nothing is known, once", () => {
    const silent = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].map((kind) => bad(kind, "Unknown"));
    expect(stateWords(node("dev", 0, { state: "Not ready", conditions: silent }))).toBe("Not ready, not heard from");
  });
  it("does not take conditions that are old for news", () => {
    expect(stateWords(node("dev", 0, { state: "Joining", conditions: [bad("Ready", "Unknown")] }))).toBe("Joining");
    expect(stateWords(node("dev", 0, { state: "Stopped", conditions: [] }))).toBe("Stopped");
  });
  it("says that a node takes no new pods", () => {
    expect(stateWords(node("dev", 0, { taints: ["node.kubernetes.io/unschedulable:NoSchedule"] }))).toBe("Ready, cordoned");
  });
});

it("conditions that we do not know are named all the same", () => {
  expect(["DiskPressure", "NetworkUnavailable", "PIDPressure", "KernelDeadlock"].map(conditionWord)).toEqual(["disk pressure", "network unavailable", "process pressure", "kernel deadlock"]);
});
