/** Values as YAML: in lines, or in flow. */
import { stringify } from "yaml";

/** What can be written. */
export type Value =
  string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** `key: value` in lines; `hang`: lists start in the column of their key. */
export function pairLines(hang: boolean, key: string, value: Value, pad: number): string[] {
  const head = `${" ".repeat(pad)}${scalar(key, false)}:`;
  if (typeof value !== "object" || isBare(value)) return [`${head} ${scalar(value, false)}`];
  if (isList(value)) {
    const inner = hang ? pad : pad + 2;
    return [head, ...value.flatMap((item) => itemLines(hang, item, inner))];
  }
  return [head, ...mapLines(hang, value, pad + 2)];
}

function mapLines(hang: boolean, value: { readonly [key: string]: Value }, pad: number): string[] {
  return Object.entries(value).flatMap(([key, inner]) => pairLines(hang, key, inner, pad));
}

/** `- value` in lines. */
export function itemLines(hang: boolean, value: Value, pad: number): string[] {
  const dash = `${" ".repeat(pad)}- `;
  if (typeof value !== "object" || isBare(value)) return [dash + scalar(value, false)];
  if (isList(value)) return [dash + flow(value, false)];
  const lines = mapLines(hang, value, pad + 2);
  return lines.map((line, index) => (index === 0 ? dash + line.slice(pad + 2) : line));
}

/** `key: value` in flow. */
export function keyed(key: string, value: Value, json: boolean): string {
  return `${json ? JSON.stringify(key) : scalar(key, true)}: ${flow(value, json)}`;
}

/** A value in flow. */
export function flow(value: Value, json: boolean): string {
  if (typeof value !== "object") return json ? JSON.stringify(value) : scalar(value, true);
  if (isList(value)) return `[${value.map((item) => flow(item, json)).join(", ")}]`;
  const pairs = Object.entries(value).map(([key, inner]) => keyed(key, inner, json));
  return `{${pairs.join(", ")}}`;
}

/** A scalar as text, in quotes where it must have them, in YAML 1.1 as well. */
export function scalar(value: Value, flowing: boolean): string {
  if (typeof value === "object") return flow(value, false);
  if (typeof value !== "string") return String(value);
  if (/[\p{Cc}\u2028\u2029]/u.test(value) || (flowing && /[,[\]{}]/.test(value))) {
    return JSON.stringify(value);
  }
  return stringify(value, { lineWidth: 0, compat: "yaml-1.1" }).replace(/\n$/, "");
}

/** Whether a value is a list. */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** An empty list or mapping, which is written `[]` or `{}`. */
export function isBare(value: Value): boolean {
  return typeof value === "object" && Object.keys(value).length === 0;
}
