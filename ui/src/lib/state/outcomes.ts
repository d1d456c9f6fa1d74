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
  exportLogs: "exported",
};

/** What work was about, as the beginning of a sentence. */
function subject({ kind, cluster, subject }: Operation): string {
  if (kind === "exportLogs" && cluster !== null) return `The logs of ${quoted(cluster)}`;
  if (kind === "load" || kind === "apply" || cluster === null) return subject ?? "It";
  return quoted(cluster);
}

/** One sentence about how work ended. */
export function outcome(operation: Operation): string {
  if (operation.outcome !== null) return operation.outcome;
  const what = subject(operation);
  // These are called by what they do: "Starting the container service".
  if (operation.kind === "fix" || operation.kind === "buildImage") {
    if (operation.state === "failed") return operation.failure?.message ?? `${what} failed.`;
    return operation.state === "cancelled" ? `Cancelled: ${what}.` : `${what}: done.`;
  }
  const were = operation.kind === "exportLogs" ? "were" : "was";
  if (operation.state === "failed") return operation.failure?.message ?? `${what} ${were} not ${past[operation.kind]}.`;
  if (operation.state === "cancelled") return `Cancelled. ${what} ${were} not ${past[operation.kind]}.`;
  if (operation.kind === "start" || operation.kind === "stop") return `${what} ${past[operation.kind]}.`;
  return `${what} ${were} ${past[operation.kind]}.`;
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
    return operation.outcome !== null && ["apply", "change", "exportLogs"].includes(operation.kind);
  });
}
