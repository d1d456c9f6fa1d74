/** What charts and rows show of measured usage. */
import type { Series } from "$lib/chart/series";
import { shortNode } from "$lib/format";
import type { NodeRow, NodeUsage } from "$lib/host/types";
import { byText } from "$lib/table/rows";
import type { Sample } from "$lib/state/usage.svelte";

/** Older than this, what was measured last says nothing about now. */
export const freshMs = 15_000;

/** One line for each node that was measured. */
export function seriesOf(samples: Sample[], cluster: string, value: (usage: NodeUsage) => number | null, nodes: NodeRow[] = []): Series[] {
  const started = new Map(nodes.map((node) => [node.name, node.started]));
  const lines = new Map<string, Series>();
  for (const sample of samples)
    for (const usage of sample.nodes) {
      const measured = value(usage);
      if (measured === null) continue;
      let line = lines.get(usage.node);
      if (line === undefined) lines.set(usage.node, (line = { name: shortNode(usage.node, cluster), points: [], restarted: started.get(usage.node) ?? null }));
      line.points.push({ at: sample.at, value: measured });
    }
  // The same line for the same node, whatever the order of the samples.
  return [...lines.values()].toSorted((a, b) => byText(a.name, b.name));
}

/** What each node uses now, by its name. */
export function usageNow(latest: Sample | null, now: number): Map<string, NodeUsage> {
  if (latest === null || now - latest.at > freshMs) return new Map();
  return new Map(latest.nodes.map((usage) => [usage.node, usage]));
}

export interface Total {
  used: number | null;
  limit: number;
}

/** The sum over all nodes, none when no node could be measured. */
export function total(nodes: NodeRow[], usage: Map<string, NodeUsage>, used: (usage: NodeUsage) => number | null, limit: (node: NodeRow) => number): Total {
  let sum: number | null = null;
  for (const measured of usage.values()) {
    const value = used(measured);
    if (value !== null) sum = (sum ?? 0) + value;
  }
  return { used: sum, limit: nodes.reduce((whole, node) => whole + limit(node), 0) };
}

/** "47 ready, 2 not ready, 1 joining" */
export function nodeSummary(nodes: NodeRow[]): string {
  const counts = new Map<string, number>();
  for (const node of nodes) counts.set(node.state, (counts.get(node.state) ?? 0) + 1);
  return [...counts]
    .toSorted(([a], [b]) => Number(b === "Ready") - Number(a === "Ready"))
    .map(([state, count]) => `${count} ${state.toLowerCase()}`)
    .join(", ");
}
