/**
 * The words that Rust and the windows share. Times are milliseconds since 1970, sizes bytes,
 * processor time cores; what is not known is null.
 */

export type Health = "failed" | "degraded" | "busy" | "unknown" | "healthy" | "stopped";

export interface Condition {
  kind: string;
  status: string;
  good: boolean;
  reason: string;
  message: string;
}

export interface NodeRow {
  name: string;
  role: string;
  health: Health;
  state: string;
  why: string | null;
  version: string | null;
  address: string;
  containerAddress: string | null;
  image: string;
  cpus: number;
  memoryBytes: number;
  started: number | null;
  pods: number;
  conditions: Condition[];
  labels: Record<string, string>;
  taints: string[];
  mounts: string[];
  ports: string[];
}

export interface WorkloadRow {
  uid: string;
  namespace: string;
  name: string;
  kind: string;
  health: Health;
  ready: number;
  desired: number;
  restarts: number;
  created: number;
  why: string | null;
  images: string[];
  labels: Record<string, string>;
  system: boolean;
}

export interface PodContainer {
  name: string;
  image: string;
  init: boolean;
  ready: boolean;
  restarts: number;
  state: string;
  last: string | null;
}

export interface PodRow {
  uid: string;
  namespace: string;
  name: string;
  workload: string;
  node: string | null;
  health: Health;
  state: string;
  ready: number;
  containers: PodContainer[];
  restarts: number;
  created: number;
  why: string | null;
  address: string | null;
  system: boolean;
}

export interface ServicePort {
  name: string | null;
  port: number;
  protocol: string;
  nodePort: number | null;
  reachable: string | null;
}

export interface ServiceRow {
  uid: string;
  namespace: string;
  name: string;
  kind: string;
  health: Health;
  clusterAddress: string | null;
  ports: ServicePort[];
  backends: number | null;
  created: number;
  system: boolean;
}

export interface EventRow {
  uid: string;
  warning: boolean;
  namespace: string | null;
  object: string;
  reason: string;
  message: string;
  count: number;
  last: number;
}

export interface VolumeRow {
  uid: string;
  namespace: string;
  name: string;
  volume: string | null;
  class: string | null;
  bytes: number | null;
  health: Health;
  state: string;
  why: string | null;
  node: string | null;
  usedBy: string[];
  created: number;
}

export interface Problem {
  health: Health;
  kind: string;
  namespace: string | null;
  name: string;
  uid: string;
  what: string;
  pod: string | null;
}

export interface ClusterView {
  cluster: string;
  asOf: number | null;
  stale: string | null;
  version: string | null;
  nodes: NodeRow[];
  workloads: WorkloadRow[];
  pods: PodRow[];
  services: ServiceRow[];
  events: EventRow[];
  volumes: VolumeRow[];
  problems: Problem[];
}

export interface NodeUsage {
  node: string;
  cpuCores: number | null;
  memoryBytes: number | null;
  diskBytes: number | null;
  diskCapacityBytes: number | null;
}

export interface UsageSample {
  at: number;
  nodes: NodeUsage[];
}

export type StepState = "started" | "progress" | "done" | "failed";

export interface Step {
  phase: string;
  node?: string;
  state: StepState;
  detail?: string;
  atMs: number;
  tookMs?: number;
}

export type RuntimeState = "checking" | "missing" | "stopped" | "unusable" | "ready";

export interface Runtime {
  state: RuntimeState;
  program: string | null;
  version: string | null;
  problem: Failure | null;
}

export type ClusterState = "running" | "partial" | "stopped" | "incomplete";

export interface Usage {
  cpuCores: number;
  cpus: number;
  memoryBytes: number;
  memoryLimitBytes: number;
}

export interface Cluster {
  name: string;
  health: Health;
  state: ClusterState;
  why: string | null;
  problems: number;
  nodes: number;
  readyNodes: number | null;
  version: string | null;
  context: string;
  server: string | null;
  started: number | null;
  usage: Usage | null;
}

export type OperationKind =
  | "create"
  | "start"
  | "stop"
  | "restart"
  | "delete"
  | "change"
  | "load"
  | "apply"
  | "buildImage"
  | "fix";

export type OperationState = "waiting" | "running" | "cancelling" | "done" | "failed" | "cancelled";

export interface Operation {
  id: number;
  kind: OperationKind;
  cluster: string | null;
  subject: string | null;
  started: number;
  ended: number | null;
  stage: number;
  stages: number;
  stageName: string;
  percent: number;
  lastTookMs: number | null;
  state: OperationState;
  cancellable: boolean;
  steps: Step[];
  failure: Failure | null;
  outcome: string | null;
}

export interface Failure {
  code: string;
  message: string;
  hint: string | null;
  detail: string | null;
  logs: string | null;
}

export interface KubeconfigFile {
  path: string;
  exists: boolean;
  problem: Failure | null;
}

export interface Context {
  name: string;
  cluster: string | null;
  file: string;
}

export interface Contexts {
  current: string | null;
  switchedElsewhere: number | null;
  files: KubeconfigFile[];
  entries: Context[];
}

export interface Notice {
  id: number;
  at: number;
  warning: boolean;
  text: string;
}

export interface Snapshot {
  revision: number;
  runtime: Runtime;
  clusters: Cluster[];
  subject: string | null;
  operations: Operation[];
  contexts: Contexts;
  notices: Notice[];
}

export interface ImageOnNode {
  id: string;
  repoTags: string[];
  size: number;
  pinned: boolean;
}

export interface NodeImages {
  node: string;
  images: ImageOnNode[];
}

export type FollowRule = "never" | "whenCreated" | "always";
export type Appearance = "system" | "light" | "dark";

export interface Settings {
  version: number;
  startAtLogin: boolean;
  startClusters: string[];
  showInMenuBar: boolean;
  appearance: Appearance;
  notify: boolean;
  follow: FollowRule;
  newCluster: {
    name: string;
    workers: number;
    cpus: number;
    memory: string;
    kubernetesVersion: string | null;
  };
  containerPath: string | null;
  kubeconfig: string | null;
  checkForUpdates: boolean;
}
