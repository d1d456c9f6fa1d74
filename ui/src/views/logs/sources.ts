/** What logs there are to see. */
import type { Choice } from "$lib/components/Picker.svelte";
import { shortNode } from "$lib/format";
import type { ClusterView, LogSource, Operation } from "$lib/host/types";
import { operationWords } from "$lib/words";

/** A source as a word that can be compared and chosen from a list; the container is chosen apart. */
export function keyOf(source: LogSource | null): string | null {
  if (source === null) return null;
  if (source.kind === "node") return `node:${source.node}`;
  if (source.kind === "pod") return `pod:${source.namespace}/${source.pod}`;
  return `operation:${source.id}`;
}

/** The source that a word stands for. */
export function sourceOf(key: string, cluster: string): LogSource {
  const at = key.indexOf(":");
  const kind = key.slice(0, at);
  const rest = key.slice(at + 1);
  if (kind === "node") return { kind: "node", cluster, node: rest };
  if (kind === "operation") return { kind: "operation", id: Number(rest) };
  const [namespace = "", pod = ""] = rest.split("/", 2);
  return { kind: "pod", cluster, namespace, pod, container: null, previous: false };
}

/** All sources of a cluster: pods that are unwell first, nodes, operations. */
export function choices(view: ClusterView | null, operations: Operation[], cluster: string): Choice[] {
  const pods = (view?.pods ?? []).map((pod) => ({ value: `pod:${pod.namespace}/${pod.name}`, label: `${pod.namespace}/${pod.name}`, note: pod.state, group: "Pods" }));
  const nodes = (view?.nodes ?? []).map((node) => ({ value: `node:${node.name}`, label: shortNode(node.name, cluster), note: node.state, group: "Nodes" }));
  const work = operations
    .filter((operation) => operation.cluster === cluster)
    .map((operation) => ({ value: `operation:${operation.id}`, label: operationName(operation), note: operation.state, group: "Operations" }))
    .toReversed();
  return [...work, ...nodes, ...pods];
}

function operationName(operation: Operation): string {
  const word = operationWords[operation.kind].noun;
  return operation.subject === null ? word : `${word} of ${operation.subject}`;
}

/** What a source is called. */
export function titleOf(source: LogSource | null, operations: Operation[], cluster: string): string {
  if (source === null) return "Choose a log";
  if (source.kind === "node") return `Node ${shortNode(source.node, cluster)}`;
  if (source.kind === "pod") return `Pod ${source.namespace}/${source.pod}`;
  const operation = operations.find((row) => row.id === source.id);
  return operation === undefined ? "Operation" : `Operation: ${operationName(operation)}`;
}

/** The log that is most worth seeing when nobody chose one. */
export function firstSource(view: ClusterView | null, operations: Operation[], cluster: string): LogSource | null {
  const work = operations.findLast((operation) => operation.cluster === cluster && (operation.ended === null || operation.state === "failed"));
  if (work !== undefined) return { kind: "operation", id: work.id };
  const pod = view?.pods.find((row) => row.health === "failed" || row.health === "degraded") ?? view?.pods.find((row) => !row.system);
  if (pod !== undefined) return { kind: "pod", cluster, namespace: pod.namespace, pod: pod.name, container: null, previous: false };
  const node = view?.nodes[0];
  return node === undefined ? null : { kind: "node", cluster, node: node.name };
}
