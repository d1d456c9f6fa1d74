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

/** Drops what is older than an hour and keeps one sample per ten seconds of what is older than 15 min. */
export function thin(samples: Sample[], now: number): Sample[] {
  let lastSlot = -1;
  return samples.filter((sample) => {
    const age = now - sample.at;
    if (age > keptMs) return false;
    if (age <= fineMs) return true;
    const slot = Math.floor(sample.at / coarseMs);
    const kept = slot !== lastSlot;
    lastSlot = slot;
    return kept;
  });
}
