/** Lines of a chart from measured samples. Gaps are gaps: never zero, never joined. */

export interface Point {
  at: number;
  value: number;
}

/** Values over time of one thing; a point that was not measured is missing. */
export interface Series {
  name: string;
  points: Point[];
  /** When it was started anew: no line goes over that moment. */
  restarted?: number | null;
}

export interface Band {
  at: number;
  low: number;
  middle: number;
  high: number;
}

export interface Frame {
  from: number;
  to: number;
  /** The value at the upper edge. */
  top: number;
  width: number;
  height: number;
}

/** Splits points where more than `longest` milliseconds lie between two of them. */
export function segments<P extends { at: number }>(points: P[], longest: number): P[][] {
  const parts: P[][] = [];
  let part: P[] = [];
  for (const point of points) {
    const last = part.at(-1);
    if (last !== undefined && point.at - last.at > longest) {
      parts.push(part);
      part = [];
    }
    part.push(point);
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/**
 * Times without a measurement between `from` and `to`. Before the first one there is none as long
 * as what is measured had not begun.
 */
export function gaps(times: number[], from: number, to: number, longest: number, began: number | null = null): [number, number][] {
  const inside = times.filter((at) => at >= from && at <= to);
  const found: [number, number][] = [];
  const knownStart = began !== null && began <= (inside[0] ?? to);
  let last = knownStart ? Math.max(from, began) : from;
  for (const at of [...inside, to]) {
    if (at - last > longest) found.push([last, at]);
    last = at;
  }
  return found;
}

export const xOf = (frame: Frame, at: number): number => ((at - frame.from) / (frame.to - frame.from)) * frame.width;
export const yOf = (frame: Frame, value: number): number => frame.height - (Math.min(value, frame.top) / frame.top) * frame.height;

const round = (value: number): number => Math.round(value * 10) / 10;

/** The points from a time on; they are in the order of time. */
export function since<P extends { at: number }>(points: P[], from: number): P[] {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at ?? Infinity) < from) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? points : points.slice(low);
}

/** Means over slots of time, for more points than pixels. Slots lie on the clock, so that old ones stay as they are. */
export function means(points: Point[], slot: number): Point[] {
  const reduced: Point[] = [];
  let at = -1;
  let sum = 0;
  let count = 0;
  const flush = () => {
    if (count > 0) reduced.push({ at: at * slot + slot / 2, value: sum / count });
  };
  for (const point of points) {
    const here = Math.floor(point.at / slot);
    if (here !== at) {
      flush();
      at = here;
      sum = 0;
      count = 0;
    }
    sum += point.value;
    count += 1;
  }
  flush();
  return reduced;
}

/** The last point before a restart, where a line ends. */
export function endBefore(series: Series): Point | null {
  const { restarted } = series;
  return restarted == null ? null : (series.points.findLast((point) => point.at < restarted) ?? null);
}

/** The path of a series: a line that breaks at gaps and at a restart. */
export function seriesPath(series: Series, frame: Frame, longest: number): string {
  const { restarted } = series;
  if (restarted == null) return linePath(series.points, frame, longest);
  return (
    linePath(
      series.points.filter((point) => point.at < restarted),
      frame,
      longest,
    ) +
    linePath(
      series.points.filter((point) => point.at >= restarted),
      frame,
      longest,
    )
  );
}

/** The path of a line, broken at gaps. A point alone between two gaps becomes a dot. */
export function linePath(points: Point[], frame: Frame, longest: number): string {
  return segments(points, longest)
    .map((part) => {
      const places = part.map((point) => `${round(xOf(frame, point.at))} ${round(yOf(frame, point.value))}`);
      return places.length === 1 ? `M${places[0]}h.1` : `M${places.join("L")}`;
    })
    .join("");
}

/** The path of a band between the lowest and the highest value, broken at gaps. */
export function bandPath(band: Band[], frame: Frame, longest: number): string {
  return segments(band, longest)
    .filter((part) => part.length > 1)
    .map((part) => {
      const upper = part.map((point) => `${round(xOf(frame, point.at))} ${round(yOf(frame, point.high))}`);
      const lower = part.toReversed().map((point) => `${round(xOf(frame, point.at))} ${round(yOf(frame, point.low))}`);
      return `M${[...upper, ...lower].join("L")}Z`;
    })
    .join("");
}

/** Lowest, middle and highest value of many series at each time. */
export function bandOf(series: Series[]): Band[] {
  const byTime = new Map<number, number[]>();
  for (const { points } of series)
    for (const { at, value } of points) {
      const values = byTime.get(at);
      if (values === undefined) byTime.set(at, [value]);
      else values.push(value);
    }
  return [...byTime]
    .toSorted(([a], [b]) => a - b)
    .map(([at, measured]) => {
      // Numbers by themselves are sorted without a function to ask for each pair.
      const values = Float64Array.from(measured).sort();
      const half = Math.floor(values.length / 2);
      const middle = values.length % 2 === 1 ? (values[half] ?? 0) : ((values[half - 1] ?? 0) + (values[half] ?? 0)) / 2;
      return { at, low: values[0] ?? 0, middle, high: values.at(-1) ?? 0 };
    });
}

/** Names of the series that are highest now, the highest first. */
export function highest(series: Series[], count: number): string[] {
  return series
    .filter((row) => row.points.length > 0)
    .toSorted((a, b) => (b.points.at(-1)?.value ?? 0) - (a.points.at(-1)?.value ?? 0))
    .slice(0, count)
    .map((row) => row.name);
}

/** A round number at or above `value`, so that three grid lines are round too. */
export function roundTop(value: number, steps: number[]): number {
  for (const step of steps) if (value <= step) return step;
  const last = steps.at(-1) ?? 1;
  return Math.ceil(value / last) * last;
}

const Mi = 1024 * 1024;
const Gi = 1024 * Mi;
const doubling = (from: number, count: number, factors: number[]): number[] =>
  Array.from({ length: count }, (_, power) => factors.map((factor) => from * factor * 2 ** power)).flat();

/** Upper edges for cores and for bytes; a third of each is a number that reads well. */
export const coreTops = [0.03, 0.06, 0.15, 0.3, 0.6, 1.2, 1.5, 3, 6, 9, 12, 15, 24, 30, 48, 60, 96, 120];
export const byteTops = [...doubling(96 * Mi, 3, [1, 1.5]), 0.75 * Gi, 1.5 * Gi, 3 * Gi, 6 * Gi, 9 * Gi, 12 * Gi, 15 * Gi, 24 * Gi, 30 * Gi, 48 * Gi, 96 * Gi];

/** The upper edge of a chart over time: grows at once, shrinks when it was too high for ten seconds. */
export class TopEdge {
  private top = 0;
  private tooHighSince: number | null = null;

  constructor(
    private readonly steps: number[],
    private readonly patienceMs = 10_000,
  ) {}

  at(now: number, highestValue: number): number {
    const wanted = roundTop(highestValue * 1.05, this.steps);
    if (wanted >= this.top) {
      this.top = wanted;
      this.tooHighSince = null;
    } else if (this.tooHighSince === null) this.tooHighSince = now;
    else if (now - this.tooHighSince >= this.patienceMs) {
      this.top = wanted;
      this.tooHighSince = null;
    }
    return this.top;
  }

  /** Forgets what it showed, as when another cluster or range is chosen. */
  reset(): void {
    this.top = 0;
    this.tooHighSince = null;
  }
}

/** Places of labels that would lie over each other: moved apart, in their order, inside the height. */
export function apart(places: number[], distance: number, height: number): number[] {
  const order = places.map((place, index) => ({ place, index })).toSorted((a, b) => a.place - b.place);
  let floor = -Infinity;
  for (const row of order) {
    row.place = Math.max(row.place, floor + distance);
    floor = row.place;
  }
  let ceiling = height + distance;
  for (const row of order.toReversed()) {
    row.place = Math.min(row.place, ceiling - distance);
    ceiling = row.place;
  }
  const result = [...places];
  for (const { place, index } of order) result[index] = place;
  return result;
}

/** The point nearest to a time, when one is near enough. */
export function nearest<P extends { at: number }>(points: P[], at: number, longest: number): P | null {
  let best: P | null = null;
  for (const point of points) if (best === null || Math.abs(point.at - at) < Math.abs(best.at - at)) best = point;
  return best !== null && Math.abs(best.at - at) <= longest ? best : null;
}
