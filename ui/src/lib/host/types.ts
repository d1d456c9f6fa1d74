/**
 * What the windows need from the program around them. There are two: Tauri, and a scripted one
 * for tests and for work on the design in a browser.
 *
 * What both sides say to each other is generated from Rust. Times are milliseconds since 1970,
 * sizes bytes, processor time cores; what is not known is null.
 */
import type { Commands, Events, Failure, LogBatch, LogSource } from "../bindings";

export type * from "../bindings";

/** Views of the main window. Only some of them are asked for from outside. */
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

/** Commands that are a call and an answer; logs have a way of their own. */
export type CommandName = Exclude<keyof Commands, "log_open" | "log_close">;

/** The arguments of a command, none when it takes none. */
export type Args<K extends CommandName> = Record<string, never> extends Commands[K]["args"] ? [] : [Commands[K]["args"]];

export interface Host {
  /** The keyboard and the names of things: a Mac has CMD and "This Mac". */
  readonly platform: "mac" | "linux";
  /** The time in milliseconds since 1970. */
  now(): number;
  /** Calls a command. Rejects with a `Failure`. */
  call<K extends CommandName>(name: K, ...args: Args<K>): Promise<Commands[K]["result"]>;
  /** Hears an event until the answer is called. */
  on<K extends keyof Events>(name: K, hear: (payload: Events[K]) => void): () => void;
  /** Follows a log until the answer is called. */
  log(source: LogSource, tail: number, hear: (batch: LogBatch) => void, fail: (failure: Failure) => void): () => void;
  /** Copies text. */
  copy(text: string): Promise<void>;
  /** Closes the window. */
  close(): void;
}

/** Makes a `Failure` of whatever was thrown. */
export function asFailure(error: unknown): Failure {
  if (typeof error === "object" && error !== null && "message" in error && "code" in error) {
    const failure = error as Failure;
    return { ...failure, hint: failure.hint ?? null, detail: failure.detail ?? null, logs: failure.logs ?? null };
  }
  return { code: "Internal", message: String(error), hint: null, detail: null, logs: null };
}
