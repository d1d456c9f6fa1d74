/** The last lines of a log, and which of them are drawn. */
import type { LogBatch, LogLine } from "../host/types";
import { plain } from "./ansi";

export const keptLines = 10_000;

/** One entry of the shown log: a line, or a rule where the connection was lost. */
export interface Entry {
  /** Grows by one with each entry; never used again. */
  id: number;
  at: number | null;
  /** As it came. */
  text: string;
  /** As it is read. */
  plain: string;
  rule: boolean;
}

/** Lines as they come in; the oldest go when there are too many. */
export class LogBuffer {
  entries: Entry[] = [];
  ended: string | null = null;
  /** How many entries were dropped so far. */
  dropped = 0;
  private next = 0;

  constructor(private readonly limit = keptLines) {}

  add(batch: LogBatch, now: number): void {
    if (batch.lost && this.entries.length > 0) this.push({ at: now, text: "" }, true);
    for (const line of batch.lines) this.push(line, false);
    if (batch.ended !== null) this.ended = batch.ended;
    const over = this.entries.length - this.limit;
    if (over > 0) {
      this.entries = this.entries.slice(over);
      this.dropped += over;
    }
  }

  private push(line: LogLine, rule: boolean): void {
    this.entries.push({ id: this.next++, at: line.at, text: line.text, plain: plain(line.text), rule });
  }
}

/** How many columns a text takes in a monospaced font; wide letters take two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0;
    if (code === 9) columns += 8 - (columns % 8);
    else columns += code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xffe6) || code >= 0x1f300) ? 2 : 1;
  }
  return columns;
}

/** Where each entry begins, in lines; one more than there are entries. */
export function offsets(entries: Entry[], columns: number | null): Float64Array {
  const starts = new Float64Array(entries.length + 1);
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index];
    const rows = columns === null || entry === undefined ? 1 : Math.max(1, Math.ceil(columnsOf(entry.plain) / Math.max(8, columns)));
    starts[index + 1] = (starts[index] ?? 0) + rows;
  }
  return starts;
}

/** The entry at a height, by halving. */
export function entryAt(starts: Float64Array, line: number): number {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= line) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/** Entries that contain a text, by their index. */
export function findAll(entries: Entry[], text: string): number[] {
  if (text === "") return [];
  const wanted = text.toLowerCase();
  const found: number[] = [];
  entries.forEach((entry, index) => {
    if (entry.plain.toLowerCase().includes(wanted)) found.push(index);
  });
  return found;
}
