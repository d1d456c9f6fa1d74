/** What the nodes of the shown cluster used lately; in memory only. */
import type { NodeUsage, UsageSample } from "../host/types";

const keptMs = 60 * 60 * 1000;
/** From here on samples are thinned: a point per ten seconds is enough for an hour. */
const fineMs = 15 * 60 * 1000;
const coarseMs = 10 * 1000;

/** What the nodes used at a moment; what pods use is kept of the last moment only. */
export interface Sample {
  at: number;
  nodes: NodeUsage[];
}

export class UsageHistory {
  samples = $state.raw<Sample[]>([]);
  /** Since when samples are awaited; null when none are. */
  waitingSince = $state<number | null>(null);

  latest = $state.raw<UsageSample | null>(null);

  add(sample: UsageSample): void {
    const last = this.samples.at(-1);
    if (last !== undefined && sample.at <= last.at) return;
    this.samples = thin([...this.samples, { at: sample.at, nodes: sample.nodes }], sample.at);
    this.latest = sample;
  }

  /** The history, with what came since it was asked for. */
  fill(samples: UsageSample[]): void {
    const last = samples.at(-1)?.at ?? -Infinity;
    this.latest ??= samples.at(-1) ?? null;
    this.samples = [...samples.map(({ at, nodes }) => ({ at, nodes })), ...this.samples.filter((sample) => sample.at > last)];
  }

  /** Begins anew for another cluster. */
  clear(now: number): void {
    this.samples = [];
    this.latest = null;
    this.waitingSince = now;
  }
}

/** Drops what is older than an hour; of what is older than 15 min one mean per ten seconds stays. */
export function thin(samples: Sample[], now: number): Sample[] {
  const kept: Sample[] = [];
  let slot: Sample[] = [];
  const flush = () => {
    const whole = mean(slot);
    if (whole !== null) kept.push(whole);
    slot = [];
  };
  for (const sample of samples) {
    if (now - sample.at > keptMs) continue;
    // Only a slot that is old as a whole becomes a mean, so that none is made of means.
    const end = (Math.floor(sample.at / coarseMs) + 1) * coarseMs;
    if (now - end <= fineMs) {
      flush();
      kept.push(sample);
      continue;
    }
    const first = slot[0];
    if (first !== undefined && Math.floor(first.at / coarseMs) !== Math.floor(sample.at / coarseMs)) flush();
    slot.push(sample);
  }
  flush();
  return kept;
}

/** The mean of samples, each node by what was measured of it. */
function mean(samples: Sample[]): Sample | null {
  const last = samples.at(-1);
  if (last === undefined || samples.length === 1) return last ?? null;
  const names = [...new Set(samples.flatMap((sample) => sample.nodes.map((node) => node.node)))];
  return {
    at: last.at,
    nodes: names.map((name) => {
      const rows = samples.flatMap((sample) => sample.nodes.filter((node) => node.node === name));
      const of = (value: (node: NodeUsage) => number | null) => {
        const known = rows.map(value).filter((measured) => measured !== null);
        return known.length === 0 ? null : known.reduce((sum, measured) => sum + measured, 0) / known.length;
      };
      return {
        node: name,
        cpuCores: of((node) => node.cpuCores),
        memoryBytes: of((node) => node.memoryBytes),
        diskBytes: of((node) => node.diskBytes),
        diskCapacityBytes: of((node) => node.diskCapacityBytes),
      };
    }),
  };
}
