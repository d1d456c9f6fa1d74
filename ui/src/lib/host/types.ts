/**
 * What the windows need from the program around them. There are two: Tauri, and a scripted one
 * for tests and for work on the design in a browser.
 */
import type {
  ClusterView,
  Failure,
  NodeImages,
  Settings,
  Snapshot,
  UsageSample,
} from "./model";

export type * from "./model";

/** A view update of the cluster that this window watches. */
export interface ViewUpdate {
  cluster: string;
  revision: number;
  view: ClusterView;
}

export interface ClusterUsage extends UsageSample {
  cluster: string;
}

export type DroppedKind = "imageArchive" | "cluster" | "manifests" | "other";

export interface DroppedFile {
  name: string;
  sizeBytes: number;
  kind: DroppedKind;
  /** What it is in a word, such as "PDF". */
  what: string;
  images: string[];
  problem: Failure | null;
}

export interface Drop {
  token: string;
  files: DroppedFile[];
}

export interface DropEvent {
  kind: "enter" | "over" | "leave" | "drop";
  /** Logical pixels of the window. */
  x: number;
  y: number;
  token: string | null;
  files: DroppedFile[];
}

export type ViewId =
  | "overview"
  | "workloads"
  | "services"
  | "images"
  | "volumes"
  | "events"
  | "logs"
  | "configuration"
  | "diagnostics";

/** Something outside asks this window to show something. */
export interface OpenRequest {
  view: ViewId | null;
  cluster: string | null;
  dialog: "delete" | "quit" | "firstCreate" | "chooseImage" | "newCluster" | null;
}

export type LogSource =
  | { kind: "node"; cluster: string; node: string }
  | {
      kind: "pod";
      cluster: string;
      namespace: string;
      pod: string;
      container: string;
      previous: boolean;
    }
  | { kind: "operation"; id: number };

export interface LogLine {
  at: number | null;
  text: string;
}

export interface LogBatch {
  lines: LogLine[];
  /** Why no more lines come, in a sentence. */
  ended: string | null;
  /** The connection was lost and lines may be missing before these. */
  lost: boolean;
}

export type TerminalTarget =
  | { kind: "node"; cluster: string; node: string }
  | { kind: "pod"; cluster: string; namespace: string; pod: string; container: string }
  | { kind: "cluster"; cluster: string };

export interface DeletePreview {
  nodes: number;
  pods: number | null;
  volumes: number | null;
  volumeBytes: number | null;
  kubeconfig: string[];
}

export interface ManifestObject {
  kind: string;
  apiVersion: string;
  namespace: string | null;
  name: string;
  change: "new" | "changed" | "unchanged";
  problem: string | null;
}

export interface ManifestPreview {
  objects: ManifestObject[];
  problems: string[];
}

export interface ConfigProblem {
  line: number;
  column: number;
  length: number;
  message: string;
  hint: string | null;
  severity: "error" | "warning";
  path: string;
}

/** The parsed Cluster YAML with its own field names, defaults filled. */
export type ClusterForm = Record<string, unknown>;

export interface ConfigCheck {
  problems: ConfigProblem[];
  cluster: ClusterForm | null;
}

export interface PlanItem {
  node: string | null;
  what: string;
  effect: string;
}

export interface ChangePlan {
  atOnce: PlanItem[];
  recreated: PlanItem[];
  impossible: PlanItem[];
}

export type CheckState = "ok" | "warning" | "failed" | "unknown" | "busy";

export interface Check {
  id: string;
  title: string;
  state: CheckState;
  detail: string;
  fix: { id: string; label: string } | null;
}

export interface DiagnosticsFile {
  name: string;
  sizeBytes: number;
  text: string;
  redactions: number;
}

export interface AppInfo {
  version: string;
}

/** Every command: its arguments and its answer. */
export interface Commands {
  snapshot_get: [Record<string, never>, Snapshot];
  cluster_create: [
    {
      source: { kind: "default" } | { kind: "text"; text: string };
      setContext: "never" | "asRule" | "always";
    },
    number,
  ];
  cluster_start: [{ name: string }, number];
  cluster_stop: [{ name: string }, number];
  cluster_restart: [{ name: string }, number];
  cluster_delete: [{ name: string }, number];
  cluster_delete_preview: [{ name: string }, DeletePreview];
  operation_cancel: [{ id: number }, null];
  operation_dismiss: [{ id: number }, null];
  operation_log: [{ id: number }, string[]];
  view_watch: [{ cluster: string | null }, null];
  usage_history: [{ cluster: string; seconds: number }, UsageSample[]];
  images_get: [{ cluster: string }, NodeImages[]];
  image_load: [{ cluster: string; token: string; nodes: string[] | null }, number[]];
  image_load_missing: [{ cluster: string; image: string }, number];
  drop_choose: [{ purpose: "image" | "yaml" | "any" }, Drop | null];
  drop_forget: [{ token: string }, null];
  manifest_preview: [{ cluster: string; token?: string; text?: string }, ManifestPreview];
  manifest_apply: [{ cluster: string; token: string }, number];
  config_check: [{ text: string }, ConfigCheck];
  config_preset: [{ name: "one" | "three"; clusterName: string }, string];
  config_of: [{ cluster: string }, string];
  config_plan: [{ cluster: string; text: string }, ChangePlan];
  config_apply: [{ cluster: string; text: string }, number];
  config_open: [{ token: string }, { text: string; path: string | null }];
  config_save: [{ text: string; path: string | null }, string | null];
  draft_get: [{ cluster: string | null }, string | null];
  draft_set: [{ cluster: string | null; text: string | null }, null];
  context_use: [{ name: string }, null];
  terminal_open: [{ target: TerminalTarget }, null];
  url_open: [{ url: string }, null];
  path_reveal: [{ what: "logs" | "kubeconfig" | "settings" }, null];
  doctor_check: [Record<string, never>, Check[]];
  doctor_fix: [{ id: string }, number];
  runtime_start: [Record<string, never>, number];
  runtime_stop: [Record<string, never>, number];
  settings_get: [Record<string, never>, Settings];
  settings_set: [{ settings: Settings }, Settings];
  settings_reset: [Record<string, never>, Settings];
  diagnostics_preview: [Record<string, never>, DiagnosticsFile[]];
  diagnostics_save: [Record<string, never>, string | null];
  notice_dismiss: [{ id: number }, null];
  app_quit: [{ when: "now" | "afterWork" }, null];
  app_info: [Record<string, never>, AppInfo];
  window_open: [{ window: "main" | "settings" }, null];
}

/** Every event that reaches a window. */
export interface Events {
  snapshot: Snapshot;
  view: ViewUpdate;
  usage: ClusterUsage;
  drop: DropEvent;
  open: OpenRequest;
  settings: Settings;
}

export type Call = <K extends keyof Commands>(
  name: K,
  ...args: Record<string, never> extends Commands[K][0] ? [] : [Commands[K][0]]
) => Promise<Commands[K][1]>;

export interface Host {
  /** The keyboard and the names of things: a Mac has CMD and "This Mac". */
  readonly platform: "mac" | "linux";
  /** The time in milliseconds since 1970. */
  now(): number;
  /** Calls a command. Rejects with a [`Failure`]. */
  readonly call: Call;
  /** Hears an event until the answer is called. */
  on<K extends keyof Events>(name: K, hear: (payload: Events[K]) => void): () => void;
  /** Follows a log until the answer is called. */
  log(
    source: LogSource,
    tail: number,
    hear: (batch: LogBatch) => void,
    fail: (failure: Failure) => void,
  ): () => void;
  /** Copies text. */
  copy(text: string): Promise<void>;
}

/** Makes a [`Failure`] of whatever was thrown. */
export function asFailure(error: unknown): Failure {
  if (typeof error === "object" && error !== null && "message" in error && "code" in error) {
    const failure = error as Failure;
    return { ...failure, hint: failure.hint ?? null, detail: failure.detail ?? null, logs: failure.logs ?? null };
  }
  return { code: "internal", message: String(error), hint: null, detail: null, logs: null };
}
