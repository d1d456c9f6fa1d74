/** Images on the nodes of a cluster, and archives on their way there. */
import type { Failure, Health, NodeImages, Operation, PodRow } from "./host/types";

/** An image by one of its names, over all nodes. */
export interface ImageRow {
  key: string;
  /** Its name without registry and library where those go without saying. */
  name: string;
  tag: string;
  bytes: number;
  /** Nodes that have it. */
  on: string[];
  /** Nodes that lack it. */
  missing: string[];
  /** Its full name, for commands. */
  reference: string;
  /** Pods that use it. */
  pods: number;
  /** Whether it came with the node image. */
  own: boolean;
  /** What it runs on, where nodes say so. */
  platforms: string[];
  health: Health;
}

/** `docker.io/library/shop:2.1` as people write it: `shop` and `2.1`. */
export function splitReference(reference: string): { name: string; tag: string } {
  const digest = reference.indexOf("@");
  const bare = digest >= 0 ? reference.slice(0, digest) : reference;
  const colon = bare.lastIndexOf(":");
  const hasTag = colon > bare.lastIndexOf("/");
  const full = hasTag ? bare.slice(0, colon) : bare;
  const tag = hasTag ? bare.slice(colon + 1) : digest >= 0 ? reference.slice(digest + 1, digest + 20) : "latest";
  return { name: full.replace(/^docker\.io\/(library\/)?/, ""), tag };
}

/** The full form of a name as a pod spec writes it. */
export function fullReference(name: string): string {
  const first = name.split("/")[0] ?? "";
  const registry = name.includes("/") && (/[.:]/.test(first) || first === "localhost");
  const full = registry ? name : name.includes("/") ? `docker.io/${name}` : `docker.io/library/${name}`;
  return full.includes("@") || full.lastIndexOf(":") > full.lastIndexOf("/") ? full : `${full}:latest`;
}

/** Rows of images, by name; those that a node lacks first among their own. */
export function imageRows(nodes: readonly NodeImages[], pods: readonly PodRow[]): ImageRow[] {
  const all = nodes.map((each) => each.node);
  const rows = new Map<string, ImageRow>();
  for (const { node, images } of nodes) {
    for (const image of images) {
      for (const reference of image.repoTags.length > 0 ? image.repoTags : [image.id]) {
        const known = rows.get(reference);
        if (known) {
          known.on.push(node);
          known.bytes = Math.max(known.bytes, image.size);
          if (image.platform !== null && !known.platforms.includes(image.platform)) known.platforms.push(image.platform);
          continue;
        }
        const { name, tag } = splitReference(reference);
        rows.set(reference, {
          key: reference,
          name,
          tag,
          bytes: image.size,
          on: [node],
          missing: [],
          reference,
          pods: 0,
          own: image.pinned,
          platforms: image.platform === null ? [] : [image.platform],
          health: "healthy",
        });
      }
    }
  }
  for (const pod of pods) {
    const used = new Set(pod.containers.map((container) => fullReference(container.image)));
    for (const reference of used) {
      const row = rows.get(reference);
      if (row) row.pods++;
    }
  }
  return [...rows.values()]
    .map((row) => {
      const missing = all.filter((node) => !row.on.includes(node));
      const health: Health = missing.length > 0 && !row.own ? "degraded" : "healthy";
      return { ...row, missing, health };
    })
    .toSorted((a, b) => a.name.localeCompare(b.name) || a.tag.localeCompare(b.tag, undefined, { numeric: true }));
}

/** How far one node is with an archive. */
export interface JobCell {
  node: string;
  title: string;
  state: "waits" | "busy" | "done" | "there" | "failed" | "cancelled";
  percent: number | null;
  detail: string | null;
  tookMs: number | null;
}

export interface Job {
  id: number;
  subject: string;
  operation: Operation;
  cells: JobCell[];
  done: number;
  failed: JobCell[];
  /** Whole percent over all nodes. */
  percent: number;
  failure: Failure | null;
}

/** Archives on their way into a cluster, those that go on first. */
export function jobsOf(operations: readonly Operation[], cluster: string, nodes: readonly string[]): Job[] {
  return operations
    .filter((row) => row.kind === "load" && row.cluster === cluster)
    .map((operation) => jobOf(operation, cluster, nodes));
}

function jobOf(operation: Operation, cluster: string, nodes: readonly string[]): Job {
  const steps = operation.steps.filter((step) => step.phase === "load" && step.node !== undefined);
  const named = new Set(steps.flatMap((step) => (step.node ? [step.node] : [])));
  // Until the first step of a node nobody knows which ones were chosen.
  const chosen = named.size > 0 ? [...named] : operation.ended === null ? [...nodes] : [];
  const cells = chosen.map((node): JobCell => {
    const step = steps.findLast((each) => each.node === node);
    const title = node.startsWith(`${cluster}-`) ? node.slice(cluster.length + 1) : node;
    const cell: JobCell = { node, title, state: "waits", percent: null, detail: step?.detail ?? null, tookMs: step?.tookMs ?? null };
    if (step === undefined) return operation.state === "cancelled" ? { ...cell, state: "cancelled" } : cell;
    if (step.state === "done") return { ...cell, state: step.detail === "already there" ? "there" : "done", percent: 100 };
    if (step.state === "failed") {
      const cancelled = operation.state === "cancelled" || operation.failure?.code === "Cancelled";
      return { ...cell, state: cancelled ? "cancelled" : "failed" };
    }
    return { ...cell, state: "busy", percent: step.percent ?? null };
  });
  const done = cells.filter((cell) => cell.state === "done" || cell.state === "there").length;
  const known = cells.every((cell) => cell.state !== "busy" || cell.percent !== null);
  const share = cells.reduce((sum, cell) => sum + (cell.percent ?? 0), 0) / Math.max(1, cells.length);
  return {
    id: operation.id,
    subject: operation.subject ?? "image",
    operation,
    cells,
    done,
    failed: cells.filter((cell) => cell.state === "failed"),
    percent: operation.ended === null && !known ? operation.percent : Math.round(share),
    failure: operation.failure,
  };
}
