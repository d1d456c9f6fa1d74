import { describe, expect, it } from "vitest";
import * as format from "./format";

const Mi = 1024 ** 2;
const Gi = 1024 ** 3;

describe("sizes", () => {
  it.each([
    [null, "–"],
    [0, "0 Mi"],
    [1000, "<1 Mi"],
    [828 * Mi, "828 Mi"],
    [1023.4 * Mi, "1023 Mi"],
    [1023.6 * Mi, "1.0 Gi"],
    [2.1 * Gi, "2.1 Gi"],
    [9.96 * Gi, "10 Gi"],
    [12 * Gi, "12 Gi"],
    [2048 * Gi, "2.0 Ti"],
  ])("%s is %s", (value, text) => expect(format.bytes(value)).toBe(text));
  it("of a limit share its unit", () => {
    expect(format.bytesOf(2.1 * Gi, 6 * Gi)).toBe("2.1 of 6.0 Gi");
    expect(format.bytesOf(828 * Mi, 6 * Gi)).toBe("828 Mi of 6.0 Gi");
    expect(format.bytesOf(null, 6 * Gi)).toBe("– of 6.0 Gi");
  });
});

describe("cores", () => {
  it.each([
    [undefined, "–"],
    [0.2688, "269 m"],
    [0.9996, "1.0 cores"],
    [1.3, "1.3 cores"],
    [12.4, "12 cores"],
  ])("%s is %s", (value, text) => expect(format.cores(value)).toBe(text));
  it("of a limit", () => {
    expect(format.coresOf(1.3, 8)).toBe("1.3 of 8 cores");
    expect(format.coresOf(0.2, 1)).toBe("200 m of 1 core");
    expect(format.coresOf(null, 8)).toBe("– of 8 cores");
  });
});

it("percent is whole, of the limit, and unknown stays unknown", () => {
  expect(format.percent(1, 8)).toBe("13%");
  expect(format.percent(0.001, 8)).toBe("<1%");
  expect(format.percent(0, 8)).toBe("0%");
  expect(format.percent(null, 8)).toBe("–");
  expect(format.percent(1, 0)).toBe("–");
});

describe("ages are kubectl's", () => {
  const now = 1_000_000_000_000;
  it.each([
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [125, "2m5s"],
    [600, "10m"],
    [10_799, "179m"],
    [10_800, "3h"],
    [11_100, "3h5m"],
    [8 * 3600, "8h"],
    [47 * 3600, "47h"],
    [52 * 3600, "2d4h"],
    [8 * 86_400, "8d"],
    [400 * 86_400, "400d"],
  ])("%s seconds are %s", (seconds, text) => expect(format.age(now - seconds * 1000, now)).toBe(text));
  it("never negative, and unknown is –", () => {
    expect(format.age(now + 5000, now)).toBe("0s");
    expect(format.age(null, now)).toBe("–");
  });
});

it("what a sentence calls an age", () => {
  const now = 1_800_000_000_000;
  expect([-5, 0, 59, 60, 3599, 7200, 86_400, 172_800, 864_000].map((seconds) => format.ago(now - seconds * 1000, now))).toEqual([
    "just now", "just now", "just now", "1 min ago", "59 min ago", "2 h ago", "a day ago", "2 days ago", "10 days ago",
  ]);
});

it("durations and clocks", () => {
  expect([4200, 9949, 9950, 34_000, 65_000, 3_603_000].map(format.duration)).toEqual(["4.2 s", "9.9 s", "10 s", "34 s", "1:05", "1:00:03"]);
  expect(format.elapsed(21_900)).toBe("0:21");
  expect(format.clockFine(Date.UTC(2026, 10, 23, 14, 3, 11, 4))).toBe("14:03:11.004");
});

it("thousands have commas, counts their word", () => {
  expect(format.plural(2000, "pod")).toBe("2,000 pods");
  expect(format.plural(1, "pod")).toBe("1 pod");
  expect(format.grouped(1_234_567)).toBe("1,234,567");
});

it("long names keep their last twelve letters", () => {
  expect(format.middle("short")).toEqual(["short", ""]);
  const [head, tail] = format.middle("a-very-long-name-of-something-7f9c4d");
  expect(head + tail).toBe("a-very-long-name-of-something-7f9c4d");
  expect(tail).toHaveLength(12);
  expect(Array.from(format.middle("👩‍🚀".repeat(12))[1])).toHaveLength(12);
});
