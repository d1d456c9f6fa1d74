/** Numbers, sizes, ages and times as the whole UI writes them. Unknown is "–", never 0. */

export const unknown = "–";

const Mi = 1024 * 1024;
const Gi = 1024 * Mi;
const Ti = 1024 * Gi;

/** One decimal below ten, none from there on. */
function short(value: number): string {
  const tenth = Math.round(value * 10) / 10;
  return tenth < 10 ? tenth.toFixed(1) : grouped(Math.round(value));
}

/** `2,000` */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `828 Mi`, `2.1 Gi`, `12 Gi` */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return unknown;
  if (value < Mi) return value === 0 ? "0 Mi" : "<1 Mi";
  if (Math.round(value / Mi) < 1024) return `${Math.round(value / Mi)} Mi`;
  if (value / Gi < 1023.5) return `${short(value / Gi)} Gi`;
  return `${short(value / Ti)} Ti`;
}

/** `2.1 of 6.0 Gi`: the unit of the limit, once; with its own when they differ. */
export function bytesOf(value: number | null | undefined, limit: number): string {
  const [whole, unit] = bytes(limit).split(" ");
  if (value === null || value === undefined) return `${unknown} of ${bytes(limit)}`;
  const [part, partUnit] = bytes(value).split(" ");
  return partUnit === unit ? `${part} of ${whole} ${unit}` : `${part} ${partUnit} of ${whole} ${unit}`;
}

/** `269 m` below one core, then `1.3 cores` */
export function cores(value: number | null | undefined): string {
  if (value === null || value === undefined) return unknown;
  const milli = Math.round(value * 1000);
  if (milli < 1000) return `${milli} m`;
  return `${short(value)} cores`;
}

/** `1.3 of 8 cores` */
export function coresOf(value: number | null | undefined, limit: number): string {
  const whole = `${limit} ${limit === 1 ? "core" : "cores"}`;
  if (value === null || value === undefined) return `${unknown} of ${whole}`;
  const used = cores(value).replace(" cores", "");
  return `${used} of ${whole}`;
}

/** Cores at an axis: the unit only where it is not cores. */
export const coresAxis = (value: number, top: number): string =>
  top > 1 ? String(Number(value.toFixed(value < 10 ? 1 : 0))) : `${Math.round(value * 1000)} m`;

/** Bytes at an axis: one unit for all. */
export const bytesAxis = (value: number, top: number): string =>
  top > Gi ? `${Number((value / Gi).toFixed(1))} Gi` : `${Math.round(value / Mi)} Mi`;

/** Whole percent of a limit, `<1%` for a little. */
export function percent(value: number | null | undefined, limit: number | null | undefined): string {
  if (value === null || value === undefined || !limit) return unknown;
  const share = (value / limit) * 100;
  if (share > 0 && share < 0.5) return "<1%";
  return `${Math.round(share)}%`;
}

/** An age as kubectl writes it: `42s`, `12m`, `3h5m`, `2d4h`, `400d`. */
export function age(from: number | null | undefined, now: number): string {
  if (from === null || from === undefined) return unknown;
  const seconds = Math.max(0, Math.floor((now - from) / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  return `${days}d`;
}

/** How long ago something was, in a sentence: `just now`, `12 min ago`, `2 h ago`, `3 days ago`. As the tray says it. */
export function ago(at: number, now: number): string {
  const minutes = Math.floor(Math.max(0, now - at) / 60_000);
  if (minutes === 0) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ago`;
  if (minutes < 2880) return "a day ago";
  return `${Math.floor(minutes / 1440)} days ago`;
}

/** An age in words for screen readers: `12 minutes`. */
export function spokenAge(from: number | null | undefined, now: number): string {
  if (from === null || from === undefined) return "unknown";
  const seconds = Math.max(0, Math.floor((now - from) / 1000));
  for (const [size, name] of [[86400, "day"], [3600, "hour"], [60, "minute"]] as const)
    if (seconds >= size) return plural(Math.floor(seconds / size), name);
  return plural(seconds, "second");
}

/** A duration: `4.2 s` below ten seconds, `34 s` below a minute, then `1:05`. */
export function duration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return clockOf(seconds);
}

/** A running clock: `0:21`, `12:05`, `1:00:03`. */
export function elapsed(ms: number): string {
  return clockOf(Math.max(0, Math.floor(ms / 1000)));
}

function clockOf(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** The time of day, 24 hours: `14:03:12`. */
export function clock(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** The time of day without seconds: `14:03`. */
export function clockShort(at: number): string {
  return clock(at).slice(0, 5);
}

/** The time of day with milliseconds, for logs: `14:03:12.204`. */
export function clockFine(at: number): string {
  return `${clock(at)}.${String(Math.floor(at) % 1000).padStart(3, "0")}`;
}

/** `1 node`, `3 nodes`, `2,000 pods`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** Splits a name that may be cut so that its last twelve characters stay. */
export function middle(name: string): [head: string, tail: string] {
  const letters = Array.from(name);
  if (letters.length <= 20) return [name, ""];
  return [letters.slice(0, -12).join(""), letters.slice(-12).join("")];
}

/** A node's name without its cluster's: `worker-2` of `dev-worker-2`. */
export function shortNode(node: string, cluster: string): string {
  return node.startsWith(`${cluster}-`) ? node.slice(cluster.length + 1) : node;
}
