/**
 * A scripted host: the same windows without anything behind them. `?scenario=` chooses the state
 * of the world, `?platform=` the keyboard, `?frozen` stops the clock for pictures.
 *
 * Tests reach it as `window.scripted` to send events and to read which commands were called.
 */
import { scenarios, type Scenario } from "./scripted/scenarios";
import { building } from "./scripted/building";
import { checkConfig, planConfig, presets } from "./scripted/config";
import { logLine } from "./scripted/logs";
import { Gi, Mi, second, start, usageAt, version } from "./scripted/world";
import type { ClusterView, CommandLine, Operation, Snapshot } from "./types";
import type { CommandName, Commands, Events, Host, LogBatch, Settings } from "./types";

type Handlers = {
  [K in CommandName]: (args: Commands[K]["args"]) => Commands[K]["result"] | Promise<Commands[K]["result"]>;
};

/** What tests can do with a scripted host. */
export interface Scripted extends Host {
  /** Commands that were called, in their order. */
  readonly calls: { name: string; args: unknown }[];
  /** Sends an event to the window. */
  send<K extends keyof Events>(name: K, payload: Events[K]): void;
  /** Changes the snapshot and sends it. */
  change(edit: (snapshot: Snapshot) => Partial<Snapshot>): void;
  /** Changes what is seen of a cluster and sends it. */
  changeView(cluster: string, edit: (view: ClusterView) => Partial<ClusterView>): void;
  /** Answers a command in another way from now on; throw a `Failure` to make it fail. */
  answer<K extends CommandName>(name: K, how: Handlers[K]): void;
}

const defaults: Settings = {
  version: 1,
  startAtLogin: false,
  startClusters: [],
  showInMenuBar: true,
  appearance: "system",
  notify: true,
  follow: "whenCreated",
  followAsked: true,
  newCluster: { name: "dev", workers: 0, cpus: null, memory: null, kubernetesVersion: null },
  containerPath: null,
  kubeconfig: null,
};

/** Makes a host that plays the scenario. */
export function createScripted(scenario: Scenario, options: { platform?: "mac" | "linux"; frozen?: boolean } = {}): Scripted {
  const opened = Date.now();
  const now = () => (options.frozen ? start : start + Date.now() - opened);
  const calls: Scripted["calls"] = [];
  const hearers = new Map<string, Set<(payload: unknown) => void>>();
  let snapshot = scenario.snapshot;
  let settings: Settings = { ...defaults, ...scenario.settings };
  let commandLine: CommandLine = {
    link: options.platform === "linux" ? "/home/me/.local/bin/apple-k8s" : "/usr/local/bin/apple-k8s",
    program: options.platform === "linux" ? "/opt/apple-k8s/apple-k8s" : "/Applications/apple-k8s.app/Contents/MacOS/apple-k8s",
    searched: true,
    found: { state: "absent" },
  };
  let watched: string | null = null;
  let revision = 1;
  let nextOperation = 100;
  const drafts = new Map<string | null, string>();

  const send: Scripted["send"] = (name, payload) => {
    for (const hear of hearers.get(name) ?? []) hear(payload);
  };
  const change: Scripted["change"] = (edit) => {
    snapshot = { ...snapshot, ...edit(snapshot), revision: snapshot.revision + 1 };
    send("snapshot", snapshot);
  };
  const sendView = () => {
    const view = watched === null ? undefined : scenario.views[watched];
    if (watched === null || view === undefined || scenario.silent) return;
    const fresh = view.stale === null && view.asOf !== null ? { ...view, asOf: now() } : view;
    send("view", { cluster: watched, revision: revision++, view: fresh });
  };
  const changeView: Scripted["changeView"] = (cluster, edit) => {
    const view = scenario.views[cluster];
    if (view === undefined) return;
    scenario.views[cluster] = { ...view, ...edit(view) };
    if (watched === cluster) sendView();
  };
  const measured = (at: number) => {
    const [from, to] = scenario.gap ?? [0, 0];
    const ago = (now() - at) / second;
    return ago > from || ago <= to - 0.5 || from === to ? true : false;
  };

  const begin = (kind: Operation["kind"], cluster: string | null, subject: string | null = null): number => {
    const id = nextOperation++;
    change((old) => ({
      operations: [
        ...old.operations.filter((row) => row.ended === null),
        {
          id,
          kind,
          cluster,
          subject,
          started: now(),
          ended: null,
          stage: 1,
          stages: kind === "stop" || kind === "delete" ? 2 : 7,
          stageName: kind === "stop" || kind === "delete" ? "Nodes" : "Check",
          percent: 3,
          lastTookMs: null,
          state: "running",
          cancellable: kind !== "stop" && kind !== "delete",
          elsewhere: false,
          steps: [],
          failure: null,
          outcome: null,
        },
      ],
      clusters: old.clusters.map((row) => (row.name === cluster && !["load", "apply", "exportLogs"].includes(kind) ? { ...row, health: "busy" } : row)),
    }));
    return id;
  };
  const finish = (id: number, more: Partial<Operation>) =>
    change((old) => ({
      operations: old.operations.map((row) => (row.id === id ? { ...row, ended: now(), percent: 100, ...more } : row)),
    }));

  const handlers: Handlers = {
    snapshot_get: () => snapshot,
    cluster_create: ({ source }) => {
      const name = source.kind === "text" ? (/name: (\S+)/.exec(source.text)?.[1] ?? "dev") : settings.newCluster.name;
      change((old) => ({
        subject: name,
        clusters: [
          ...old.clusters,
          { name, health: "busy", state: "partial", why: null, problems: 0, nodes: 1, readyNodes: null, version: null, context: name, server: null, started: null, lastRun: null, usage: null },
        ],
      }));
      return begin("create", name);
    },
    cluster_start: ({ name }) => begin("start", name),
    cluster_stop: ({ name }) => begin("stop", name),
    cluster_restart: ({ name }) => begin("restart", name),
    cluster_delete: ({ name }) => {
      const id = begin("delete", name);
      setTimeout(() => {
        change((old) => ({ clusters: old.clusters.filter((row) => row.name !== name) }));
        finish(id, { state: "done", outcome: `“${name}” was deleted.` });
      }, 300);
      return id;
    },
    cluster_delete_preview: ({ name }) => {
      const nodes = scenario.views[name]?.nodes.length ?? 1;
      // Only one that runs can be asked what it holds.
      const held = snapshot.clusters.find((row) => row.name === name)?.state === "stopped" ? { pods: null, volumes: null, volumeBytes: null } : { pods: 34, volumes: 2, volumeBytes: 4.1 * Gi };
      return { nodes, ...held, kubeconfig: ["~/.kube/config"] };
    },
    logs_export: ({ cluster }) => begin("exportLogs", cluster),
    operation_cancel: ({ id }) => {
      change((old) => ({ operations: old.operations.map((row) => (row.id === id ? { ...row, state: "cancelling", cancellable: false } : row)) }));
      return null;
    },
    operation_dismiss: ({ id }) => {
      change((old) => ({ operations: old.operations.filter((row) => row.id !== id) }));
      return null;
    },
    view_watch: ({ cluster }) => {
      watched = cluster;
      setTimeout(sendView, 0);
      return null;
    },
    window_seen: () => null,
    usage_history: ({ cluster, seconds }) => {
      const nodes = scenario.views[cluster]?.nodes ?? [];
      if (nodes.length === 0) return [];
      const first = Math.ceil((now() - Math.min(seconds, 15 * 60) * second) / (2 * second)) * 2 * second;
      return Array.from({ length: Math.floor((now() - first) / (2 * second)) + 1 }, (_, index) => first + index * 2 * second)
        .filter(measured)
        .map((at) => usageAt(at, nodes, now() - at < 4 * second ? scenario.views[cluster]?.pods : []));
    },
    images_get: ({ cluster }) =>
      scenario.images ??
      (scenario.views[cluster]?.nodes ?? []).map((node, index) => ({
        node: node.name,
        images: [
          { id: "sha256:51aa", repoTags: ["docker.io/library/shop:2.1"], size: 412 * Mi, pinned: false, platform: "linux/arm64" },
          ...(index < 2 ? [{ id: "sha256:0c44", repoTags: ["docker.io/library/cart:dev"], size: 98 * Mi, pinned: false, platform: "linux/arm64" }] : []),
          { id: "sha256:77fe", repoTags: ["registry.k8s.io/pause:3.10.1"], size: 0.5 * Mi, pinned: true, platform: "linux/arm64" },
          { id: "sha256:90d1", repoTags: ["registry.k8s.io/kube-proxy:v1.37.1"], size: 26 * Mi, pinned: true, platform: "linux/arm64" },
        ],
      })),
    image_load: ({ cluster }) => [begin("load", cluster, "shop:2.1")],
    image_load_missing: ({ cluster, image }) => begin("load", cluster, image),
    drop_choose: ({ purpose }) => ({
      token: "chosen",
      files: [
        purpose === "yaml"
          ? { name: "shop.yaml", sizeBytes: 4120, kind: "manifests", what: "Kubernetes manifests", images: [], problem: null }
          : { name: "shop.tar", sizeBytes: 412 * Mi, kind: "imageArchive", what: "image archive", images: ["shop:2.1"], problem: null },
      ],
    }),
    drop_forget: () => null,
    manifest_preview: () => ({
      objects: [
        { kind: "Deployment", apiVersion: "apps/v1", namespace: "shop", name: "web", change: "changed", line: 1, problem: null, note: null },
        { kind: "Service", apiVersion: "v1", namespace: "shop", name: "web", change: "unchanged", line: 13, problem: null, note: null },
        { kind: "ConfigMap", apiVersion: "v1", namespace: "shop", name: "web-settings", change: "new", line: 25, problem: null, note: null },
      ],
      problems: [],
    }),
    manifest_apply: ({ cluster }) => begin("apply", cluster, "3 objects"),
    config_check: ({ text }) => checkConfig(text),
    config_preset: ({ name, clusterName }) => presets[name](clusterName),
    config_of: ({ cluster }) => presets.three(cluster),
    config_plan: ({ cluster, text }) => planConfig(presets.three(cluster), text),
    config_apply: ({ cluster }) => begin("change", cluster),
    config_open: () => ({ text: presets.three("shop"), path: "~/src/shop/cluster.yaml" }),
    config_save: ({ text, over }) => ({ kind: "saved", file: { text, path: over?.path ?? "~/cluster.yaml" } }),
    draft_get: ({ cluster }) => drafts.get(cluster) ?? null,
    draft_set: ({ cluster, text }) => {
      if (text === null) drafts.delete(cluster);
      else drafts.set(cluster, text);
      return null;
    },
    context_use: ({ name }) => {
      change((old) => ({ contexts: { ...old.contexts, current: name, switchedElsewhere: null } }));
      return null;
    },
    terminal_open: () => null,
    url_open: () => null,
    path_reveal: () => null,
    doctor_check: () => scenario.checks,
    doctor_fix: ({ id }) => {
      const operation = begin("fix", null, id);
      setTimeout(() => {
        scenario.checks = scenario.checks.map((check) => (check.fix?.id === id ? { ...check, state: "ok", detail: "running", fix: null } : check));
        finish(operation, { state: "done" });
      }, 300);
      return operation;
    },
    runtime_start: () => begin("fix", null, "service"),
    runtime_stop: () => begin("fix", null, "service"),
    settings_get: () => settings,
    settings_set: (args) => {
      settings = args.settings;
      send("settings", settings);
      return settings;
    },
    settings_reset: () => {
      settings = defaults;
      send("settings", settings);
      return settings;
    },
    diagnostics_preview: () => [
      { name: "doctor.txt", sizeBytes: 1200, text: "container 1.5.0\nservice running\n", redactions: 0 },
      { name: "kubeconfig.yaml", sizeBytes: 3100, text: "users:\n- name: dev\n  user:\n    client-key-data: [left out]\n", redactions: 2 },
    ],
    diagnostics_save: () => "~/Desktop/apple-k8s-diagnostics.zip",
    notice_dismiss: ({ id }) => {
      change((old) => ({ notices: old.notices.filter((row) => row.id !== id) }));
      return null;
    },
    app_quit: ({ when }) => {
      if (when !== "now") change(() => ({ leaving: when === "afterWork" }));
      return null;
    },
    command_line_get: () => commandLine,
    command_line_set: ({ installed }) => (commandLine = { ...commandLine, found: { state: installed ? "linked" : "absent" } }),
    app_info: () => ({
      version: "0.1.0",
      platform: options.platform === "linux" ? "linux" : "macos",
      architecture: "arm64",
      cpus: 10,
      memoryBytes: 24 * Gi,
      kubernetesVersion: version,
      logs: "~/Library/Logs/apple-k8s",
      config: "~/Library/Application Support/apple-k8s",
    }),
    window_open: () => null,
  };

  if (!options.frozen)
    setInterval(() => {
      const nodes = watched === null ? [] : (scenario.views[watched]?.nodes ?? []);
      if (watched !== null && nodes.length > 0 && measured(now())) send("usage", { cluster: watched, ...usageAt(now(), nodes, scenario.views[watched]?.pods) });
    }, 2 * second);

  return {
    platform: options.platform ?? "mac",
    now,
    calls,
    send,
    change,
    changeView,
    answer: (name, how) => {
      handlers[name] = how;
    },
    call: async (name, ...args) => {
      calls.push({ name, args: args[0] });
      return handlers[name]((args[0] ?? {}) as never) as never;
    },
    on: (name, hear) => {
      const heard = hearers.get(name) ?? new Set();
      heard.add(hear as (payload: unknown) => void);
      hearers.set(name, heard);
      return () => heard.delete(hear as (payload: unknown) => void);
    },
    log: (source, tail, hear) => {
      const total = source.kind === "operation" ? 12 : 400;
      const first: LogBatch = {
        lines: Array.from({ length: Math.min(tail, total) }, (_, index) => logLine(total - Math.min(tail, total) + index, now(), total)),
        ended: source.kind === "pod" && source.previous ? "Container ended with 137 at 14:03:12." : null,
        lost: false,
      };
      let index = total;
      const sending = setTimeout(() => hear(first), 0);
      const following =
        options.frozen || first.ended !== null
          ? undefined
          : setInterval(() => hear({ lines: [{ ...logLine(index++, now(), index), at: now() }], ended: null, lost: false }), 400);
      return () => {
        clearTimeout(sending);
        clearInterval(following);
      };
    },
    copy: async (text) => {
      calls.push({ name: "copy", args: text });
    },
    close: () => void calls.push({ name: "close", args: undefined }),
  };
}

/** The host of this page, as its address asks for it. */
export function createHost(): Host {
  const asked = new URLSearchParams(location.search);
  const all = { ...scenarios, ...building };
  const scenario = all[asked.get("scenario") ?? "three-nodes"] ?? scenarios["three-nodes"];
  if (scenario === undefined) throw new Error("no scenario");
  const host = createScripted(scenario(), {
    platform: asked.get("platform") === "linux" ? "linux" : "mac",
    frozen: asked.has("frozen"),
  });
  Object.assign(window, { scripted: host });
  return host;
}
