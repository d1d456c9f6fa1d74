import { describe, expect, it } from "vitest";
import { freeName, freePort, shownMemory, stepped, writtenMemory } from "./quantity";

describe("quantities of the form", () => {
  it("show gibibytes as a number and keep the rest", () => {
    expect(shownMemory("2Gi")).toEqual({ value: "2", unit: "Gi" });
    expect(shownMemory("1.5Gi")).toEqual({ value: "1.5", unit: "Gi" });
    expect(shownMemory("1500M")).toEqual({ value: "1500M", unit: undefined });
    expect(shownMemory("")).toEqual({ value: "", unit: "Gi" });
    expect(shownMemory("2gb").unit).toBeUndefined();
  });

  it("write a bare number as gibibytes", () => {
    expect([" 3 ", "1.5", "512Mi", "", "two"].map(writtenMemory)).toEqual(["3Gi", "1.5Gi", "512Mi", "", "two"]);
  });

  it("step by whole numbers, never below one", () => {
    expect([stepped("2", 1), stepped("1", -1), stepped("1.5", 1), stepped("1.5", -1), stepped("x", 1)]).toEqual([
      "3",
      "1",
      "2",
      "1",
      null,
    ]);
  });

  it("find what is free", () => {
    expect(freePort(["8080", "8081"])).toBe("8082");
    expect(freeName("label", ["label", "label-2"])).toBe("label-3");
  });
});
