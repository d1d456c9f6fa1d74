/** The scripted host's own reading of a Cluster YAML: enough of the engine's rules to play them. */
import { readDraft, type WrittenNode } from "$lib/config/draft";
import { LineCounter, parseDocument } from "yaml";
import type { ChangePlan, ClusterForm, ConfigCheck, ConfigProblem, NodeForm, PlanItem } from "../types";
import { Gi, Mi } from "./world";

export const presets = {
  usual: (name: string) => presets.one(name),
  one: (name: string) => head(name) + "  - role: control-plane\n",
  three: (name: string) => head(name) + "  - role: control-plane\n  - role: worker\n    replicas: 2\n",
};

function head(name: string): string {
  return `apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: ${name}\nspec:\n  nodes:\n`;
}

const units: Record<string, number> = { Mi, Gi, M: 1e6, G: 1e9, Ti: 1024 * Gi };

function memoryOf(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(Mi|Gi|Ti|M|G)$/.exec(text);
  return match ? Number(match[1]) * (units[match[2] ?? ""] ?? 1) : null;
}

function nodeForm(node: WrittenNode): NodeForm {
  const plane = node.role === "control-plane";
  const memory = node.memory || (plane ? "4Gi" : "2Gi");
  return {
    role: node.role,
    replicas: Number(node.replicas || 1),
    image: node.image || null,
    cpus: Number(node.cpus || (plane ? 4 : 2)),
    memory,
    memoryBytes: memoryOf(memory) ?? 0,
    labels: Object.fromEntries(node.labels.map((label) => [label.key, label.value])),
    taints: node.taints,
    extraMounts: node.mounts,
    extraPortMappings: node.ports.map((port) => ({
      containerPort: Number(port.containerPort),
      hostPort: Number(port.hostPort),
      listenAddress: port.listenAddress || "127.0.0.1",
      protocol: port.protocol || "TCP",
    })),
    kubeadmConfigPatches: [],
  };
}

/** Checks a text as the engine does, with its words. */
export function checkConfig(text: string): ConfigCheck {
  const counter = new LineCounter();
  const doc = parseDocument(text, { lineCounter: counter, merge: true, logLevel: "error" });
  const problems: ConfigProblem[] = [];
  const draft = readDraft(text);
  if (draft === null) {
    const error = doc.errors[0];
    const place = counter.linePos(error?.pos[0] ?? 0);
    problems.push({
      line: Math.max(1, place.line),
      column: Math.max(1, place.col),
      length: 1,
      message: error?.message.split("\n")[0]?.replace(/ at line.*$/, "") ?? "this is no mapping",
      hint: null,
      severity: "error",
      path: "",
    });
    return { problems, cluster: null };
  }
  const complain = (path: string, message: string, hint: string | null = null, severity: "error" | "warning" = "error") => {
    const keys = path.split(/[.[\]]+/).filter(Boolean).map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    const node = doc.getIn(keys, true) as { range?: [number, number, number] } | undefined;
    const [from, to] = node?.range ?? [0, 1];
    const place = counter.linePos(from);
    problems.push({ line: place.line, column: place.col, length: Math.max(1, to - from), message, hint, severity, path });
  };
  if (draft.name === "") complain("metadata.name", "the name of the cluster is empty");
  else if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(draft.name))
    complain("metadata.name", `${JSON.stringify(draft.name)} is no name for a cluster`, "lower-case letters, digits and hyphens, such as dev-cluster");
  const version = draft.kubernetesVersion;
  if (version !== "" && !/^v?1\.\d+\.\d+$/.test(version))
    complain("spec.kubernetesVersion", `${JSON.stringify(version)} is no version of Kubernetes`, "all three numbers, such as v1.37.1");
  const ports = new Set<string>();
  draft.nodes.forEach((node, index) => {
    const path = `spec.nodes[${index}]`;
    for (const key of ["replicas", "cpus"] as const)
      if (node[key] !== "" && !/^[1-9]\d*$/.test(node[key]))
        complain(`${path}.${key}`, `${key} must be a whole number, not ${JSON.stringify(node[key])}`);
    if (node.memory !== "" && memoryOf(node.memory) === null)
      complain(`${path}.memory`, `${JSON.stringify(node.memory)} is no amount of memory`, "a quantity such as 4Gi, 4096Mi or 4G");
    node.ports.forEach((port, at) => {
      for (const key of ["containerPort", "hostPort"] as const)
        if (!/^[1-9]\d*$/.test(port[key]))
          complain(`${path}.extraPortMappings[${at}].${key}`, `${port[key] || "nothing"} is out of range`, "a whole number from 1 to 65535");
      if (ports.has(port.hostPort))
        complain(`${path}.extraPortMappings[${at}].hostPort`, `TCP port ${port.hostPort} of 127.0.0.1 is taken by another mapping`, "choose another port");
      ports.add(port.hostPort);
    });
    node.mounts.forEach((mount, at) => {
      if (mount.hostPath === "") complain(`${path}.extraMounts[${at}].hostPath`, "the path is empty");
      if (!mount.containerPath.startsWith("/"))
        complain(`${path}.extraMounts[${at}].containerPath`, `${JSON.stringify(mount.containerPath)} is not absolute`, `did you mean /${mount.containerPath}?`);
    });
  });
  if (draft.nodes.filter((node) => node.role === "control-plane").length !== 1)
    complain("spec.nodes", "a cluster has exactly one control plane");
  if (problems.some((problem) => problem.severity === "error")) return { problems, cluster: null };
  return { problems, cluster: formOf(draft.name, version, draft.nodes.map(nodeForm), draft.networking) };
}

function formOf(name: string, version: string, nodes: NodeForm[], networking: Record<string, string>): ClusterForm {
  const ordered = nodes.map((node, entry) => ({ node, entry })).toSorted((a, b) => a.node.role.localeCompare(b.node.role));
  const counts = new Map<string, number>();
  return {
    name,
    kubernetesVersion: version || null,
    nodes,
    networking: {
      podSubnet: networking["podSubnet"] || "10.244.0.0/16",
      serviceSubnet: networking["serviceSubnet"] || "10.96.0.0/12",
      nodeSubnet: networking["nodeSubnet"] || "172.30.0.0/24",
      apiServerAddress: networking["apiServerAddress"] || "127.0.0.1",
      apiServerPort: networking["apiServerPort"] ? Number(networking["apiServerPort"]) : null,
      cni: networking["cni"] || "flannel",
      kubeProxyMode: networking["kubeProxyMode"] || "nftables",
    },
    kubeadmConfigPatches: [],
    containerdConfigPatches: [],
    machines: ordered.flatMap(({ node, entry }) =>
      Array.from({ length: node.replicas }, () => {
        const number = (counts.get(node.role) ?? 0) + 1;
        counts.set(node.role, number);
        return { name: `${name}-${node.role}${number > 1 ? number : ""}`, role: node.role, entry, cpus: node.cpus, memoryBytes: node.memoryBytes };
      }),
    ),
  };
}

/** What a change means, as the engine says it. */
export function planConfig(from: string, to: string): ChangePlan {
  const before = checkConfig(from).cluster;
  const after = checkConfig(to).cluster;
  const plan: ChangePlan = { atOnce: [], recreated: [], impossible: [], blocked: null };
  if (before === null || after === null) return plan;
  const item = (node: string | null, what: string, effect: string): PlanItem => ({ node, what, effect, loses: [] });
  const had = new Map(before.machines.map((machine) => [machine.name, machine]));
  for (const machine of after.machines) {
    const old = had.get(machine.name);
    had.delete(machine.name);
    if (old === undefined) plan.atOnce.push(item(machine.name, "new worker", "Joins the running cluster."));
    else if (old.memoryBytes !== machine.memoryBytes)
      plan.recreated.push(item(machine.name, `memory ${old.memoryBytes / Gi} → ${machine.memoryBytes / Gi} Gi`, "Pods move first, volumes stay. About 1 min."));
    else if (old.cpus !== machine.cpus)
      plan.recreated.push(item(machine.name, `processors ${old.cpus} → ${machine.cpus}`, "Pods move first, volumes stay. About 1 min."));
  }
  for (const name of had.keys()) plan.atOnce.push(item(name, "removed", "Its pods move to other nodes."));
  if (plan.atOnce.some((change) => change.what === "removed")) {
    plan.atOnce = plan.atOnce.map((change) => (change.what === "removed" ? { ...change, loses: ["volume shop/data-orders-db-0"] } : change));
  }
  if (before.networking.podSubnet !== after.networking.podSubnet)
    plan.impossible.push(item(null, "podSubnet", "A running cluster can't change it: that takes a new cluster."));
  return plan;
}
