import { describe, expect, it } from "vitest";
import { columnsOf, entryAt, findAll, LogBuffer, offsets } from "./lines";

const batch = (...texts: string[]) => ({ lines: texts.map((text) => ({ at: 1, text })), ended: null, lost: false });

describe("LogBuffer", () => {
  it("keeps the last lines and says how many it dropped", () => {
    const buffer = new LogBuffer(3);
    buffer.add(batch("a", "b"), 0);
    buffer.add(batch("c", "d"), 0);
    expect(buffer.entries.map((entry) => [entry.id, entry.text])).toEqual([
      [1, "b"],
      [2, "c"],
      [3, "d"],
    ]);
    expect(buffer.dropped).toBe(1);
  });
  it("draws a rule where the connection was lost, not at the start", () => {
    const buffer = new LogBuffer();
    buffer.add({ ...batch("a"), lost: true }, 5);
    buffer.add({ ...batch("b"), lost: true }, 7);
    expect(buffer.entries.map((entry) => (entry.rule ? entry.at : entry.text))).toEqual(["a", 7, "b"]);
  });
  it("remembers how it ended", () => {
    const buffer = new LogBuffer();
    buffer.add({ ...batch("a"), ended: "Container ended with 137." }, 0);
    expect(buffer.ended).toBe("Container ended with 137.");
  });
});

describe("heights", () => {
  const buffer = new LogBuffer();
  buffer.add(batch("short", "x".repeat(25), "", "last"), 0);
  it("are one line each without wrapping", () => {
    expect([...offsets(buffer.entries, null)]).toEqual([0, 1, 2, 3, 4]);
  });
  it("follow from the columns with wrapping", () => {
    expect([...offsets(buffer.entries, 10)]).toEqual([0, 1, 4, 5, 6]);
  });
  it("find the entry at a height", () => {
    const starts = offsets(buffer.entries, 10);
    expect([0, 1, 3.5, 4, 5, 99].map((line) => entryAt(starts, line))).toEqual([0, 1, 1, 2, 3, 3]);
  });
  it("count wide letters twice and tabs to the next stop", () => {
    expect(columnsOf("日本")).toBe(4);
    expect(columnsOf("a\tb")).toBe(9);
  });
});

it("find looks at what is read, not at colours", () => {
  const buffer = new LogBuffer();
  buffer.add(batch("\u001b[31mERR\u001b[0mOR", "fine"), 0);
  expect(findAll(buffer.entries, "error")).toEqual([0]);
  expect(findAll(buffer.entries, "31m")).toEqual([]);
  expect(findAll(buffer.entries, "")).toEqual([]);
});
