/** Where two texts differ, for those who must choose between them. */

export interface Difference {
  /** The first line that differs, from 1. */
  line: number;
  /** Lines that are only in the first text; blank ones too. */
  gone: string[];
  /** Lines that stand in their place in the second. */
  come: string[];
}

/** What lies between the lines that two texts begin with alike and those that they end with alike. */
export function difference(before: string, after: string): Difference {
  const old = before.split("\n");
  const now = after.split("\n");
  const least = Math.min(old.length, now.length);
  let head = 0;
  while (head < least && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < least - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  return { line: head + 1, gone: old.slice(head, old.length - tail), come: now.slice(head, now.length - tail) };
}
