/** The drawing of a cluster to come: its machines, and what a change does to each. */
import type { ChangePlan, ClusterForm } from "$lib/bindings";

/** What becomes of a machine. */
export type Fate = "same" | "new" | "removed" | "recreated";

export interface Box {
  /** Stays the same while the drawing changes. */
  id: string;
  /** `worker 2`, or `worker × 49`. */
  title: string;
  role: string;
  /** Names of the machines that the box stands for. */
  names: string[];
  fate: Fate;
  cpus: number;
  memoryBytes: number;
  /** Ports of this machine and of the node. */
  ports: { host: number; node: number }[];
  mounts: number;
  /** Entry of `spec.nodes` it comes from; null when it is removed. */
  entry: number | null;
}

/** From this many equal machines on, one box stands for all of them. */
export const FOLDED_FROM = 12;

/** The boxes of a drawing, in the order of the machines; removed ones follow the rest of their role. */
export function drawing(
  to: ClusterForm,
  from: ClusterForm | null = null,
  plan: ChangePlan | null = null,
): Box[] {
  const before = new Set(from?.machines.map((machine) => machine.name));
  const after = new Set(to.machines.map((machine) => machine.name));
  const recreated = new Set(plan?.recreated.flatMap((item) => (item.node ? [item.node] : [])));
  const boxes = to.machines.map((machine): Box => {
    const node = to.nodes[machine.entry];
    let fate: Fate = "same";
    if (from && !before.has(machine.name)) fate = "new";
    else if (recreated.has(machine.name)) fate = "recreated";
    return {
      id: machine.name,
      title: shortName(machine.name, to.name),
      role: machine.role,
      names: [machine.name],
      fate,
      cpus: machine.cpus,
      memoryBytes: machine.memoryBytes,
      ports: (node?.extraPortMappings ?? []).map((port) => ({
        host: port.hostPort,
        node: port.containerPort,
      })),
      mounts: node?.extraMounts.length ?? 0,
      entry: machine.entry,
    };
  });
  const removed = (from?.machines ?? [])
    .filter((machine) => !after.has(machine.name))
    .map((machine): Box => ({
      id: machine.name,
      title: shortName(machine.name, from?.name ?? ""),
      role: machine.role,
      names: [machine.name],
      fate: "removed",
      cpus: machine.cpus,
      memoryBytes: machine.memoryBytes,
      ports: [],
      mounts: 0,
      entry: null,
    }));
  return folded([...boxes, ...removed]);
}

/** `dev-worker2` of the cluster `dev` is “worker 2”. */
export function shortName(name: string, cluster: string): string {
  const own = name.startsWith(`${cluster}-`) ? name.slice(cluster.length + 1) : name;
  return own.replace(/^(control-plane|worker)(\d+)$/, "$1 $2");
}

/** Puts many equal boxes into one. */
function folded(boxes: Box[]): Box[] {
  const alike = (box: Box): string =>
    JSON.stringify([
      box.role,
      box.fate,
      box.cpus,
      box.memoryBytes,
      box.ports,
      box.mounts,
      box.entry,
    ]);
  const groups = new Map<string, Box[]>();
  for (const box of boxes) {
    const group = groups.get(alike(box));
    if (group) group.push(box);
    else groups.set(alike(box), [box]);
  }
  const done = new Set<string>();
  return boxes.flatMap((box) => {
    const key = alike(box);
    const group = groups.get(key) ?? [box];
    if (group.length < FOLDED_FROM) return [box];
    if (done.has(key)) return [];
    done.add(key);
    return [
      {
        ...box,
        id: `${box.id}+`,
        title: `${box.role} × ${group.length}`,
        names: group.flatMap((each) => each.names),
      },
    ];
  });
}

/** Memory of all machines to come. */
export function memoryOf(form: ClusterForm): number {
  return form.machines.reduce((sum, machine) => sum + machine.memoryBytes, 0);
}

/** Number of changes of a plan. */
export function changesOf(plan: ChangePlan): number {
  return plan.atOnce.length + plan.recreated.length + plan.impossible.length;
}
