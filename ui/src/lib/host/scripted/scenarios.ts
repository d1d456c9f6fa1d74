/** States of the world that are hard to reach for real, by name. */
import type { Check, Settings } from "../types";
import type { ClusterView, NodeImages, Operation, Snapshot, Step } from "../types";
import {
  cluster,
  condition,
  day,
  emptyView,
  event,
  Gi,
  hour,
  Mi,
  minute,
  node,
  second,
  service,
  snapshot,
  start,
  stopped,
  systemServices,
  systemWorkloads,
  viewOf,
  volume,
  workload,
} from "./world";

export interface Scenario {
  snapshot: Snapshot;
  views: Record<string, ClusterView>;
  checks: Check[];
  /** Whether views never come, as while they load. */
  silent?: boolean;
  /** Seconds of usage that are missing, counted back from now. */
  gap?: [from: number, to: number];
  settings?: Partial<Settings>;
  images?: NodeImages[];
}

const wellChecks: Check[] = [
  { id: "system", title: "Apple silicon, macOS 26.1", state: "ok", detail: "", code: null, fix: null },
  { id: "container", title: "container 1.5.0", state: "ok", detail: "/usr/local/bin/container", code: null, fix: null },
  { id: "service", title: "container service", state: "ok", detail: "running", code: null, fix: null },
  { id: "kernel", title: "Kernel for nodes", state: "ok", detail: "6.18.5", code: null, fix: null },
  { id: "memory", title: "Memory", state: "ok", detail: "14 Gi free, first cluster uses 6.0 Gi", code: null, fix: null },
  { id: "disk", title: "Disk", state: "ok", detail: "212 Gi free", code: null, fix: null },
  { id: "network", title: "Networks", state: "ok", detail: "the usual subnets of clusters are free", code: null, fix: null },
];

const checksWithProblems: Check[] = wellChecks.map((check) => {
  if (check.id === "service")
    return { ...check, state: "failed", detail: "not running", code: "RuntimeStopped", fix: { id: "start-service", label: "Start service" } };
  if (check.id === "kernel")
    return { ...check, state: "warning", detail: "6.12.28, needs 6.18", fix: { id: "install-kernel", label: "Update kernel" } };
  if (check.id === "network") return { ...check, state: "unknown", detail: "checked when the service runs" };
  return check;
});

function threeNodes(): ClusterView {
  const nodes = [node("dev", 0), node("dev", 1), node("dev", 2)];
  return viewOf(
    "dev",
    nodes,
    [
      workload("shop", "cart", { desired: 2 }),
      workload("shop", "catalog", { desired: 3, created: start - 26 * hour }),
      workload("shop", "orders-db", { kind: "StatefulSet", desired: 1, images: ["postgres:18.1"] }),
      workload("shop", "report", { kind: "CronJob", desired: 1, health: "stopped", images: ["report:0.4"], created: start - 40 * minute }),
      workload("shop", "web", { desired: 3, images: ["shop:2.1"] }),
      ...systemWorkloads(3),
    ],
    {
      services: [
        service("shop", "web", {
          kind: "LoadBalancer",
          clusterAddress: "10.96.71.4",
          backends: 3,
          ports: [{ name: "http", port: 80, protocol: "TCP", nodePort: 30080, reachable: "127.0.0.1:8080" }],
        }),
        service("shop", "cart", { backends: 2 }),
        service("shop", "catalog", { clusterAddress: "10.96.12.201", backends: 3, ports: [{ name: "grpc", port: 9000, protocol: "TCP", nodePort: null, reachable: null }] }),
        service("shop", "orders-db", { kind: "Headless", clusterAddress: null, backends: 1, ports: [{ name: null, port: 5432, protocol: "TCP", nodePort: null, reachable: null }] }),
        ...systemServices(),
      ],
      volumes: [
        volume("shop", "data-orders-db-0", { usedBy: ["orders-db-0"], bytes: 4 * Gi }),
        volume("shop", "reports", { usedBy: [], bytes: 100 * Mi }),
      ],
      events: [
        event("Pod/report-29384-xkq2p", "Completed", "Job completed", { last: start - 40 * minute }),
        event("Deployment/catalog", "ScalingReplicaSet", "Scaled up replica set catalog-6f9d8c7b5 from 2 to 3", { last: start - 25 * hour }),
        event("Pod/web-6f9d8c7b5-x1ap3", "Pulled", "Container image “shop:2.1” already present on machine", { count: 3, last: start - 2 * day }),
      ],
    },
  );
}

function degraded(): ClusterView {
  const nodes = [
    node("dev", 0),
    node("dev", 1),
    node("dev", 2, {
      health: "degraded",
      state: "Not ready",
      why: "disk 97% full",
      conditions: [
        condition("Ready", "False", false, "KubeletNotReady", "node has disk pressure"),
        condition("DiskPressure", "True", false, "KubeletHasDiskPressure", "kubelet has disk pressure"),
        condition("MemoryPressure", "False", true, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        condition("PIDPressure", "False", true, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      ],
      taints: ["node.kubernetes.io/disk-pressure:NoSchedule"],
    }),
  ];
  const base = threeNodes();
  return viewOf(
    "dev",
    nodes,
    [
      workload("shop", "cart", {
        desired: 2,
        ready: 0,
        restarts: 6,
        health: "failed",
        why: "CrashLoopBackOff: out of memory (137)",
        created: start - 12 * minute,
      }),
      ...base.workloads.filter((row) => row.name !== "cart"),
    ],
    {
      services: base.services.map((row) => (row.name === "cart" ? { ...row, backends: 0, health: "degraded" } : row)),
      volumes: [
        volume("shop", "uploads", { state: "Pending", health: "busy", volume: null, node: null, why: "waits for a pod that uses it" }),
        ...base.volumes,
      ],
      events: [
        event("Pod/cart-6f9d8c7b5-x95cj", "BackOff", "Back-off restarting failed container cart in pod cart-6f9d8c7b5-x95cj", { warning: true, count: 14, last: start - 20 * second }),
        event("Node/dev-worker2", "NodeHasDiskPressure", "Node dev-worker2 status is now: NodeHasDiskPressure", { warning: true, namespace: null, last: start - 3 * minute }),
        event("Node/dev-worker2", "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", { warning: true, namespace: null, count: 3, last: start - 3 * minute }),
        ...base.events,
      ],
    },
  );
}

function fifty(): ClusterView {
  const nodes = Array.from({ length: 50 }, (_, index) =>
    node("dev", index, {
      pods: 40,
      ...(index === 17 || index === 31 ? { health: "degraded", state: "Not ready", why: "kubelet stopped posting status" } : {}),
      ...(index === 49 ? { health: "busy", state: "Joining", why: null, pods: 0 } : {}),
    }),
  );
  const teams = ["shop", "billing", "search", "mail", "media", "ops", "data", "edge"];
  const work = Array.from({ length: 120 }, (_, index) => {
    const team = teams[index % teams.length] ?? "shop";
    const sick = index === 5 || index === 77;
    return workload(team, `${["api", "worker", "cache", "front", "queue"][index % 5]}-${index}`, {
      desired: 15,
      ready: sick ? 8 : 15,
      health: sick ? "degraded" : "healthy",
      restarts: sick ? 14 : 0,
      why: sick ? "ImagePullBackOff: registry.example/team/api:9.9 was not found" : null,
      created: start - (index + 1) * 3 * hour,
    });
  });
  return viewOf("dev", nodes, [...work, ...systemWorkloads(50)], {
    services: [...work.map((row, index) => service(row.namespace, row.name, { clusterAddress: `10.96.${Math.floor(index / 250)}.${index + 11}`, backends: row.ready })), ...systemServices()],
    events: Array.from({ length: 400 }, (_, index) =>
      event(`Pod/worker-${index}`, index % 9 === 0 ? "FailedScheduling" : "Scheduled", index % 9 === 0 ? "0/50 nodes are available: 50 Insufficient memory." : `Successfully assigned shop/worker-${index} to dev-worker${(index % 49) + 2}`, {
        uid: `e/${index}`,
        warning: index % 9 === 0,
        count: (index % 5) + 1,
        last: start - index * 7 * second,
      }),
    ),
  });
}

/** A name as long as Kubernetes allows. */
export const longName = `${"a-deployment-with-a-name-that-somebody-generated-".repeat(5)}final-12345678`.slice(0, 253);

function longNames(): ClusterView {
  const nodes = [node("dev", 0), node("dev", 1, { name: `dev-${"node-of-a-very-long-name-".repeat(3)}07` })];
  return viewOf(
    "dev",
    nodes,
    [
      workload("a-namespace-with-a-name-of-sixty-three-characters-exactly-so-long", longName, {
        health: "failed",
        desired: 2,
        ready: 0,
        restarts: 1204,
        why: `ImagePullBackOff: registry.example/${"deep/".repeat(12)}image:2026.11.23-rc.1 was not found`,
        images: [`registry.example/${"deep/".repeat(12)}image:2026.11.23-rc.1`],
      }),
      workload("shop", `${longName.slice(0, 200)}-other`, { desired: 1 }),
      ...systemWorkloads(2),
    ],
    {
      services: [service("shop", longName.slice(0, 63), { kind: "LoadBalancer", ports: [
        { name: "http", port: 80, protocol: "TCP", nodePort: 30080, reachable: "127.0.0.1:8080" },
        { name: "metrics-of-the-service", port: 65535, protocol: "TCP", nodePort: 32767, reachable: null },
      ] }), ...systemServices()],
      volumes: [volume("shop", longName.slice(0, 200), { usedBy: [longName.slice(0, 100)] })],
      events: [event(`Pod/${longName}`, "FailedToRetrieveImagePullSecret", `Unable to retrieve some image pull secrets (${longName}); attempting to pull the image may not succeed.`, { warning: true, count: 1999 })],
    },
  );
}

function rightToLeft(): ClusterView {
  const base = threeNodes();
  return {
    ...base,
    workloads: [
      workload("متجر", "عربة-التسوق", { desired: 2, images: ["عربة:1.0"] }),
      workload("חנות", "עגלה-123", { desired: 1 }),
      ...base.workloads,
    ],
  };
}

function steps(rows: [phase: string, node: string | undefined, state: Step["state"], tookMs?: number, detail?: string][]): Step[] {
  return rows.map(([phase, of, state, tookMs, detail], index) => ({ phase, node: of, state, detail, atMs: index * 300, tookMs }));
}

export function operation(more: Partial<Operation>): Operation {
  return {
    id: 7,
    kind: "create",
    cluster: "dev",
    subject: null,
    started: start - 21 * second,
    ended: null,
    stage: 4,
    stages: 7,
    stageName: "Control plane",
    percent: 58,
    lastTookMs: 34_000,
    state: "running",
    cancellable: true,
    elsewhere: false,
    steps: steps([
      ["check", undefined, "done", 120],
      ["image", undefined, "done", 200],
      ["boot", "dev-control-plane", "done", 2100],
      ["boot", "dev-worker", "done", 2300],
      ["certificates", "dev-control-plane", "done", 900],
      ["control-plane", "dev-control-plane", "started", undefined, "waits for the API server"],
    ]),
    failure: null,
    outcome: null,
    ...more,
  };
}

const running = cluster("dev", { nodes: 3, readyNodes: 3, usage: { cpuCores: 0.95, cpus: 8, memoryBytes: 2.2 * Gi, memoryLimitBytes: 8 * Gi } });
const ci = stopped("ci");

const portTaken = {
  code: "PortInUse" as const,
  message: "Port 8080 is in use by httpd.",
  hint: "“dev” maps it to port 80 of its control plane. Nothing was created. Use another port, or stop httpd.",
  detail: "bind 127.0.0.1:8080: address already in use",
  logs: "~/Library/Logs/apple-k8s/2026-11-23",
};

function oneNode(): ClusterView {
  return viewOf("dev", [node("dev", 0, { pods: 9 })], [workload("default", "hello", { images: ["hello:1"], created: start - 12 * minute }), ...systemWorkloads(1)]);
}

/** Every scenario, made when it is asked for. */
export const scenarios: Record<string, () => Scenario> = {
  empty: () => ({ snapshot: snapshot([]), views: {}, checks: wellChecks }),
  "first-run": () => ({
    snapshot: snapshot([], {
      runtime: {
        state: "stopped",
        program: "/usr/local/bin/container",
        version: "1.5.0",
        problem: { code: "RuntimeStopped", message: "The container service is not running.", hint: "Clusters can't start without it; nothing is lost.", detail: null, logs: null },
      },
    }),
    views: {},
    checks: checksWithProblems,
  }),
  "running-one": () => ({ snapshot: snapshot([cluster("dev"), ci]), views: { dev: oneNode() }, checks: wellChecks }),
  "nothing-deployed": () => ({
    snapshot: snapshot([cluster("dev")]),
    views: { dev: viewOf("dev", [node("dev", 0, { pods: 8 })], systemWorkloads(1)) },
    checks: wellChecks,
  }),
  "three-nodes": () => ({ snapshot: snapshot([running, ci]), views: { dev: threeNodes() }, checks: wellChecks }),
  degraded: () => ({
    snapshot: snapshot([{ ...running, health: "degraded", readyNodes: 2, problems: 2, why: "1 of 3 nodes not ready" }, ci]),
    views: { dev: degraded() },
    checks: wellChecks,
    gap: [200, 120],
  }),
  failed: () => ({
    snapshot: snapshot([{ ...running, health: "failed", readyNodes: null, problems: 1, why: "The API server does not answer", usage: null }, ci]),
    views: {
      dev: {
        ...threeNodes(),
        asOf: start - 71 * second,
        stale: "connection refused",
        problems: [{ health: "failed", kind: "Cluster", namespace: null, name: "dev", uid: "dev", what: "The API server does not answer since 14:02:01", pod: null }],
      },
    },
    checks: wellChecks,
    gap: [71, 0],
  }),
  stale: () => ({
    snapshot: snapshot([{ ...running, health: "degraded", why: "No answer since 14:02:31" }, ci]),
    views: { dev: { ...threeNodes(), asOf: start - 41 * second, stale: "request timed out" } },
    checks: wellChecks,
    gap: [41, 0],
  }),
  "busy-create": () => ({
    snapshot: snapshot([cluster("dev", { health: "busy", state: "partial", nodes: 2, readyNodes: null, usage: null, started: null }), ci], { operations: [operation({})] }),
    views: { dev: emptyView("dev") },
    checks: wellChecks,
  }),
  "busy-stop": () => ({
    snapshot: snapshot([{ ...running, health: "busy" }, ci], {
      operations: [operation({ kind: "stop", stage: 1, stages: 2, stageName: "Nodes", percent: 33, started: start - 3 * second, lastTookMs: 6000, cancellable: false, steps: steps([["stop", "dev-worker", "done", 800], ["stop", "dev-worker2", "started"]]) })],
    }),
    views: { dev: threeNodes() },
    checks: wellChecks,
  }),
  "create-failed": () => ({
    snapshot: snapshot([cluster("dev", { health: "failed", state: "incomplete", nodes: 2, readyNodes: null, usage: null, started: null, why: "Its creation failed" }), ci], {
      operations: [
        operation({
          state: "failed",
          ended: start - 2 * second,
          failure: portTaken,
          steps: steps([["check", undefined, "done", 120], ["boot", "dev-control-plane", "failed", 900, "port 8080 is in use"]]),
        }),
      ],
    }),
    views: { dev: emptyView("dev") },
    checks: wellChecks,
  }),
  stopped: () => ({
    snapshot: snapshot([stopped("dev", { nodes: 3, problems: 0 }), ci]),
    views: { dev: { ...emptyView("dev"), stale: "error sending request", asOf: start - 2 * hour, nodes: threeNodes().nodes.map((row) => ({ ...row, health: "stopped", state: "Stopped", pods: 0, started: null, containerAddress: null, conditions: [] })) } },
    checks: wellChecks,
  }),
  "half-created": () => ({
    snapshot: snapshot([cluster("dev", { health: "failed", state: "incomplete", nodes: 3, readyNodes: null, usage: null, started: null, why: "Its creation did not end" }), ci]),
    views: { dev: { ...emptyView("dev"), nodes: [node("dev", 0, { health: "unknown", state: "Unknown", version: null, pods: 0, conditions: [] })] } },
    checks: wellChecks,
  }),
  "daemon-down": () => ({
    snapshot: snapshot(
      [
        { ...running, health: "unknown", readyNodes: null, usage: null, why: "container is not running" },
        { ...ci, health: "unknown" },
      ],
      {
        runtime: {
          state: "stopped",
          program: "/usr/local/bin/container",
          version: "1.5.0",
          problem: { code: "RuntimeStopped", message: "The container service is not running.", hint: "Clusters can't start without it; nothing is lost.", detail: "XPC connection error: Connection invalid", logs: null },
        },
      },
    ),
    views: { dev: { ...threeNodes(), stale: "container is not running", asOf: start - 5 * minute } },
    checks: checksWithProblems,
    gap: [900, 0],
  }),
  /** A worker was started anew two minutes ago. */
  "worker-restarted": () => {
    const view = threeNodes();
    return {
      snapshot: snapshot([running, ci]),
      views: { dev: { ...view, nodes: view.nodes.map((row, index) => (index === 1 ? { ...row, started: start - 2 * minute } : row)) } },
      checks: wellChecks,
      gap: [140, 120],
    };
  },
  /** Work that ended and is not yet read: one failed, one went well. */
  ended: () => ({
    snapshot: snapshot([running, ci], {
      operations: [
        operation({ id: 8, kind: "apply", subject: "shop.yaml", state: "done", started: start - 9 * second, ended: start - 5 * second, outcome: "3 objects applied to “dev”." }),
        operation({
          id: 9,
          kind: "restart",
          state: "failed",
          started: start - 70 * second,
          ended: start - second,
          failure: { code: "NotReady", message: "“dev” was not ready in 60 s.", hint: "Its nodes run. Look at the logs of the control plane.", detail: "timed out waiting for the condition", logs: "~/Library/Logs/apple-k8s" },
        }),
      ],
    }),
    views: { dev: threeNodes() },
    checks: wellChecks,
  }),
  loading: () => ({ snapshot: snapshot([running, ci]), views: {}, checks: wellChecks, silent: true }),
  "fifty-nodes": () => ({
    snapshot: snapshot([
      { ...running, nodes: 50, readyNodes: 47, problems: 4, health: "degraded", why: "2 of 50 nodes not ready", usage: { cpuCores: 13, cpus: 102, memoryBytes: 31 * Gi, memoryLimitBytes: 102 * Gi } },
      ci,
    ]),
    views: { dev: fifty() },
    checks: wellChecks,
  }),
  "long-names": () => ({
    snapshot: snapshot([{ ...running, problems: 1, health: "degraded", why: "1 workload is failing", context: "arn:aws:eks:eu-central-1:123456789012:cluster/production-of-the-shop-in-europe" }, stopped("a-cluster-with-a-rather-long-name-indeed")]),
    views: { dev: longNames() },
    checks: wellChecks,
  }),
  rtl: () => ({ snapshot: snapshot([running, ci]), views: { dev: rightToLeft() }, checks: wellChecks }),
  switched: () => {
    const base = snapshot([running, ci]);
    return {
      snapshot: { ...base, contexts: { ...base.contexts, current: "prod", switchedElsewhere: start - 12 * second } },
      views: { dev: threeNodes() },
      checks: wellChecks,
    };
  },
  notices: () => ({
    snapshot: snapshot([running, ci], {
      notices: [{ id: 1, at: start, warning: true, text: "Settings could not be read, so defaults are in use. The old file is kept as settings.json.bad." }],
    }),
    views: { dev: threeNodes() },
    checks: wellChecks,
  }),
};

