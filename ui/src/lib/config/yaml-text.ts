/**
 * Edits of a YAML text that change nothing but the lines of what is edited: comments, order,
 * quoting, blank lines and line ends stay as the person wrote them.
 *
 * Each edit is proved: the new text is read again, and when it does not mean exactly what the old
 * one meant plus the edit, the edit is refused.
 */
import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  type CST,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { flow, isBare, itemLines, keyed, pairLines, scalar, type Value } from "./yaml-write";

export type { Value };

/** A place in the document: keys of mappings and positions in lists. */
export type Path = readonly (string | number)[];

/** The outcome of an edit. */
export type Edited =
  | { ok: true; text: string }
  /** `unreadable`: the text is no YAML. `entangled`: only a person can edit this place. */
  | { ok: false; why: "unreadable" | "entangled" };

/** Order in which the keys of a mapping are written, by the name of the mapping. */
export type KeyOrder = (path: Path) => readonly string[];

type Block = { text: string; doc: Document.Parsed; eol: string; order: KeyOrder };
type Splice = { from: number; to: number; insert: string };

class Entangled extends Error {}

const PARSE = { keepSourceTokens: true, merge: true, logLevel: "error" } as const;

/** Sets a scalar, or writes a value where there is none yet. */
export function setIn(text: string, path: Path, value: Value, order: KeyOrder = () => []): Edited {
  return edit(
    text,
    order,
    (block) => splicesOfSet(block, path, value),
    (plain) => {
      assign(plain, path, value);
    },
  );
}

/** Appends to a list, which is made when it is not there. */
export function appendIn(
  text: string,
  path: Path,
  value: Value,
  order: KeyOrder = () => [],
): Edited {
  return edit(
    text,
    order,
    (block) => {
      const list = nodeAt(block.doc, path);
      return isSeq(list) && list.items.length > 0
        ? appendItem(block, list, path, value)
        : splicesOfSet(block, path, [value]);
    },
    (plain) => {
      const list = lookUp(plain, path);
      if (Array.isArray(list)) list.push(value);
      else assign(plain, path, [value]);
    },
  );
}

/** Removes an entry, and with it collections above it, at least `keep` keys deep, that it empties. */
export function removeIn(
  text: string,
  path: Path,
  keep = path.length,
  order: KeyOrder = () => [],
): Edited {
  let gone = path;
  return edit(
    text,
    order,
    (block) => {
      while (gone.length > keep) {
        const parent = nodeAt(block.doc, gone.slice(0, -1));
        if (!isCollection(parent) || parent.items.length > 1) break;
        gone = gone.slice(0, -1);
      }
      return [removal(block, gone)];
    },
    (plain) => {
      const parent = lookUp(plain, gone.slice(0, -1));
      const key = gone[gone.length - 1];
      if (Array.isArray(parent) && typeof key === "number") parent.splice(key, 1);
      else if (isPlainObject(parent)) delete parent[String(key)];
    },
  );
}

/** Renames a key of a mapping. */
export function renameKey(text: string, path: Path, name: string): Edited {
  return edit(
    text,
    () => [],
    (block) => {
      const pair = pairAt(block, path);
      if (!isScalar(pair.key)) throw new Entangled();
      return [replaceScalar(block, pair.key, name, inFlow(block, path.slice(0, -1)))];
    },
    (plain) => {
      const parent = lookUp(plain, path.slice(0, -1));
      const key = String(path[path.length - 1]);
      if (!isPlainObject(parent) || name in parent) throw new Entangled();
      const value = parent[key];
      delete parent[key];
      parent[name] = value;
    },
  );
}

/** Whether something is written at a path. */
export function hasIn(text: string, path: Path): boolean {
  const doc = parseDocument(text, PARSE);
  return doc.errors.length === 0 && doc.hasIn(path);
}

/** The one stretch in which two texts differ, as an editor applies it. */
export function difference(before: string, after: string): Splice | null {
  if (before === after) return null;
  const shortest = Math.min(before.length, after.length);
  let from = 0;
  while (from < shortest && before[from] === after[from]) from++;
  let tail = 0;
  while (
    tail < shortest - from &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++;
  }
  return { from, to: before.length - tail, insert: after.slice(from, after.length - tail) };
}

function edit(
  text: string,
  order: KeyOrder,
  find: (block: Block) => Splice[],
  meant: (plain: unknown) => void,
): Edited {
  const doc = parseDocument(text, PARSE);
  if (doc.errors.length > 0 || !isMap(doc.contents)) return { ok: false, why: "unreadable" };
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  try {
    const plain = plainOf(doc);
    let changed = text;
    const splices = find({ text, doc, eol, order });
    for (const { from, to, insert } of splices.toSorted((a, b) => b.from - a.from)) {
      changed = changed.slice(0, from) + insert + changed.slice(to);
    }
    meant(plain);
    const again = parseDocument(changed, PARSE);
    if (again.errors.length > 0 || !same(plainOf(again), plain))
      return { ok: false, why: "entangled" };
    return { ok: true, text: changed };
  } catch (error) {
    if (error instanceof Entangled) return { ok: false, why: "entangled" };
    throw error;
  }
}

function nodeAt(doc: Document.Parsed, path: Path): unknown {
  return path.length === 0 ? doc.contents : doc.getIn(path, true);
}

function pairAt(block: Block, path: Path): Pair {
  const parent = nodeAt(block.doc, path.slice(0, -1));
  const key = path[path.length - 1];
  const pair = isMap(parent) ? parent.items.find((each) => keyOf(each) === key) : undefined;
  if (!pair) throw new Entangled();
  return pair;
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : undefined;
}

function inFlow(block: Block, path: Path): boolean {
  for (let depth = 0; depth <= path.length; depth++) {
    const node = nodeAt(block.doc, path.slice(0, depth));
    if (isCollection(node) && node.flow) return true;
  }
  return false;
}

function range(node: Node): [number, number, number] {
  if (!node.range) throw new Entangled();
  return node.range;
}

/** Where a key, its anchor and `?` aside, starts. */
function pairStart(pair: Pair): number {
  const token = (pair as { srcToken?: CST.CollectionItem }).srcToken;
  const first = token?.start.find((each) => !SPACE.has(each.type));
  if (first?.type === "explicit-key-ind" || first?.type === "anchor" || first?.type === "tag") {
    return first.offset;
  }
  return range(pair.key as Node)[0];
}

const SPACE = new Set(["space", "newline", "comment", "comma", "flow-error-end", "seq-item-ind"]);

/** Where the last character of a pair's own content ends; comments behind it are not its own. */
function pairEnd(block: Block, pair: Pair): number {
  const value = pair.value as Node | null;
  if (value && !isEmpty(value)) return contentEnd(block, value);
  const token = (pair as { srcToken?: CST.CollectionItem }).srcToken;
  const colon = token?.sep?.find((each) => each.type === "map-value-ind");
  return colon ? colon.offset + 1 : range(pair.key as Node)[1];
}

function contentEnd(block: Block, node: unknown): number {
  if (isPair(node)) return pairEnd(block, node);
  if (isCollection(node) && !node.flow && node.items.length > 0) {
    return contentEnd(block, node.items[node.items.length - 1]);
  }
  if (node === null || typeof node !== "object") throw new Entangled();
  return range(node as Node)[1];
}

/** A value that takes no character: `labels:` and nothing behind it. */
function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null && node.source === "" && !node.anchor && !node.tag;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** The start of the line after the one that ends a content. */
function nextLine(text: string, end: number): number {
  if (end > 0 && text[end - 1] === "\n") return end;
  const newline = text.indexOf("\n", end);
  return newline < 0 ? text.length : newline + 1;
}

function column(text: string, at: number): number {
  return at - lineStart(text, at);
}

/** Offset of the dash of a list's entry. */
function dashOf(list: YAMLSeq, index: number): number {
  const token = list.srcToken;
  if (token?.type !== "block-seq") throw new Entangled();
  const dashes = token.items.flatMap((item) => {
    const dash = item.start.find((each) => each.type === "seq-item-ind");
    return dash ? [dash.offset] : [];
  });
  const dash = dashes[index];
  if (dash === undefined || dashes.length !== list.items.length) throw new Entangled();
  return dash;
}

function splicesOfSet(block: Block, path: Path, value: Value): Splice[] {
  const existing = nodeAt(block.doc, path);
  if (isAlias(existing)) {
    const [from, to] = range(existing);
    return [{ from, to, insert: scalar(value, inFlow(block, path)) }];
  }
  if (isScalar(existing) && !isEmpty(existing)) {
    return [replaceScalar(block, existing, value, inFlow(block, path))];
  }
  if (isCollection(existing)) {
    if (existing.items.length > 0) throw new Entangled();
    const [from, to] = range(existing);
    return [{ from, to, insert: flow(value, isJson(block)) }];
  }
  return [insertion(block, path, value)];
}

function replaceScalar(block: Block, node: Node, value: Value, flowing: boolean): Splice {
  const [from, to] = range(node);
  if (!isScalar(node) || node.type === "BLOCK_FOLDED" || node.type === "BLOCK_LITERAL") {
    throw new Entangled();
  }
  if (typeof value === "string" && !/[\p{Cc}\u2028\u2029]/u.test(value)) {
    if (node.type === "QUOTE_DOUBLE") return { from, to, insert: JSON.stringify(value) };
    if (node.type === "QUOTE_SINGLE") {
      return { from, to, insert: `'${value.replaceAll("'", "''")}'` };
    }
  }
  const insert =
    flowing || typeof value === "object" ? flow(value, isJson(block)) : scalar(value, false);
  return { from, to, insert };
}

/** Writes a value at a path of which a part is not there yet. */
function insertion(block: Block, path: Path, value: Value): Splice {
  let depth = path.length - 1;
  while (depth > 0 && !isThere(nodeAt(block.doc, path.slice(0, depth)))) depth--;
  const parentPath = path.slice(0, depth);
  const parent = nodeAt(block.doc, parentPath);
  if (!isMap(parent)) throw new Entangled();
  const key = path[depth];
  if (typeof key !== "string") throw new Entangled();
  const nested = path.slice(depth + 1).reduceRight<Value>((inner, each) => {
    if (typeof each !== "string") throw new Entangled();
    return { [each]: inner };
  }, value);

  const written = parent.items.find((each) => keyOf(each) === key);
  if (parent.flow || inFlow(block, parentPath)) {
    if (written) throw new Entangled();
    return flowInsertion(block, parent, keyed(key, nested, isJson(block)));
  }
  if (written) return fillEmpty(block, parentPath, written, nested);
  const pad = column(block.text, pairStart(first(parent)));
  const lines = pairLines(hangs(block), key, nested, pad);
  const before = predecessor(parent, key, block.order(parentPath));
  return before
    ? insertLines(block, pairEnd(block, before), lines)
    : insertFirst(block, parent, lines);
}

/** Whether a node can hold the rest of a path. */
function isThere(node: unknown): boolean {
  return isCollection(node);
}

function first(map: YAMLMap): Pair {
  const pair = map.items[0];
  if (!pair) throw new Entangled();
  return pair;
}

/** The pair behind which a new key belongs; null when it belongs first. */
function predecessor(map: YAMLMap, key: string, order: readonly string[]): Pair | null {
  const place = order.indexOf(key);
  if (place < 0) return map.items[map.items.length - 1] ?? null;
  const earlier = map.items.filter((pair) => {
    const other = order.indexOf(String(keyOf(pair)));
    return other >= 0 && other < place;
  });
  return earlier[earlier.length - 1] ?? null;
}

/** Writes lines above the first key of a mapping and the comments right above it. */
function insertFirst(block: Block, map: YAMLMap, lines: string[]): Splice {
  const { text, eol } = block;
  const start = pairStart(first(map));
  let at = lineStart(text, start);
  const pad = text.slice(at, start);
  if (!/^ *$/.test(pad)) {
    const last = map.items[map.items.length - 1] ?? first(map);
    return insertLines(block, pairEnd(block, last), lines);
  }
  while (at > 0) {
    const above = lineStart(text, at - 1);
    if (!text.slice(above, at).startsWith(`${pad}#`)) break;
    at = above;
  }
  return { from: at, to: at, insert: lines.join(eol) + eol };
}

/** Gives `key:` its first value. */
function fillEmpty(block: Block, path: Path, pair: Pair, value: Value): Splice {
  const end = pairEnd(block, pair);
  if (typeof value !== "object" || isBare(value)) {
    return { from: end, to: end, insert: ` ${scalar(value, false)}` };
  }
  const pad = column(block.text, pairStart(pair));
  const lines = pairLines(hangs(block), String(path[path.length - 1] ?? "key"), value, pad).slice(
    1,
  );
  return insertLines(block, end, lines);
}

function insertLines(block: Block, end: number, lines: string[]): Splice {
  const { text, eol } = block;
  const at = nextLine(text, end);
  const body = lines.join(eol);
  const unended = at === text.length && !text.endsWith("\n");
  return { from: at, to: at, insert: unended ? eol + body : body + eol };
}

function appendItem(block: Block, list: YAMLSeq, path: Path, value: Value): Splice[] {
  if (list.flow || inFlow(block, path)) {
    return [flowInsertion(block, list, flow(value, isJson(block)))];
  }
  const pad = column(block.text, dashOf(list, 0));
  const lines = itemLines(hangs(block), value, pad);
  if (list.items.length > 1 && blankBetween(block, list)) lines.unshift("");
  return [insertLines(block, contentEnd(block, list), lines)];
}

/** Whether a person left a blank line between all entries of a list. */
function blankBetween(block: Block, list: YAMLSeq): boolean {
  return list.items.slice(1).every((_, index) => {
    const gap = block.text.slice(contentEnd(block, list.items[index]), dashOf(list, index + 1));
    return /\n[ \t]*\r?\n/.test(gap);
  });
}

function flowInsertion(block: Block, collection: YAMLMap | YAMLSeq, insert: string): Splice {
  const [start] = range(collection);
  const last: unknown = collection.items[collection.items.length - 1];
  if (last === undefined) return { from: start + 1, to: start + 1, insert };
  const end = contentEnd(block, last);
  const begin = isPair(last) ? pairStart(last) : range(last as Node)[0];
  const pad = block.text.slice(lineStart(block.text, begin), begin);
  const ownLine = /^[ \t]*$/.test(pad);
  return { from: end, to: end, insert: ownLine ? `,${block.eol}${pad}${insert}` : `, ${insert}` };
}

function removal(block: Block, path: Path): Splice {
  const parent = nodeAt(block.doc, path.slice(0, -1));
  const key = path[path.length - 1];
  if (!isCollection(parent)) throw new Entangled();
  const index = isSeq(parent)
    ? Number(key)
    : (parent.items as Pair[]).findIndex((pair) => keyOf(pair) === key);
  const item: unknown = parent.items[index];
  if (item === undefined) throw new Entangled();
  if (parent.flow || inFlow(block, path.slice(0, -1))) return flowRemoval(block, parent, index);
  const start = isSeq(parent) ? dashOf(parent, index) : pairStart(item as Pair);
  const end = contentEnd(block, item);
  const next = nextLine(block.text, end);
  const line = lineStart(block.text, start);
  if (/^[ \t]*$/.test(block.text.slice(line, start))) {
    return { from: withBlankBefore(block, line, next), to: next, insert: "" };
  }
  return removalBehindDash(block, parent, index, start, next);
}

/** The first key of a list's entry stands behind the dash; the next key takes its place. */
function removalBehindDash(
  block: Block,
  parent: unknown,
  index: number,
  start: number,
  next: number,
): Splice {
  const follower: unknown = isMap(parent) && index === 0 ? parent.items[1] : undefined;
  if (!isPair(follower)) throw new Entangled();
  const from = pairStart(follower);
  if (/^[ \t]*$/.test(block.text.slice(next, from))) return { from: start, to: from, insert: "" };
  const ended = block.text.slice(0, next).endsWith("\r\n") ? "\r\n" : "\n";
  return { from: start, to: next, insert: ended };
}

/** One of two blank lines around what is removed goes with it. */
function withBlankBefore(block: Block, line: number, next: number): number {
  const { text } = block;
  const blankAfter = next >= text.length || /^[ \t]*\r?\n/.test(text.slice(next));
  const previous = line > 0 ? lineStart(text, line - 1) : line;
  return blankAfter && previous < line && /^[ \t]*\r?\n$/.test(text.slice(previous, line))
    ? previous
    : line;
}

function flowRemoval(block: Block, parent: YAMLMap | YAMLSeq, index: number): Splice {
  const start = (item: unknown): number =>
    isPair(item) ? pairStart(item) : range(item as Node)[0];
  const item: unknown = parent.items[index];
  const next: unknown = parent.items[index + 1];
  const previous: unknown = parent.items[index - 1];
  if (next !== undefined) return { from: start(item), to: start(next), insert: "" };
  const end = contentEnd(block, item);
  if (previous !== undefined) return { from: contentEnd(block, previous), to: end, insert: "" };
  return { from: start(item), to: end, insert: "" };
}

/** Whether lists of this text start in the column of their key. */
function hangs(block: Block): boolean {
  let hanging = true;
  const look = (node: unknown): boolean => {
    if (!isMap(node)) return false;
    return node.items.some((pair) => {
      if (isSeq(pair.value) && !pair.value.flow && pair.value.items.length > 0) {
        const dash = column(block.text, dashOf(pair.value, 0));
        hanging = dash === column(block.text, pairStart(pair));
        return true;
      }
      return look(pair.value);
    });
  };
  look(block.doc.contents);
  return hanging;
}

function isJson(block: Block): boolean {
  const root = block.doc.contents;
  const key = isMap(root) && root.flow ? root.items[0]?.key : undefined;
  return isScalar(key) && key.type === "QUOTE_DOUBLE";
}

/** What a text means. Nothing is shared in it, so an edit of what an alias repeats shows. */
function plainOf(doc: Document.Parsed): unknown {
  return JSON.parse(JSON.stringify(doc.toJS() ?? null));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function lookUp(root: unknown, path: Path): unknown {
  let at: unknown = root;
  for (const key of path) {
    if (Array.isArray(at) && typeof key === "number") at = at[key];
    else if (isPlainObject(at)) at = at[String(key)];
    else return undefined;
  }
  return at;
}

function assign(root: unknown, path: Path, value: Value): void {
  let at: unknown = root;
  for (const key of path.slice(0, -1)) {
    if (!isPlainObject(at) && !Array.isArray(at)) throw new Entangled();
    const inside = at as Record<string | number, unknown>;
    const next = inside[key];
    if (next === null || next === undefined) inside[key] = {};
    at = inside[key];
  }
  if (!isPlainObject(at) && !Array.isArray(at)) throw new Entangled();
  (at as Record<string | number, unknown>)[path[path.length - 1] ?? ""] = value;
}

/** Whether two values mean the same, the order of keys aside. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => same(each, b[index]));
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]))
  );
}
