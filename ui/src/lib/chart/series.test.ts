import { describe, expect, it } from "vitest";
import { apart, bandOf, bandPath, coreTops, endBefore, gaps, highest, linePath, means, nearest, roundTop, segments, seriesPath, since, TopEdge, type Frame } from "./series";

const frame: Frame = { from: 0, to: 100, top: 10, width: 200, height: 100 };
const points = (...places: [number, number][]) => places.map(([at, value]) => ({ at, value }));

describe("lines", () => {
  it("go through all points of a part", () => {
    expect(linePath(points([0, 0], [10, 5], [20, 10]), frame, 10)).toBe("M0 100L20 50L40 0");
  });
  it("break at a gap and are never joined over it", () => {
    expect(linePath(points([0, 0], [10, 5], [60, 5], [70, 5]), frame, 10)).toBe("M0 100L20 50M120 50L140 50");
  });
  it("show a lonely point as a dot", () => {
    expect(linePath(points([50, 5]), frame, 10)).toBe("M100 50h.1");
  });
  it("are empty without points, not zero", () => {
    expect(linePath([], frame, 10)).toBe("");
  });
});

it("what is older than a time is left out, and nothing else", () => {
  const all = points([0, 1], [10, 2], [20, 3]);
  for (const [from, left] of [[-1, 3], [0, 3], [1, 2], [10, 2], [20, 1], [21, 0]] as const) expect(since(all, from), String(from)).toEqual(all.slice(3 - left));
  expect(since([], 0)).toEqual([]);
});

describe("a restart", () => {
  const series = { name: "a", points: points([0, 0], [10, 5], [20, 5], [30, 5]), restarted: 15 };
  it("ends the line, even when nothing is missing", () => {
    expect(seriesPath(series, frame, 10)).toBe("M0 100L20 50M40 50L60 50");
    expect(endBefore(series)).toEqual({ at: 10, value: 5 });
  });
  it("before all points leaves the line whole", () => {
    expect(seriesPath({ ...series, restarted: -5 }, frame, 10)).toBe(linePath(series.points, frame, 10));
    expect(endBefore({ ...series, restarted: -5 })).toBeNull();
    expect(endBefore({ ...series, restarted: null })).toBeNull();
  });
});

describe("means", () => {
  it("lie in the middle of slots of the clock, and skip slots without points", () => {
    expect(means(points([0, 1], [2, 3], [4, 5], [12, 7]), 4)).toEqual(points([2, 2], [6, 5], [14, 7]));
  });
  it("leave old slots alone when a point comes", () => {
    const before = means(points([0, 1], [2, 3], [4, 5]), 4);
    expect(means(points([0, 1], [2, 3], [4, 5], [6, 9]), 4)[0]).toEqual(before[0]);
  });
});

describe("gaps", () => {
  it("are found at the start, in the middle and at the end", () => {
    expect(gaps([30, 40, 70], 0, 100, 10)).toEqual([
      [0, 30],
      [40, 70],
      [70, 100],
    ]);
  });
  it("are none when it was measured all the time", () => {
    expect(gaps([0, 10, 20], 0, 25, 10)).toEqual([]);
  });
  it("are everything when it was never measured", () => {
    expect(gaps([], 0, 100, 10)).toEqual([[0, 100]]);
  });
  it("are none before there was anything to measure", () => {
    expect(gaps([30, 40], 0, 40, 10, 25)).toEqual([]);
    expect(gaps([45, 50], 0, 50, 10, 20)).toEqual([[20, 45]]);
    // Started anew since the first one: there was something before.
    expect(gaps([30, 40], 0, 40, 10, 35)).toEqual([[0, 30]]);
  });
  it("split points", () => {
    expect(segments(points([0, 1], [5, 1], [50, 1]), 10).map((part) => part.length)).toEqual([2, 1]);
  });
});

describe("bands", () => {
  const series = [
    { name: "a", points: points([0, 1], [10, 2]) },
    { name: "b", points: points([0, 3], [10, 8]) },
    { name: "c", points: points([10, 4]) },
  ];
  it("have the lowest, the middle and the highest of what was measured", () => {
    expect(bandOf(series)).toEqual([
      { at: 0, low: 1, middle: 2, high: 3 },
      { at: 10, low: 2, middle: 4, high: 8 },
    ]);
  });
  it("are closed areas, one for each part", () => {
    expect(bandPath(bandOf(series), frame, 10)).toBe("M0 70L20 20L20 80L0 90Z");
  });
  it("name the highest", () => {
    expect(highest(series, 2)).toEqual(["b", "c"]);
  });
});

describe("the upper edge", () => {
  it("is a round number", () => {
    expect(roundTop(0.4, coreTops)).toBe(0.6);
    expect(roundTop(130, coreTops)).toBe(240);
  });
  it("grows at once and shrinks after ten seconds", () => {
    const edge = new TopEdge([1, 10, 100]);
    expect(edge.at(0, 0.5)).toBe(1);
    expect(edge.at(1000, 50)).toBe(100);
    expect(edge.at(2000, 0.5)).toBe(100);
    expect(edge.at(11_000, 0.5)).toBe(100);
    expect(edge.at(12_000, 0.5)).toBe(1);
  });
  it("starts to wait anew after another rise", () => {
    const edge = new TopEdge([1, 10, 100]);
    edge.at(0, 50);
    edge.at(1000, 0.5);
    edge.at(5000, 50);
    edge.at(6000, 0.5);
    expect(edge.at(12_000, 0.5)).toBe(100);
  });
});

describe("labels", () => {
  it("move apart and keep their order", () => {
    expect(apart([50, 51, 52], 12, 100)).toEqual([50, 62, 74]);
  });
  it("stay inside", () => {
    expect(apart([98, 99, 10], 12, 100)).toEqual([88, 100, 10]);
  });
});

it("the nearest point counts only when it is near", () => {
  expect(nearest(points([0, 1], [10, 2]), 8, 10)).toEqual({ at: 10, value: 2 });
  expect(nearest(points([0, 1]), 50, 10)).toBeNull();
});
