/**
 * Every text that more than one place uses, and all that the design fixes word by word. Plain,
 * present tense; a button is a verb; "…" only if more input follows.
 */
import type { ClusterState, Health, Operation, OperationKind, ViewId } from "./host/types";
import { plural } from "./format";

type Platform = "mac" | "linux";

/** A name in a sentence. */
export const quoted = (name: string): string => `“${name}”`;

export const healthWords: Record<Health, string> = {
  healthy: "healthy",
  degraded: "degraded",
  failed: "failed",
  busy: "busy",
  stopped: "stopped",
  unknown: "unknown",
};

/** What a cluster's state is called beside its glyph. */
export function clusterWord(cluster: { health: Health; state: ClusterState }): string {
  if (cluster.health === "unknown") return "Unknown";
  if (cluster.state === "incomplete") return "Incomplete";
  const words: Record<Health, string> = {
    healthy: "Running",
    degraded: "Degraded",
    failed: "Failed",
    busy: "Busy",
    stopped: "Stopped",
    unknown: "Unknown",
  };
  return words[cluster.health];
}

export const operationWords: Record<OperationKind, { now: string; noun: string }> = {
  create: { now: "Creating", noun: "creation" },
  start: { now: "Starting", noun: "start" },
  stop: { now: "Stopping", noun: "stop" },
  restart: { now: "Restarting", noun: "restart" },
  delete: { now: "Deleting", noun: "deletion" },
  change: { now: "Changing", noun: "change" },
  load: { now: "Loading", noun: "load" },
  apply: { now: "Applying", noun: "apply" },
  exportLogs: { now: "Exporting logs", noun: "export" },
  buildImage: { now: "Building the node image", noun: "build" },
  fix: { now: "Fixing", noun: "fix" },
};

/** "Creating dev", "Loading shop:2.1 into dev". */
export function operationTitle(operation: Operation): string {
  const { now } = operationWords[operation.kind];
  if (operation.elsewhere) return `Another program works on ${operation.cluster ?? "the runtime"}`;
  if (operation.kind === "load" || operation.kind === "apply")
    return [now, operation.subject, operation.cluster && `into ${operation.cluster}`].filter(Boolean).join(" ");
  if (operation.kind === "exportLogs") return `${now} of ${operation.cluster ?? "a cluster"}`;
  return [now, operation.cluster].filter(Boolean).join(" ");
}

export const viewWords: Record<ViewId, string> = {
  overview: "Overview",
  workloads: "Workloads",
  services: "Services",
  images: "Images",
  volumes: "Volumes",
  events: "Events",
  logs: "Logs",
  configuration: "Configuration",
  diagnostics: "Diagnostics",
};

export const thisComputer = (platform: Platform): string => (platform === "mac" ? "This Mac" : "This computer");

/** The keys of a shortcut as the platform writes them: `⌘N`, `Ctrl+N`. */
export function keys(platform: Platform, key: string): string {
  return platform === "mac" ? `⌘${key}` : `Ctrl+${key}`;
}

/** "a PDF", "an image archive", "text": what already has an article or is many stays. */
export function article(what: string): string {
  if (what === "") return "no file that can be used";
  if (/^(an?|the|no) /i.test(what) || /^(text|data)\b/.test(what)) return what;
  return `${/^[aeio]/i.test(what) ? "an" : "a"} ${what}`;
}

/** Texts that the design fixes, by their number there. */
export const t = {
  noCluster: "No cluster yet",
  runtimeDown: "container is not running",
  startACluster: "Start a cluster",
  allWell: (nodes: number, pods: number) =>
    nodes === 1 ? `The node is ready, ${plural(pods, "pod")} running.` : `All ${nodes} nodes ready, ${plural(pods, "pod")} running.`,
  nothingDeployed: "Nothing is deployed yet. Drop a manifest here or use kubectl apply.",
  noServices: "No services besides Kubernetes' own.",
  noVolumes: "No volumes. A pod that claims storage gets one from the class “standard”.",
  noEvents: "No events in the last hour.",
  stale: (cluster: string, time: string) => `No answer from ${quoted(cluster)} since ${time}. Trying again.`,
  ready: (platform: Platform) => `${thisComputer(platform)} is ready.`,
  containerMissing:
    "Apple's container was not found. It runs each node as a small virtual machine. Install it, or choose where it is.",
  serviceStopped: "The container service is not running. Clusters can't start without it; nothing is lost.",
  cancelled: (cluster: string) => `Cancelled. Everything made for ${quoted(cluster)} was removed.`,
  quitWhileBusy: (cluster: string) =>
    `${quoted(cluster)} is still starting. If you quit now, Start finishes it later.`,
  quitWhileCreating: (cluster: string) =>
    `${quoted(cluster)} is still being created. If you quit now, what was made of it is removed.`,
  switchedElsewhere: (context: string, time: string) =>
    `kubectl now uses ${quoted(context)}. Another program changed it at ${time}.`,
  firstCreate: (cluster: string, current: string) => `Let kubectl use ${quoted(cluster)}? It uses ${quoted(current)} now.`,
  noOutput: "No output yet.",
  wrongFile: (name: string, what: string) =>
    `${name} is ${article(what)}. Drop an image archive (tar, gzip, zstd) or a YAML file.`,
  nothingArrived: (platform: Platform) =>
    `Nothing arrived. Save the file first, then drop it from ${platform === "mac" ? "Finder" : "the file manager"}.`,
  startFirst: (cluster: string) => `Start ${quoted(cluster)} first.`,
  loaded: (image: string, on: number, of: number, took: string, already: number) =>
    `${image} is on ${on} of ${of} nodes${took === "" ? "" : `, ${took}`}.${already === 0 ? "" : ` ${already === 1 ? "One" : String(already)} had it already.`}`,
} as const;
