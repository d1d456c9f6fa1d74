/** What Kubernetes says of a node, in the few words that a row has room for. */
import type { NodeRow } from "$lib/host/types";

/** `DiskPressure` as it is said: "disk pressure". */
export function conditionWord(kind: string): string {
  if (kind === "PIDPressure") return "process pressure";
  return kind.replaceAll(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase();
}

/**
 * The state of a node with its conditions, what is wrong first: "Ready", "Disk pressure, ready",
 * "Not ready, disk pressure". What is not known is said once, not for each condition.
 */
export function stateWords(node: NodeRow): string {
  const words = node.conditions
    .filter((condition) => condition.kind !== "Ready" && condition.status === "True" && !condition.good)
    .map((condition) => conditionWord(condition.kind));
  const state = node.state.toLowerCase();
  if (node.state === "Ready") words.push(state);
  else words.unshift(state);
  // Its kubelet is silent: all that is known of its conditions is old.
  if (node.state === "Not ready" && node.conditions.some((condition) => condition.kind === "Ready" && condition.status === "Unknown")) words.push("not heard from");
  if (node.taints.some((taint) => taint.startsWith("node.kubernetes.io/unschedulable"))) words.push("cordoned");
  const text = words.join(", ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
