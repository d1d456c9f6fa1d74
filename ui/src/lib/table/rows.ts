/** Rows of a table: groups flattened into one list, sorted, and the part of it that is drawn. */

export interface Column<T> {
  id: string;
  title: string;
  /** Least width in pixels. */
  width: number;
  /** Share of the room that is left; 0 keeps the least width. */
  grow?: number;
  align?: "end";
  /** Never dropped when the table is narrow. */
  keep?: boolean;
  /** Order of two rows; without it the column can't be sorted. */
  order?: (a: T, b: T) => number;
}

export interface Group<T> {
  id: string;
  /** None: the rows stand without a heading. */
  title: string | null;
  rows: T[];
  /** What stands beside the heading: a count, a word. */
  note?: string;
  /** Whether its rows are hidden; undefined when it can't be folded. */
  folded?: boolean;
}

export interface Sort {
  column: string;
  descending: boolean;
}

export type Item<T> = { kind: "row"; key: string; row: T; level: 1 | 2 } | { kind: "group"; key: string; group: Group<T> };

/** All that can be scrolled to, in order. */
export function flatten<T>(groups: Group<T>[], columns: Column<T>[], sort: Sort | null, key: (row: T) => string): Item<T>[] {
  const order = sort === null ? undefined : columns.find((column) => column.id === sort.column)?.order;
  const items: Item<T>[] = [];
  for (const group of groups) {
    if (group.rows.length === 0) continue;
    if (group.title !== null) items.push({ kind: "group", key: `group:${group.id}`, group });
    if (group.folded === true) continue;
    const rows = order === undefined ? group.rows : group.rows.toSorted((a, b) => (sort?.descending ? order(b, a) : order(a, b)));
    for (const row of rows) items.push({ kind: "row", key: key(row), row, level: group.title === null ? 1 : 2 });
  }
  return items;
}

/** The columns that fit, dropped from the right; those that are kept stay however narrow it is. */
export function fitting<T>(columns: Column<T>[], width: number, gap: number): Column<T>[] {
  const shown = [...columns];
  const needed = () => shown.reduce((sum, column) => sum + column.width, 0) + gap * Math.max(0, shown.length - 1);
  while (needed() > width) {
    const at = shown.findLastIndex((column) => !column.keep);
    if (at < 0) break;
    shown.splice(at, 1);
  }
  return shown;
}

/** `grid-template-columns` of columns. */
export function template<T>(columns: Column<T>[]): string {
  return columns.map((column) => (column.grow ? `minmax(${column.width}px, ${column.grow}fr)` : `${column.width}px`)).join(" ");
}

/** Indexes of the rows that are drawn: those in view, some around them, and the one with the focus. */
export function drawn(count: number, scrollTop: number, height: number, rowHeight: number, focused: number, around = 10): number[] {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - around);
  const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + around);
  const indexes = Array.from({ length: Math.max(0, last - first) }, (_, offset) => first + offset);
  if (focused >= 0 && focused < first) indexes.unshift(focused);
  if (focused >= last && focused < count) indexes.push(focused);
  return indexes;
}

/** The next sorting when a heading is clicked: up, down, as it came. */
export function nextSort(sort: Sort | null, column: string): Sort | null {
  if (sort === null || sort.column !== column) return { column, descending: false };
  return sort.descending ? null : { column, descending: true };
}

const collator = new Intl.Collator("en", { numeric: true });

/** Names as people order them: `web-2` before `web-10`. */
export const byText = (a: string, b: string): number => collator.compare(a, b);

/** Numbers with the unknown ones last. */
export const byNumber = (a: number | null | undefined, b: number | null | undefined): number => (a ?? Infinity) - (b ?? Infinity) || 0;

/** The worst first. */
export const healthOrder: Record<string, number> = { failed: 0, degraded: 1, busy: 2, unknown: 3, healthy: 4, stopped: 5 };

/** The first row after `from` whose name starts with what was typed, going round. */
export function typed<T>(items: Item<T>[], from: number, text: string, name: (row: T) => string): number {
  const wanted = text.toLowerCase();
  // A single letter goes on to the next match; more letters stay where they still fit.
  const offset = text.length === 1 ? 1 : 0;
  for (let step = 0; step < items.length; step++) {
    const at = (from + offset + step + items.length) % items.length;
    const item = items[at];
    if (item?.kind === "row" && name(item.row).toLowerCase().startsWith(wanted)) return at;
  }
  return -1;
}

/** Whether a text matches all words of a filter. */
export function matches(filter: string, ...texts: (string | null | undefined)[]): boolean {
  const words = filter.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const all = texts.filter(Boolean).join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}
