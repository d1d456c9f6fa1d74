/** The sheets of a window: who may ask for one gets it through here. */
import type { ConfigSession } from "$lib/config/session.svelte";
import { readDraft } from "$lib/config/draft";
import type { CreateSource, OpenedConfig, Operation } from "$lib/host/types";
import type { App } from "$lib/state/app.svelte";
import { quoted } from "$lib/words";
import { installDrops } from "$views/drop/drops.svelte";
import ApplySheet from "./ApplySheet.svelte";
import BundleSheet from "./BundleSheet.svelte";
import ChangedFileSheet from "./ChangedFileSheet.svelte";
import ConfirmSheet from "./ConfirmSheet.svelte";
import ContextsSheet from "./ContextsSheet.svelte";
import DeleteSheet from "./DeleteSheet.svelte";
import ErrorSheet from "./ErrorSheet.svelte";
import FirstCreateSheet from "./FirstCreateSheet.svelte";
import QuitSheet from "./QuitSheet.svelte";

/** Tells the window which sheets there are. */
export function installSheets(app: App): void {
  app.sheets.failure = (failure, at) => app.sheets.show(ErrorSheet, { failure, at });
  app.sheets.dialogs = {
    delete: (cluster) => {
      if (cluster !== null) askDelete(app, cluster);
    },
    quit: () => app.sheets.show(QuitSheet, {}),
    chooseImage: (cluster) => {
      if (cluster !== null) void chooseImage(app, cluster);
    },
    contexts: () => app.sheets.show(ContextsSheet, {}),
    newCluster: () => app.show("configuration", null),
  };
  installDrops(app);
}

/** Asks whether a cluster shall be deleted. */
export function askDelete(app: App, cluster: string): void {
  app.sheets.show(DeleteSheet, { cluster });
}

/** Shows what a changed configuration means for the running cluster, and applies it. */
export function askApply(app: App, session: ConfigSession, cluster: string): void {
  app.sheets.show(ApplySheet, { session, cluster });
}

/** A file is not as it was opened any more: asks what shall become of what another program wrote. */
export function askChangedFile(app: App, asked: { before: OpenedConfig; file: OpenedConfig; overwrite: () => void; reload: () => void }): void {
  app.sheets.show(ChangedFileSheet, asked);
}

/** Shows what a diagnostics bundle would hold, and saves it. */
export function askBundle(app: App): void {
  app.sheets.show(BundleSheet, {});
}

/** Stopping the service takes clusters down: it names them. */
export function askStopService(app: App, clusters: readonly string[]): void {
  const names = clusters.map(quoted);
  const last = names.at(-1) ?? "";
  const all = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${last}` : last;
  app.sheets.show(ConfirmSheet, {
    title: "Stop the container service?",
    text: `${all} ${names.length > 1 ? "go" : "goes"} down with it. Nothing is lost; Start brings ${names.length > 1 ? "them" : "it"} back.`,
    action: "Stop service",
    go: () => void app.run("runtime_stop"),
  });
}

/** Settings go back to what they were at first; clusters and kubeconfig stay. */
export function askReset(app: App): void {
  app.sheets.show(ConfirmSheet, {
    title: "Reset all settings?",
    text: "All settings go back to their defaults. Clusters, drafts and your kubeconfig stay as they are.",
    action: "Reset settings",
    destructive: true,
    go: () => void app.run("settings_reset").then((settings) => settings && (app.settings = settings)),
  });
}

async function chooseImage(app: App, cluster: string): Promise<void> {
  const drop = await app.run("drop_choose", { purpose: "image" });
  if (drop) app.sheets.dropped(drop, cluster);
}

/** Makes a cluster; the first time it is asked whether kubectl shall use it. */
export async function createCluster(app: App, source: CreateSource, name: string): Promise<void> {
  const current = app.snapshot?.contexts.current ?? null;
  // The context of an earlier cluster of this name is this one's already.
  if (app.settings?.followAsked === false && current !== null && current !== `apple-k8s-${name}`) {
    app.sheets.show(FirstCreateSheet, { cluster: name, current, source });
    return;
  }
  await beginCreation(app, source, name, "asRule");
}

/** Begins the creation and shows it. The program forgets the draft when the cluster is there. */
export async function beginCreation(
  app: App,
  source: CreateSource,
  name: string,
  setContext: "asRule" | "use" | "keep",
): Promise<void> {
  const id = await app.run("cluster_create", { source, setContext });
  if (id !== undefined) app.show("overview", name);
}

/** Tries a failed creation again, with the draft that it came from when there is one. */
export async function retryCreation(app: App, operation: Operation): Promise<void> {
  const name = operation.cluster ?? "";
  const draft = await app.host.call("draft_get", { cluster: null }).catch(() => null);
  const own = draft !== null && readDraft(draft)?.name === name;
  await app.run("operation_dismiss", { id: operation.id });
  await createCluster(app, own ? { kind: "text", text: draft } : { kind: "default" }, name);
}

/** Creates what failed with another text, which becomes the draft. */
export async function createWith(app: App, operation: Operation, text: string): Promise<void> {
  await app.run("draft_set", { cluster: null, text });
  await app.run("operation_dismiss", { id: operation.id });
  await createCluster(app, { kind: "text", text }, operation.cluster ?? "");
}

/** Waits for the end of an operation; undefined when it was forgotten before. */
export function whenEnded(app: App, id: number): Promise<Operation | undefined> {
  return new Promise((resolve) => {
    let seen = false;
    const stop = app.host.on("snapshot", (snapshot) => {
      const operation = snapshot.operations.find((row) => row.id === id);
      seen ||= operation !== undefined;
      if ((operation === undefined && seen) || (operation && operation.ended !== null)) {
        stop();
        resolve(operation);
      }
    });
  });
}
