/** What happens with files that were dropped on the window or chosen in a dialog. */
import { imagesOf, sortFiles, type Target } from "$lib/drops";
import type { Dropped } from "$lib/host/types";
import type { App } from "$lib/state/app.svelte";
import { plural } from "$lib/format";
import { quoted } from "$lib/words";
import DropReviewSheet from "../sheets/DropReviewSheet.svelte";
import ManifestSheet from "../sheets/ManifestSheet.svelte";
import NothingArrivedSheet from "../sheets/NothingArrivedSheet.svelte";
import StartFirstSheet from "../sheets/StartFirstSheet.svelte";

/** Lets files that were chosen in a dialog take the same way as dropped ones. */
export function installDrops(app: App): void {
  app.sheets.dropped = (drop, cluster) => void takeFiles(app, drop, { cluster, node: null });
}

/** Takes files: good ones go on at once, the others are told with their reasons. */
export async function takeFiles(app: App, drop: Dropped, target: Target): Promise<void> {
  if (drop.files.length === 0) {
    app.sheets.show(NothingArrivedSheet, {});
    return;
  }
  const sorted = sortFiles(drop.files);
  const needsCluster = sorted.images.length > 0 || sorted.manifests.length > 0;
  if (needsCluster && target.cluster === null) {
    for (const file of [...sorted.images, ...sorted.manifests]) {
      sorted.refused.push({ name: file.name, why: "There is no cluster to take it. Create one first." });
    }
  } else if (target.cluster !== null) {
    const row = app.snapshot?.clusters.find((each) => each.name === target.cluster);
    if (needsCluster && row?.state === "stopped") {
      const what: "load" | "preview" = sorted.images.length > 0 ? "load" : "preview";
      app.sheets.show(StartFirstSheet, { cluster: target.cluster, what, go: () => void use(app, drop, target) });
    } else await use(app, drop, target);
  }
  if (sorted.cluster !== null) await openConfig(app, drop.token, sorted.cluster.images[0] ?? null);
  if (sorted.refused.length > 0) {
    const used = drop.files.length - sorted.refused.length;
    app.sheets.show(DropReviewSheet, { refused: sorted.refused, used });
  }
}

/** Loads once more what did not get into some nodes; nodes that have it take no copy. */
export async function loadAgain(app: App, cluster: string, operation: number, nodes: string[]): Promise<void> {
  const token = app.loads[operation];
  if (token === undefined) return;
  const ids = await app.run("image_load", { cluster, token, nodes });
  if (ids === undefined) return;
  for (const id of ids) app.loads[id] = token;
  await app.run("operation_dismiss", { id: operation });
}

/** Loads images and previews manifests. */
async function use(app: App, drop: Dropped, target: Target): Promise<void> {
  const { images, manifests } = sortFiles(drop.files);
  const { cluster, node } = target;
  if (cluster === null) return;
  if (images.length > 0) {
    const nodes = node === null ? null : [node];
    const ids = await app.run("image_load", { cluster, token: drop.token, nodes });
    if (ids !== undefined) {
      for (const id of ids) app.loads[id] = drop.token;
      const names = imagesOf(images);
      app.say(`Loading ${names.length === 1 ? names[0] : plural(names.length, "image")} into ${node ?? quoted(cluster)}`);
      // How far it is, and how it ended, is told there alone.
      app.show("images", cluster);
    }
  }
  if (manifests.length > 0) app.sheets.show(ManifestSheet, { cluster, token: drop.token });
}

/** A Cluster YAML opens in the configurator: as a change of its cluster, or as a new one. */
async function openConfig(app: App, token: string, name: string | null): Promise<void> {
  const opened = await app.run("config_open", { token });
  if (opened === undefined) return;
  app.openedConfig = opened;
  const known = app.snapshot?.clusters.some((row) => row.name === name) ?? false;
  app.show("configuration", known ? name : null);
}
