/**
 * One configuration that is being edited: its text is the truth, form and drawing follow it.
 *
 * What form shows when: the text is right, or the form itself made it wrong: what is written, to
 * be edited. The text was made wrong by hand: the last right values, which can't be edited.
 */
import { asFailure, type ChangePlan, type ClusterForm, type ConfigCheck, type ConfigProblem, type Failure, type Host, type OpenedConfig, type Preset } from "../host/types";
import { readDraft, type Draft } from "./draft";
import { recall, remember } from "../state/remembered";
import { addWorker } from "./edits";
import type { Edited } from "./yaml-text";

/** How long after the last key the text is checked: form and drawing follow within 150 ms. */
const checkMs = 60;
const saveMs = 300;
const planMs = 400;

interface Replaced {
  text: string;
  file: OpenedConfig | null;
}

function isReplaced(value: unknown): value is Replaced | null {
  return value === null || (typeof value === "object" && "text" in value && typeof value.text === "string" && "file" in value);
}

export class ConfigSession {
  /** The running cluster that is edited; null for a new one. */
  readonly cluster: string | null;
  text = $state("");
  /** The text that a draft begins with: the cluster as it is, or a preset. */
  base = $state("");
  /** The cluster as it is now, to draw what changes. */
  current = $state.raw<ClusterForm | null>(null);
  /** What is written; what was written last when the text is wrong. */
  draft = $state.raw<Draft | null>(null);
  /** What it comes to, with defaults; of the last right text. */
  form = $state.raw<ClusterForm | null>(null);
  problems = $state.raw<ConfigProblem[]>([]);
  /** Whether the form waits for the text to be put right. */
  locked = $state(false);
  /** Whether the last edit of the form could not be made: only the text can change that place. */
  refused = $state(false);
  plan = $state.raw<ChangePlan | null>(null);
  savedAt = $state<number | null>(null);
  /** The file that the text was opened from or saved to, as it was then. */
  file = $state.raw<OpenedConfig | null>(null);
  private before = $state.raw<Replaced | null>(null);
  loaded = $state(false);
  failure = $state.raw<Failure | null>(null);
  private readonly host: Host;
  private timers: Record<string, ReturnType<typeof setTimeout> | undefined> = {};
  private asked = 0;
  private lastEditor: "text" | "form" = "text";

  constructor(host: Host, cluster: string | null) {
    this.host = host;
    this.cluster = cluster;
    this.before = recall(this.place, null, isReplaced);
  }

  /** A draft that something else has taken the place of, to be taken back: also in another view, or the next time. */
  get replaced(): Replaced | null {
    return this.before;
  }

  set replaced(before: Replaced | null) {
    this.before = before;
    remember(this.place, before);
  }

  private get place(): string {
    return `replaced.${this.cluster ?? ""}`;
  }

  readonly errors: ConfigProblem[] = $derived(
    this.problems.filter((problem) => problem.severity === "error"),
  );

  /** Errors of what the form shows; while it waits for the text, it shows something else. */
  readonly fieldErrors: ConfigProblem[] = $derived(this.locked ? [] : this.errors);

  /** Whether the text differs from what it began with. */
  readonly changed: boolean = $derived(this.text !== this.base);

  /** Whether the form may be edited. */
  readonly editable: boolean = $derived(
    !this.locked && this.draft !== null && this.draft.format === "own",
  );

  /** Reads the draft of last time, or what there is to begin with. */
  async open(begin: { preset: Preset; name: string }): Promise<void> {
    const { host, cluster } = this;
    this.failure = null;
    try {
      const [draft, base] = await Promise.all([
        host.call("draft_get", { cluster }),
        cluster === null
          ? host.call("config_preset", { name: begin.preset, clusterName: begin.name })
          : host.call("config_of", { cluster }),
      ]);
      this.base = base;
      if (cluster !== null) this.current = (await host.call("config_check", { text: base })).cluster;
      this.text = draft ?? base;
      await this.check();
      this.loaded = true;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** The text was edited by hand. */
  write(text: string): void {
    if (text === this.text) return;
    this.lastEditor = "text";
    this.refused = false;
    this.take(text);
    this.later("check", checkMs, () => void this.check());
  }

  /** The form was edited: an edit of the text, or a refusal. */
  apply(edit: (text: string) => Edited): boolean {
    if (!this.editable) return false;
    const edited = edit(this.text);
    this.refused = !edited.ok;
    if (!edited.ok) return false;
    if (edited.text === this.text) return true;
    this.lastEditor = "form";
    this.take(edited.text);
    this.draft = readDraft(edited.text) ?? this.draft;
    void this.check();
    return true;
  }

  /** Adds a worker like the last one; gives its entry, or null where it could not be added. */
  addWorker(): number | null {
    const last = this.draft?.nodes.findLast((node) => node.role === "worker");
    const size = { ...(last?.cpus ? { cpus: last.cpus } : {}), ...(last?.memory ? { memory: last.memory } : {}) };
    return this.apply((text) => addWorker(text, size)) ? (this.draft?.nodes.length ?? 1) - 1 : null;
  }

  /** Begins anew with another text: a preset, a file. A draft that it replaces is not lost. */
  replace(text: string, file: OpenedConfig | null = null): void {
    this.replaced = this.changed && text !== this.text ? { text: this.text, file: this.file } : null;
    this.file = file;
    this.lastEditor = "text";
    this.refused = false;
    this.take(text);
    void this.check();
  }

  /** Takes back the draft that was replaced last. */
  takeBack(): void {
    const before = this.replaced;
    if (before === null) return;
    this.replace(before.text, before.file);
    this.replaced = null;
  }

  /** Back to what the draft began with. */
  revert(): void {
    this.replace(this.base, this.file);
    this.forget();
  }

  /** The cluster was changed: what it is now is what further changes are counted from. */
  async rebase(): Promise<void> {
    const { host, cluster } = this;
    if (cluster === null) return;
    try {
      const base = await host.call("config_of", { cluster });
      this.current = (await host.call("config_check", { text: base })).cluster;
      const { text } = this;
      const plan = await host.call("config_plan", { cluster, text });
      const left = plan.atOnce.length + plan.recreated.length + plan.impossible.length;
      // The text may say the same in other words and with comments: it stays.
      this.base = left === 0 ? text : base;
      this.plan = left === 0 ? null : plan;
      if (left === 0) this.forget();
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** The draft has become a cluster, or part of one. */
  forget(): void {
    this.stop("save");
    this.savedAt = null;
    void this.host.call("draft_set", { cluster: this.cluster, text: null }).catch(() => undefined);
  }

  /** Writes the draft now, as when the view goes. */
  async flush(): Promise<void> {
    if (this.timers["save"] === undefined) return;
    this.stop("save");
    await this.save();
  }

  end(): void {
    void this.flush();
    for (const name of Object.keys(this.timers)) this.stop(name);
  }

  private take(text: string): void {
    this.text = text;
    this.later("save", saveMs, () => void this.save());
  }

  private async check(): Promise<void> {
    const text = this.text;
    const ask = ++this.asked;
    let found: ConfigCheck;
    try {
      found = await this.host.call("config_check", { text });
    } catch (error) {
      this.failure = asFailure(error);
      return;
    }
    if (ask !== this.asked) return;
    this.failure = null;
    this.problems = found.problems;
    if (found.cluster !== null) {
      this.form = found.cluster;
      this.draft = readDraft(text) ?? this.draft;
      this.locked = false;
      this.stop("plan");
      if (this.cluster !== null) this.later("plan", planMs, () => void this.replan());
    } else if (this.lastEditor === "text") {
      this.locked = true;
      this.draft ??= readDraft(text);
    }
  }

  /** What the draft means for the running cluster; without an answer the last one goes. */
  private async replan(): Promise<void> {
    const { cluster, text } = this;
    if (cluster === null) return;
    if (!this.changed) {
      this.plan = null;
      return;
    }
    const plan = await this.host.call("config_plan", { cluster, text }).catch(() => null);
    if (text === this.text) this.plan = plan;
  }

  private async save(): Promise<void> {
    this.timers["save"] = undefined;
    const text = this.changed ? this.text : null;
    try {
      await this.host.call("draft_set", { cluster: this.cluster, text });
      this.savedAt = text === null ? null : this.host.now();
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  private later(name: string, ms: number, act: () => void): void {
    this.stop(name);
    this.timers[name] = setTimeout(() => {
      this.timers[name] = undefined;
      act();
    }, ms);
  }

  private stop(name: string): void {
    clearTimeout(this.timers[name]);
    this.timers[name] = undefined;
  }
}

/** The problem of a field, by its path; of the field itself or inside of it. */
export function problemAt(problems: readonly ConfigProblem[], path: string): ConfigProblem | null {
  return problems.find((problem) => problem.path === path) ?? null;
}

/** Problems of an entry of the list of nodes. */
export function problemsOfNode(problems: readonly ConfigProblem[], index: number): ConfigProblem[] {
  const path = `spec.nodes[${index}]`;
  return problems.filter((problem) => problem.path === path || problem.path.startsWith(`${path}.`));
}

/** A place of a problem as an offset of the text: columns count characters, offsets UTF-16 units. */
export function offsetsOf(
  line: string,
  problem: { column: number; length: number },
): { from: number; to: number } {
  const letters = Array.from(line);
  const from = letters.slice(0, problem.column - 1).join("").length;
  const to = letters.slice(0, problem.column - 1 + problem.length).join("").length;
  return { from, to: Math.max(to, Math.min(from + 1, line.length)) };
}
