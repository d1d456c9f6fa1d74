/** Files that were dropped or chosen: what becomes of each. */
import type { DroppedFile } from "./host/types";
import { plural } from "./format";
import { quoted, t } from "./words";

/** A file that is not used, with the reason and what would do. */
export interface Refused {
  name: string;
  why: string;
}

export interface Sorted {
  images: DroppedFile[];
  /** The Cluster YAML that opens. */
  cluster: DroppedFile | null;
  manifests: DroppedFile[];
  refused: Refused[];
}

/** Where files were let go. */
export interface Target {
  cluster: string | null;
  /** One node; null for all of them. */
  node: string | null;
}

/** Good files go on, each of the others says why it does not. */
export function sortFiles(files: readonly DroppedFile[]): Sorted {
  const sorted: Sorted = { images: [], cluster: null, manifests: [], refused: [] };
  for (const file of files) {
    if (file.problem !== null) {
      const hint = file.problem.hint === null ? "" : ` ${sentence(file.problem.hint)}`;
      sorted.refused.push({ name: file.name, why: sentence(file.problem.message) + hint });
    } else if (file.kind === "imageArchive") sorted.images.push(file);
    else if (file.kind === "manifests") sorted.manifests.push(file);
    else if (file.kind === "cluster") {
      if (sorted.cluster === null) sorted.cluster = file;
      else sorted.refused.push({ name: file.name, why: `Not opened: ${quoted(sorted.cluster.name)} is, and one at a time can be.` });
    } else sorted.refused.push({ name: file.name, why: t.wrongFile(file.name, file.what) });
  }
  return sorted;
}

/** Words that are written small even where a sentence begins. */
const small = new Set(["container", "containerd", "kubectl", "kubelet", "etcd", "flannel"]);

/** A text as a sentence: a capital first, unless a name stands there, and a full stop last. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const word = /^[a-z]+(?=[\s,.…]|$)/.exec(trimmed)?.[0];
  const first = word !== undefined && !small.has(word) ? trimmed.slice(0, 1).toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** Names of the images in files; the file's name when an archive says none. */
export function imagesOf(files: readonly DroppedFile[]): string[] {
  return files.flatMap((file) => (file.images.length > 0 ? file.images : [file.name]));
}

/** What a drop here will do, in one line. */
export function verdict(files: readonly DroppedFile[], target: Target, looking: boolean): string {
  if (looking) return `Looking at ${plural(files.length, "file")}…`;
  const { images, cluster, manifests, refused } = sortFiles(files);
  const into =
    target.node !== null ? ` into ${target.node} only` : target.cluster !== null ? ` into ${quoted(target.cluster)}` : "";
  const does: string[] = [];
  if (images.length > 0) {
    const names = imagesOf(images);
    if (target.cluster === null) does.push("Create a cluster first, then load images");
    else does.push(`Load ${names.length === 1 ? names[0] : plural(names.length, "image")}${into}`);
  }
  if (cluster !== null) does.push(`Open ${cluster.name} in the configurator`);
  if (manifests.length > 0) {
    const what = manifests.length === 1 ? (manifests[0]?.name ?? "") : plural(manifests.length, "manifest");
    does.push(target.cluster === null ? "Create a cluster first, then apply manifests" : `Preview ${what} for ${quoted(target.cluster)}`);
  }
  if (refused.length > 0) does.push(does.length === 0 && refused.length === 1 ? (refused[0]?.why ?? "") : `${plural(refused.length, "file")} can't be used`);
  return does.join("; ");
}

/** The target under a point: a node's row or box, a cluster in the sidebar, else all nodes of the shown one. */
export function targetAt(element: Element | null, shown: string | null): { target: Target; element: HTMLElement | null } {
  const node = element?.closest<HTMLElement>("[data-node]") ?? null;
  if (node?.dataset["node"] && shown !== null) return { target: { cluster: shown, node: node.dataset["node"] }, element: node };
  const cluster = element?.closest<HTMLElement>("[data-cluster]") ?? null;
  if (cluster?.dataset["cluster"]) return { target: { cluster: cluster.dataset["cluster"], node: null }, element: cluster };
  return { target: { cluster: shown, node: null }, element: null };
}
