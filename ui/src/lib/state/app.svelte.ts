/**
 * The state of a window. What Rust knows is replaced as a whole, never patched; the rest is where
 * the person is.
 */
import { createContext } from "svelte";
import { asFailure, type Args, type CommandName, type Commands, type Host, type LogSource, type OpenRequest, type UsageUpdate, type ViewId } from "../host/types";
import type { AppInfo, Cluster, ClusterView, Failure, OpenedConfig, Operation, OperationKind, Settings, Snapshot } from "../host/types";
import { onRemembered, recall, remember } from "./remembered";
import { Announcer } from "./announcer.svelte";
import { Sheets } from "./sheets.svelte";
import { viewWords } from "../words";
import { UsageHistory } from "./usage.svelte";

const tickMs = 1000;

/** Which row of which view is selected. */
export interface Place {
  view: ViewId;
  cluster: string | null;
}

const isView = (value: unknown): value is ViewId => typeof value === "string" && value in viewWords;
const isWidths = (value: unknown): value is { sidebar: number; inspector: number } => {
  if (typeof value !== "object" || value === null) return false;
  const { sidebar, inspector } = value as Record<string, unknown>;
  const within = (width: unknown, least: number, most: number) => typeof width === "number" && width >= least && width <= most;
  return within(sidebar, 180, 280) && within(inspector, 280, 420);
};

/** Whether work of this kind changes the cluster itself, and not only what is in it. */
const changes = (kind: OperationKind): boolean => !["load", "apply", "exportLogs"].includes(kind);

/** The selected row, for the keys that act on it. */
export interface Selection {
  name: string;
  logs?: () => void;
  shell?: () => void;
}

export class App {
  readonly host: Host;
  /** Null until the first one came. */
  snapshot = $state.raw<Snapshot | null>(null);
  /** What is observed of the shown cluster; null until the first update. */
  view = $state.raw<ClusterView | null>(null);
  settings = $state.raw<Settings | null>(null);
  /** Moves on once a second while the window is visible. */
  now = $state(0);
  place = $state.raw<Place>({ view: recall("view", "overview", isView), cluster: null });
  /** Widths in pixels of what can be made wider. */
  widths = $state.raw(recall("widths", { sidebar: 208, inspector: 320 }, isWidths));
  /** What the next shown view shall select or show: a row's identity, a log source. */
  focusOn = $state.raw<string | null>(null);
  /** Whether somebody went to another view: from then on the focus follows. */
  navigated = false;
  /** The log that the logs view shows. */
  logSource = $state.raw<LogSource | null>(null);
  /** What the selection in the shown view can do: logs, a shell, its name. Set by the view. */
  selection = $state.raw<Selection | null>(null);
  /** A Cluster YAML that was dropped or chosen, for the configurator to take. */
  openedConfig = $state.raw<OpenedConfig | null>(null);
  /** Tokens of the files that loads were begun with, by operation: to try again on some nodes. */
  readonly loads: Record<number, string> = {};
  /** What the app and this machine are. */
  info = $state.raw<AppInfo | null>(null);
  inspectorOpen = $state(true);
  sidebarOpen = $state(true);
  readonly usage: UsageHistory;
  readonly sheets = new Sheets();
  readonly announcer = new Announcer();
  private stops: (() => void)[] = [];

  /** Whether the window shows a cluster: the settings show none, and may not ask for one. */
  readonly watches: boolean;

  constructor(host: Host, { watches = true } = {}) {
    this.host = host;
    this.watches = watches;
    this.now = host.now();
    this.usage = new UsageHistory();
  }

  readonly cluster: Cluster | null = $derived(
    this.snapshot?.clusters.find((cluster) => cluster.name === this.place.cluster) ?? null,
  );

  /** Whether nothing of the shown cluster runs, by wish or because it was only half made: nobody waits for its answer. */
  readonly resting: boolean = $derived(this.cluster?.state === "stopped" || this.cluster?.state === "incomplete");

  /** What runs in the shown cluster; null where nothing can, whatever was seen before. */
  readonly contents: ClusterView | null = $derived(this.resting ? null : this.view);

  /** Whether what is shown is from before, because the cluster should answer and does not. */
  readonly old: boolean = $derived(!this.resting && this.view !== null && this.view.stale !== null);

  /** Operations of the shown cluster that have not ended, the newest last. */
  readonly running: Operation[] = $derived(
    (this.snapshot?.operations ?? []).filter((row) => row.ended === null && row.cluster === this.place.cluster),
  );

  /** The operation that changes the shown cluster itself; the others leave it usable. */
  readonly work: Operation | null = $derived(this.running.findLast((row) => changes(row.kind)) ?? null);

  /** The creation of the shown cluster: one that goes on, or that did not end well and is still to be read. */
  readonly creation: Operation | null = $derived(
    (this.snapshot?.operations ?? []).findLast(
      (row) => row.kind === "create" && row.state !== "done" && row.cluster !== null && row.cluster === this.place.cluster,
    ) ?? null,
  );

  /** Whether the API of the shown cluster can be asked now. */
  readonly live: boolean = $derived(
    this.view !== null && this.view.stale === null && this.view.asOf !== null && this.snapshot?.runtime.state === "ready",
  );

  /** Whether a cluster exists, or is being made. */
  readonly hasCluster: boolean = $derived((this.snapshot?.clusters.length ?? 0) > 0);

  /** Begins to listen; the answer ends it. */
  connect(): () => void {
    const { host } = this;
    this.stops = [
      host.on("snapshot", (snapshot) => this.take(snapshot)),
      host.on("view", ({ cluster, view }) => {
        if (cluster === this.place.cluster) this.view = view;
      }),
      host.on("usage", (sample) => this.measure(sample)),
      host.on("settings", (settings) => (this.settings = settings)),
      host.on("open", (request) => this.open(request)),
    ];
    const ticking = setInterval(() => {
      if (document.visibilityState === "visible") this.now = host.now();
    }, tickMs);
    this.stops.push(() => clearInterval(ticking));
    // The settings name a view when they bring this window forward.
    if (this.watches) this.stops.push(onRemembered("view", () => this.show(recall("view", "overview", isView))));
    void host.call("snapshot_get").then((snapshot) => this.take(snapshot), () => undefined);
    void host.call("app_info").then((info) => (this.info = info), () => undefined);
    void host.call("settings_get").then((settings) => (this.settings = settings), () => undefined);
    return () => this.stops.splice(0).forEach((stop) => stop());
  }

  /** Shows a view; keeps the cluster unless another one is named. */
  show(view: ViewId, cluster: string | null | undefined = this.place.cluster, focusOn: string | null = null): void {
    this.focusOn = focusOn;
    this.navigated = true;
    this.selection = null;
    const changed = cluster !== this.place.cluster;
    this.place = { view, cluster };
    remember("view", view);
    if (changed) this.watch();
  }

  resize(part: "sidebar" | "inspector", width: number): void {
    this.widths = { ...this.widths, [part]: width };
    remember("widths", this.widths);
  }

  /** Shows another cluster in the same view. */
  choose(cluster: string): void {
    const view = this.place.view === "diagnostics" ? "overview" : this.place.view;
    this.show(view, cluster);
  }

  /** Calls a command; a failure is shown as a sheet. Answers undefined then. */
  async run<K extends CommandName>(name: K, ...args: Args<K>): Promise<Commands[K]["result"] | undefined> {
    try {
      return await this.host.call(name, ...args);
    } catch (error) {
      this.fail(asFailure(error));
      return undefined;
    }
  }

  /** Shows a failure that no view shows in place. */
  fail(failure: Failure): void {
    this.sheets.failure(failure, this.host.now());
  }

  /** Tells screen readers; an assertive message interrupts. */
  say(text: string, assertive = false): void {
    this.announcer.say(text, assertive);
  }

  private take(snapshot: Snapshot): void {
    if (this.snapshot !== null && snapshot.revision <= this.snapshot.revision) return;
    this.snapshot = snapshot;
    this.now = this.host.now();
    const names = snapshot.clusters.map((cluster) => cluster.name);
    // A creation that failed left no cluster, but has something to say.
    for (const row of snapshot.operations) {
      if (row.kind === "create" && row.state !== "done" && row.cluster !== null) names.push(row.cluster);
    }
    // A new cluster is being thought about: it has no name yet.
    if (this.place.cluster === null && this.place.view === "configuration") return;
    if (this.place.cluster === null || !names.includes(this.place.cluster)) {
      const next = snapshot.subject !== null && names.includes(snapshot.subject) ? snapshot.subject : (names[0] ?? null);
      if (next !== this.place.cluster) {
        this.place = { ...this.place, cluster: next };
        this.watch();
      }
    }
  }

  private open(request: OpenRequest): void {
    // The configuration of no cluster is that of a new one.
    const cluster = request.view === "configuration" ? request.cluster : (request.cluster ?? this.place.cluster);
    this.show(request.view ?? this.place.view, cluster);
    if (request.dialog !== null) this.sheets.ask(request.dialog, cluster);
  }

  private measure(sample: UsageUpdate): void {
    if (sample.cluster === this.place.cluster) this.usage.add(sample);
  }

  private watch(): void {
    if (!this.watches) return;
    const { cluster } = this.place;
    this.view = null;
    this.usage.clear(this.host.now());
    void this.host.call("view_watch", { cluster }).catch((error) => this.fail(asFailure(error)));
    if (cluster === null) return;
    // A history that can't be had is no failure: samples come anyway.
    this.host.call("usage_history", { cluster, seconds: 3600 }).then(
      (samples) => {
        if (this.place.cluster === cluster) this.usage.fill(samples);
      },
      () => undefined,
    );
  }
}

/** The state of this window, for every component in it. */
export const [useApp, provideApp] = createContext<App>();
