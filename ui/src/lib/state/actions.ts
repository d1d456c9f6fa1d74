/** What can be done with a cluster, in one place for toolbar, sidebar, views and keys. */
import type { Cluster, LogSource, Operation } from "../host/types";
import type { App } from "./app.svelte";
import { remember } from "./remembered";
import { quoted } from "../words";

export interface Action {
  label: string;
  kind: "plain" | "primary";
  act: () => void;
  off: string | null;
}

/** The one thing that the toolbar offers first: it follows from the cluster's state. */
export function mainAction(app: App, cluster: Cluster, work: Operation | null): Action {
  const { name } = cluster;
  const runtime = app.snapshot?.runtime.state;
  const off = runtime === "ready" || runtime === "checking" ? null : "container is not running";
  if (work !== null) {
    if (work.state === "cancelling") return { label: "Cancelling", kind: "plain", act: () => undefined, off: "Cleaning up" };
    if (work.cancellable)
      return { label: "Cancel", kind: "primary", act: () => void app.run("operation_cancel", { id: work.id }), off: null };
    const off = work.elsewhere ? "Another program works on it" : `${work.stageName}: can't be cancelled now`;
    return { label: work.kind === "stop" ? "Stop" : "Cancel", kind: "plain", act: () => undefined, off };
  }
  if (cluster.state === "incomplete")
    return { label: "Delete remains…", kind: "plain", act: () => app.sheets.ask("delete", name), off };
  if (cluster.state === "stopped") return { label: "Start", kind: "primary", act: () => void app.run("cluster_start", { name }), off };
  if (cluster.state === "partial") return { label: "Repair", kind: "primary", act: () => void app.run("cluster_start", { name }), off };
  if (cluster.health === "failed") return { label: "Repair", kind: "primary", act: () => void app.run("cluster_restart", { name }), off };
  return { label: "Stop", kind: "plain", act: () => void app.run("cluster_stop", { name }), off };
}

/** Asks for image archives and hands them to the images view. */
export async function loadImage(app: App, cluster: string): Promise<void> {
  const drop = await app.run("drop_choose", { purpose: "image" });
  if (drop) app.sheets.dropped(drop, cluster);
}

/** Shows the check list, from the settings in the main window. */
export function showDiagnostics(app: App): void {
  if (app.watches) {
    app.show("diagnostics");
    return;
  }
  remember("view", "diagnostics");
  void app.run("window_open", { window: "main" });
}

/** Shows the logs of something. */
export function showLogs(app: App, source: LogSource): void {
  app.logSource = source;
  app.show("logs");
}

/** Opens a terminal with a shell in the cluster's context. */
export function openShell(app: App, cluster: string): void {
  void app.run("terminal_open", { target: { kind: "cluster", cluster } });
}

/** Opens a terminal in a node. */
export function openNodeShell(app: App, cluster: string, node: string): void {
  void app.run("terminal_open", { target: { kind: "node", cluster, node } });
}

/** Opens a terminal in a container of a pod; the first when none is named. */
export function openPodShell(app: App, cluster: string, namespace: string, pod: string, container: string | null = null): void {
  void app.run("terminal_open", { target: { kind: "pod", cluster, namespace, pod, container } });
}

/** Hands over what the shown view shall select, once: whoever sent the person here named it. */
export function takeFocus(app: App, select: (key: string) => void): void {
  const key = app.focusOn;
  if (key === null) return;
  app.focusOn = null;
  app.inspectorOpen = true;
  select(key);
}

/** Copies and says so. */
export async function copy(app: App, text: string, what = quoted(text)): Promise<void> {
  await app.host.copy(text);
  app.say(`Copied ${what}`);
}
