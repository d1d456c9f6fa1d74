/** What is said of work that ended, outside the views that show it in place. */
import type { Operation, OperationKind, ViewId } from "../host/types";
import { quoted } from "../words";

const past: Record<Exclude<OperationKind, "fix" | "buildImage">, string> = {
  create: "created",
  start: "started",
  stop: "stopped",
  restart: "restarted",
  delete: "deleted",
  change: "changed",
  load: "loaded",
  apply: "applied",
};

/** One sentence about how work ended. */
export function outcome(operation: Operation): string {
  if (operation.outcome !== null) return operation.outcome;
  const what = operation.kind === "load" || operation.kind === "apply" ? (operation.subject ?? "It") : operation.cluster === null ? (operation.subject ?? "It") : quoted(operation.cluster);
  // These are called by what they do: "Starting the container service".
  if (operation.kind === "fix" || operation.kind === "buildImage") {
    if (operation.state === "failed") return operation.failure?.message ?? `${what} failed.`;
    return operation.state === "cancelled" ? `Cancelled: ${what}.` : `${what}: done.`;
  }
  if (operation.state === "failed") return operation.failure?.message ?? `${what} was not ${past[operation.kind]}.`;
  if (operation.state === "cancelled") return `Cancelled. ${what} was not ${past[operation.kind]}.`;
  return operation.kind === "start" || operation.kind === "stop" ? `${what} ${past[operation.kind]}.` : `${what} was ${past[operation.kind]}.`;
}

/**
 * Ended work that the window still has to tell of: creations, loads and checks have views that do.
 * What went well is told only when it leaves no other trace.
 */
export function untold(operations: Operation[], cluster: string | null, view: ViewId): Operation[] {
  return operations.filter((operation) => {
    if (operation.ended === null || operation.elsewhere || operation.kind === "create" || operation.kind === "load") return false;
    if (operation.cluster === null ? view === "diagnostics" : operation.cluster !== cluster && operation.kind !== "delete") return false;
    if (operation.state === "failed") return view !== "overview" || operation.cluster !== cluster;
    if (operation.state === "cancelled") return true;
    return operation.outcome !== null && (operation.kind === "apply" || operation.kind === "change");
  });
}
