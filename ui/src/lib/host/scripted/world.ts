/** Building blocks of the scripted host: nodes, workloads, pods and what belongs to them. */
import type {
  Cluster,
  ClusterView,
  EventRow,
  NodeRow,
  NodeUsage,
  PodContainer,
  PodRow,
  Problem,
  ServiceRow,
  Snapshot,
  UsageSample,
  VolumeRow,
  WorkloadRow,
} from "../types";

export const Mi = 1024 * 1024;
export const Gi = 1024 * Mi;
export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** Where the clock of every script starts: 23 November 2026, 14:03:12 UTC. */
export const start = Date.UTC(2026, 10, 23, 14, 3, 12);

export const version = "v1.37.1";

export function node(cluster: string, index: number, more: Partial<NodeRow> = {}): NodeRow {
  const role = index === 0 ? "control-plane" : "worker";
  const name = `${cluster}-${role}${index > 1 ? index : ""}`;
  return {
    name,
    role,
    health: "healthy",
    state: "Ready",
    why: null,
    version,
    address: `172.30.0.${index + 2}`,
    containerAddress: `192.168.64.${index + 7}`,
    image: "apple-k8s-node:v1.37.1",
    cpus: index === 0 ? 4 : 2,
    memoryBytes: (index === 0 ? 4 : 2) * Gi,
    started: start - 2 * day - 4 * hour,
    pods: index === 0 ? 12 : 11,
    conditions: [
      (more.health ?? "healthy") === "healthy"
        ? condition("Ready", "True", true, "KubeletReady", "kubelet is posting ready status")
        : condition("Ready", "Unknown", false, "NodeStatusUnknown", "kubelet stopped posting node status"),
      condition("MemoryPressure", "False", true, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      condition("DiskPressure", "False", true, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      condition("PIDPressure", "False", true, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ],
    labels: {
      "kubernetes.io/arch": "arm64",
      "kubernetes.io/hostname": name,
      "kubernetes.io/os": "linux",
      ...(index === 0 ? { "node-role.kubernetes.io/control-plane": "" } : {}),
    },
    taints: [],
    mounts: index === 0 ? ["~/src/shop → /src"] : [],
    ports: index === 0 ? ["127.0.0.1:6443 → 6443/tcp", "127.0.0.1:8080 → 80/tcp"] : [],
    ...more,
  };
}

export function condition(kind: string, status: string, good: boolean, reason: string, message: string) {
  return { kind, status, good, reason, message };
}

export function workload(namespace: string, name: string, more: Partial<WorkloadRow> = {}): WorkloadRow {
  const replicas = more.desired ?? 1;
  return {
    uid: `w/${namespace}/${name}`,
    namespace,
    name,
    kind: "Deployment",
    health: "healthy",
    ready: replicas,
    desired: replicas,
    restarts: 0,
    created: start - 2 * day - 4 * hour,
    why: null,
    images: [`${name}:2.1`],
    labels: { app: name },
    system: namespace === "kube-system" || namespace === "kube-flannel" || namespace === "local-path-storage",
    ...more,
  };
}

export function container(name: string, image: string, more: Partial<PodContainer> = {}): PodContainer {
  return { name, image, init: false, ready: true, restarts: 0, state: "Running", last: null, ...more };
}

/** The pods of a workload, spread over the nodes. */
export function podsOf(work: WorkloadRow, nodes: NodeRow[], offset = 0): PodRow[] {
  return Array.from({ length: work.desired }, (_, index) => {
    const well = index < work.ready;
    const suffix = ((index + 1) * 7919 + work.name.length * 104729).toString(36).slice(-5).padStart(5, "x");
    const name = work.kind === "StatefulSet" ? `${work.name}-${index}` : `${work.name}-6f9d8c7b5-${suffix}`;
    return {
      uid: `p/${work.namespace}/${name}`,
      namespace: work.namespace,
      name,
      workload: work.uid,
      node: nodes[(index + offset) % nodes.length]?.name ?? null,
      health: well ? (work.health === "stopped" ? "stopped" : "healthy") : work.health,
      state: well ? (work.health === "stopped" ? "Completed" : "Running") : (work.why?.split(":")[0] ?? "Pending"),
      ready: well && work.health !== "stopped" ? 1 : 0,
      containers: [
        container(work.name, work.images[0] ?? `${work.name}:2.1`, {
          ready: well,
          restarts: well ? 0 : Math.ceil(work.restarts / Math.max(1, work.desired - work.ready)),
          state: well ? (work.health === "stopped" ? "Ended with 0" : "Running") : `Waiting: ${work.why?.split(":")[0] ?? "ContainerCreating"}`,
          last: well ? null : "Out of memory (137)",
        }),
      ],
      restarts: well ? 0 : Math.ceil(work.restarts / Math.max(1, work.desired - work.ready)),
      created: work.created + index * second,
      why: well ? null : work.why,
      address: `10.244.${index % 9}.${index + 4}`,
      system: work.system,
    } satisfies PodRow;
  });
}

export function service(namespace: string, name: string, more: Partial<ServiceRow> = {}): ServiceRow {
  return {
    uid: `s/${namespace}/${name}`,
    namespace,
    name,
    kind: "ClusterIP",
    health: "healthy",
    clusterAddress: "10.96.4.17",
    ports: [{ name: null, port: 80, protocol: "TCP", nodePort: null, reachable: null }],
    backends: 1,
    created: start - 2 * day,
    system: namespace === "kube-system" || name === "kubernetes",
    ...more,
  };
}

export function event(object: string, reason: string, message: string, more: Partial<EventRow> = {}): EventRow {
  return {
    uid: `e/${object}/${reason}/${more.namespace ?? "shop"}`,
    warning: false,
    namespace: "shop",
    object,
    reason,
    message,
    count: 1,
    last: start - 2 * minute,
    ...more,
  };
}

export function volume(namespace: string, name: string, more: Partial<VolumeRow> = {}): VolumeRow {
  return {
    uid: `v/${namespace}/${name}`,
    namespace,
    name,
    volume: `pvc-${name.length}c1f3b2e-90aa-4c61-b2d1-7d0a6c1e55aa`,
    class: "standard",
    bytes: 2 * Gi,
    health: "healthy",
    state: "Bound",
    why: null,
    node: "dev-worker",
    usedBy: [],
    created: start - 2 * day,
    ...more,
  };
}

/** Kubernetes' own parts, as every cluster has them. */
export function systemWorkloads(nodes: number): WorkloadRow[] {
  return [
    workload("kube-flannel", "kube-flannel-ds", { kind: "DaemonSet", desired: nodes, images: ["flannel:v0.27.4"] }),
    workload("kube-system", "coredns", { desired: 2, images: ["coredns:v1.13.1"] }),
    workload("kube-system", "etcd", { kind: "Pod", images: ["etcd:3.6.5-0"] }),
    workload("kube-system", "kube-apiserver", { kind: "Pod", images: ["kube-apiserver:v1.37.1"] }),
    workload("kube-system", "kube-controller-manager", { kind: "Pod", images: ["kube-controller-manager:v1.37.1"] }),
    workload("kube-system", "kube-proxy", { kind: "DaemonSet", desired: nodes, images: ["kube-proxy:v1.37.1"] }),
    workload("kube-system", "kube-scheduler", { kind: "Pod", images: ["kube-scheduler:v1.37.1"] }),
    workload("local-path-storage", "local-path-provisioner", { images: ["local-path-provisioner:v0.0.32"] }),
  ];
}

export function systemServices(): ServiceRow[] {
  return [
    service("default", "kubernetes", { clusterAddress: "10.96.0.1", ports: [{ name: "https", port: 443, protocol: "TCP", nodePort: null, reachable: null }] }),
    service("kube-system", "kube-dns", { clusterAddress: "10.96.0.10", backends: 2, ports: [
      { name: "dns", port: 53, protocol: "UDP", nodePort: null, reachable: null },
      { name: "dns-tcp", port: 53, protocol: "TCP", nodePort: null, reachable: null },
    ] }),
  ];
}

export function emptyView(cluster: string): ClusterView {
  return {
    cluster,
    asOf: null,
    stale: null,
    version: null,
    nodes: [],
    workloads: [],
    pods: [],
    services: [],
    events: [],
    volumes: [],
    problems: [],
  };
}

/** A view from nodes and workloads: pods are made, problems are found as the engine finds them. */
export function viewOf(
  cluster: string,
  nodes: NodeRow[],
  workloads: WorkloadRow[],
  more: Partial<ClusterView> = {},
): ClusterView {
  const order = ["failed", "degraded", "busy", "unknown", "healthy", "stopped"];
  const byHealth = <T extends { health: string }>(rows: T[]) =>
    rows.toSorted((a, b) => order.indexOf(a.health) - order.indexOf(b.health));
  const pods = byHealth(workloads.flatMap((work, index) => podsOf(work, nodes, index)));
  const problems: Problem[] = [
    ...nodes
      .filter((row) => row.health === "failed" || row.health === "degraded")
      .map((row) => ({ health: row.health, kind: "Node", namespace: null, name: row.name, uid: row.name, what: row.why ?? row.state, pod: null })),
    ...workloads
      .filter((row) => row.health === "failed" || row.health === "degraded")
      .map((row) => ({
        health: row.health,
        kind: row.kind,
        namespace: row.namespace,
        name: row.name,
        uid: row.uid,
        what: `${row.why ?? "not ready"}${row.restarts > 0 ? `, ${row.restarts} restarts` : ""}`,
        pod: pods.find((pod) => pod.workload === row.uid && pod.health === row.health)?.name ?? null,
      })),
  ];
  return {
    ...emptyView(cluster),
    asOf: start,
    version,
    nodes: byHealth(nodes),
    workloads: byHealth(workloads),
    pods,
    services: systemServices(),
    problems: byHealth(problems),
    ...more,
  };
}

export function cluster(name: string, more: Partial<Cluster> = {}): Cluster {
  return {
    name,
    health: "healthy",
    state: "running",
    why: null,
    problems: 0,
    nodes: 1,
    readyNodes: 1,
    version,
    context: name,
    server: "https://127.0.0.1:6443",
    started: start - 2 * day - 4 * hour,
    lastRun: null,
    usage: { cpuCores: 0.48, cpus: 4, memoryBytes: 2.1 * Gi, memoryLimitBytes: 6 * Gi },
    ...more,
  };
}

export function stopped(name: string, more: Partial<Cluster> = {}): Cluster {
  return cluster(name, { health: "stopped", state: "stopped", readyNodes: null, started: null, lastRun: start - 2 * hour, usage: null, ...more });
}

export function snapshot(clusters: Cluster[], more: Partial<Snapshot> = {}): Snapshot {
  return {
    revision: 1,
    runtime: { state: "ready", program: "/usr/local/bin/container", version: "1.5.0", problem: null },
    clusters,
    subject: clusters[0]?.name ?? null,
    operations: [],
    contexts: {
      current: clusters[0]?.context ?? "prod",
      switchedElsewhere: null,
      files: [{ path: "~/.kube/config", exists: true, problem: null }],
      entries: [
        ...clusters.map((row) => ({ name: row.context, cluster: row.name, file: "~/.kube/config" })),
        { name: "prod", cluster: null, file: "~/.kube/config" },
        { name: "staging", cluster: null, file: "~/.kube/config" },
      ],
    },
    leaving: false,
    notices: [],
    ...more,
  };
}

/** A number in [0, 1) that is always the same for the same input. */
export function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

/** What a node uses at a moment: a slow wave with small noise, the same for every run. */
export function usageAt(at: number, nodes: NodeRow[], pods: PodRow[] = []): UsageSample {
  return {
    at,
    pods: pods
      .filter((row) => row.state === "Running")
      .map((row, index) => ({
        namespace: row.namespace,
        name: row.name,
        cpuCores: 0.002 + 0.08 * noise(index + Math.floor(at / (10 * second))) ** 3,
        memoryBytes: Math.round((14 + 180 * noise(index * 7) ** 2) * Mi),
      })),
    nodes: nodes
      .filter((row) => !["stopped", "failed", "unknown"].includes(row.health))
      .map((row, index): NodeUsage => {
        const wave = Math.sin(at / (90 * second) + index * 1.7) * 0.5 + 0.5;
        const jitter = noise(Math.floor(at / (2 * second)) + index * 31);
        const cpu = row.cpus * (0.06 + 0.1 * wave + 0.05 * jitter);
        const memory = row.memoryBytes * (0.22 + 0.12 * Math.sin(at / (600 * second) + index) ** 2 + 0.01 * jitter);
        const full = row.why?.includes("disk") ? 0.97 : 0.28 + 0.05 * (index % 4) + 0.02 * Math.sin(at / (400 * second) + index);
        return {
          node: row.name,
          cpuCores: cpu,
          memoryBytes: Math.round(memory),
          diskBytes: Math.round(full * 30 * Gi),
          diskCapacityBytes: 30 * Gi,
        };
      }),
  };
}
