/** A log that is followed: lines are taken over once a frame, however fast they come. */
import type { Failure, Host, LogBatch, LogSource } from "../host/types";
import { keptLines, LogBuffer, type Entry } from "./lines";

/** How many lines are asked for when a log is opened. */
const tail = 2000;

export class FollowedLog {
  entries = $state.raw<Entry[]>([]);
  ended = $state<string | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Whether something came yet: lines, or the word that there are none. */
  answered = $state(false);
  private buffer = new LogBuffer(keptLines);
  private waiting: LogBatch[] = [];
  private frame: number | null = null;
  private readonly stop: () => void;

  constructor(
    private readonly host: Host,
    source: LogSource,
  ) {
    this.stop = host.log(
      source,
      tail,
      (batch) => this.take(batch),
      (failure) => (this.failure = failure),
    );
  }

  close(): void {
    this.stop();
    if (this.frame !== null) cancelAnimationFrame(this.frame);
  }

  private take(batch: LogBatch): void {
    this.waiting.push(batch);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      for (const waiting of this.waiting.splice(0)) this.buffer.add(waiting, this.host.now());
      this.entries = [...this.buffer.entries];
      this.ended = this.buffer.ended;
      this.answered = true;
    });
  }
}
