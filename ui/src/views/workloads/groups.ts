/** How workloads and pods are laid out: what is unwell first, then by namespace, Kubernetes' own folded. */
import { plural } from "$lib/format";
import type { Health, PodRow, PodUsage, UsageSample, WorkloadRow } from "$lib/host/types";
import { byText, matches, type Group } from "$lib/table/rows";

interface Row {
  namespace: string;
  name: string;
  health: Health;
  system: boolean;
}

export const unwell = (row: { health: Health }): boolean => row.health === "failed" || row.health === "degraded";

/** Groups of rows; `folded` says which were folded or unfolded by hand. */
export function grouped<T extends Row>(rows: T[], folded: Record<string, boolean>): Group<T>[] {
  const floating = rows.filter(unwell);
  const rest = rows.filter((row) => !unwell(row));
  const namespaces = [...new Set(rest.filter((row) => !row.system).map((row) => row.namespace))].toSorted(byText);
  const groups: Group<T>[] = [{ id: "unwell", title: null, rows: floating }];
  for (const namespace of namespaces) {
    const inside = rest.filter((row) => !row.system && row.namespace === namespace);
    groups.push({ id: namespace, title: namespace, rows: inside, note: String(inside.length), folded: folded[namespace] ?? false });
  }
  const system = rest.filter((row) => row.system);
  const sick = floating.filter((row) => row.system).length;
  groups.push({
    id: "system",
    title: "System",
    rows: system,
    note: `${system.length}, ${sick === 0 ? "all well" : "the rest above"}`,
    folded: folded["system"] ?? true,
  });
  return groups;
}

export function matchesWorkload(row: WorkloadRow, filter: string): boolean {
  return matches(filter, row.namespace, row.name, row.kind, row.why, ...row.images, ...labels(row.labels));
}

export function matchesPod(row: PodRow, filter: string): boolean {
  return matches(filter, row.namespace, row.name, row.state, row.node, row.why, ...row.containers.map((container) => container.image));
}

const labels = (all: Record<string, string | undefined>) => Object.entries(all).map(([name, value]) => `${name}=${value ?? ""}`);

/** "34 pods, 2 failing" */
export function summary(pods: PodRow[]): string {
  const failing = pods.filter(unwell).length;
  const waiting = pods.filter((pod) => pod.health === "busy").length;
  return [plural(pods.length, "pod"), failing > 0 ? `${failing} failing` : null, waiting > 0 ? `${waiting} starting` : null].filter(Boolean).join(", ");
}

/** Kubelets measure pods every ten to twenty seconds; older than this says nothing about now. */
const freshMs = 45_000;

/** What pods use now, by namespace and name. */
export function podUsage(latest: UsageSample | null, now: number): Map<string, PodUsage> {
  if (latest === null || now - latest.at > freshMs) return new Map();
  return new Map(latest.pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
}
