/** What the nodes of the shown cluster used lately; in memory only. */
import type { UsageSample } from "../host/types";

const keptMs = 60 * 60 * 1000;
/** From here on samples are thinned: a point per ten seconds is enough for an hour. */
const fineMs = 15 * 60 * 1000;
const coarseMs = 10 * 1000;

export class UsageHistory {
  samples = $state.raw<UsageSample[]>([]);
  /** Whether the history is still being fetched. */
  loading = $state(false);

  readonly latest: UsageSample | null = $derived(this.samples.at(-1) ?? null);

  add(sample: UsageSample): void {
    const last = this.samples.at(-1);
    if (last !== undefined && sample.at <= last.at) return;
    this.samples = thin([...this.samples, sample], sample.at);
  }

  /** The history, with what came since it was asked for. */
  fill(samples: UsageSample[]): void {
    const last = samples.at(-1)?.at ?? -Infinity;
    this.samples = [...samples, ...this.samples.filter((sample) => sample.at > last)];
    this.loading = false;
  }

  clear(): void {
    this.samples = [];
    this.loading = false;
  }
}

/** Drops what is older than an hour and keeps one sample per ten seconds of what is older than 15 min. */
export function thin(samples: UsageSample[], now: number): UsageSample[] {
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
