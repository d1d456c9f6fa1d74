/** The steps of a creation as a table: what each node has come through. */
import type { Step } from "./host/types";

export type Column = "image" | "boot" | "controlPlane" | "join" | "network" | "ready";

export const columns: { id: Column; title: string }[] = [
  { id: "image", title: "Image" },
  { id: "boot", title: "Boot" },
  { id: "controlPlane", title: "Control plane" },
  { id: "join", title: "Join" },
  { id: "network", title: "Network" },
  { id: "ready", title: "Ready" },
];

export interface Cell {
  state: "none" | "waits" | "busy" | "done" | "failed";
  /** When it began, in milliseconds since the operation did. */
  beganMs: number | null;
  /** How long it took, when it ended. */
  tookMs: number | null;
  /** What the failing or running step says. */
  detail: string | null;
}

export interface NodeProgress {
  node: string;
  /** Its name without that of the cluster. */
  title: string;
  controlPlane: boolean;
  cells: Record<Column, Cell>;
}

export interface CreationTable {
  /** Columns in which something happens. */
  columns: { id: Column; title: string }[];
  /** Rows to show. */
  rows: NodeProgress[];
  /** Workers that the rows leave out, when there are many. */
  summary: { joined: number; workers: number } | null;
}

/** From so many workers on, well ones are summed up. */
const MANY = 12;

const phases: Record<string, Column> = {
  run: "boot",
  boot: "boot",
  network: "boot",
  containerd: "boot",
  certificates: "controlPlane",
  kubeconfigs: "controlPlane",
  "etcd-manifest": "controlPlane",
  "control-plane-manifests": "controlPlane",
  kubelet: "controlPlane",
  api: "controlPlane",
  "open-for-workers": "controlPlane",
  "wait-for-control-plane": "join",
  "join-preflight": "join",
  discovery: "join",
  "kubelet-credentials": "join",
  "node-registered": "join",
  join: "join",
  "add-ons": "network",
  dns: "network",
  ready: "ready",
};

/** Phases after which a column is over. */
const last = new Set(["boot", "open-for-workers", "join", "ready", "add-ons"]);

const nothing: Cell = { state: "none", beganMs: null, tookMs: null, detail: null };

/** The column of a step: the kubelet of a worker belongs to its joining. */
function columnOf(step: Step, controlPlane: boolean): Column | null {
  if (step.phase === "preflight") return null;
  if (!controlPlane && (step.phase === "kubelet-start" || step.phase === "kubelet")) return "join";
  if (controlPlane && step.phase === "kubelet-start") return "controlPlane";
  return phases[step.phase] ?? (step.node === undefined ? "image" : "boot");
}

/** What the steps of a creation come to, for a cluster of this name. */
export function creationTable(steps: readonly Step[], cluster: string): CreationTable {
  const names = [...new Set(steps.flatMap((step) => (step.node ? [step.node] : [])))];
  const plane = `${cluster}-control-plane`;
  const main = names.find((name) => name.startsWith(plane)) ?? plane;
  if (!names.includes(main)) names.unshift(main);
  const rows = names.map((node): NodeProgress => {
    const controlPlane = node.startsWith(plane);
    // What is done for the cluster as a whole stands with its first node.
    const own = steps.filter((step) => step.node === node || (step.node === undefined && node === main));
    const cells = Object.fromEntries(
      columns.map(({ id }, index) => {
        const mine = own.filter((step) => columnOf(step, controlPlane) === id);
        const later = own.some((step) => {
          const column = columnOf(step, controlPlane);
          return column !== null && columns.findIndex((each) => each.id === column) > index;
        });
        return [id, cellOf(mine, later)];
      }),
    ) as Record<Column, Cell>;
    const title = node.startsWith(`${cluster}-`) ? node.slice(cluster.length + 1) : node;
    return { node, title: title.replace(/^(control-plane|worker)(\d+)$/, "$1 $2"), controlPlane, cells };
  });
  rows.sort((a, b) => Number(b.controlPlane) - Number(a.controlPlane));
  const used = columns.filter(({ id }) => id !== "image" || rows.some((row) => row.cells.image.state !== "none"));
  const workers = rows.filter((row) => !row.controlPlane);
  if (workers.length < MANY) return { columns: used, rows, summary: null };
  const failing = (row: NodeProgress) => Object.values(row.cells).some((cell) => cell.state === "failed");
  return {
    columns: used,
    rows: rows.filter((row) => row.controlPlane || failing(row)),
    summary: { joined: workers.filter((row) => row.cells.join.state === "done").length, workers: workers.length },
  };
}

function cellOf(steps: readonly Step[], later: boolean): Cell {
  if (steps.length === 0) return nothing;
  const began = Math.min(...steps.map((step) => step.atMs - (step.tookMs ?? 0)));
  const failed = steps.find((step) => step.state === "failed");
  if (failed) {
    return { state: "failed", beganMs: began, tookMs: failed.atMs - began, detail: failed.detail ?? null };
  }
  const open = steps.filter((step) => step.state !== "done");
  if (open.length > 0) {
    const waits = open.every((step) => step.phase === "wait-for-control-plane");
    const detail = open.findLast((step) => step.detail !== undefined)?.detail ?? null;
    return { state: waits ? "waits" : "busy", beganMs: began, tookMs: null, detail };
  }
  const over = later || steps.some((step) => last.has(step.phase));
  if (!over) {
    const waited = steps.every((step) => step.phase === "wait-for-control-plane");
    return { state: waited ? "waits" : "busy", beganMs: began, tookMs: null, detail: null };
  }
  return { state: "done", beganMs: began, tookMs: Math.max(...steps.map((step) => step.atMs)) - began, detail: null };
}
