/** Memory as the form shows it: gibibytes as a number, anything else as it is written. */

/** `2` with the unit `Gi` for `2Gi`; `1500M` as it is. */
export function shownMemory(written: string): { value: string; unit: string | undefined } {
  const gibibytes = /^(\d+(?:\.\d+)?)Gi$/.exec(written)?.[1];
  if (gibibytes !== undefined) return { value: gibibytes, unit: "Gi" };
  return { value: written, unit: written === "" ? "Gi" : undefined };
}

/** What is written for what was typed: a bare number means gibibytes. */
export function writtenMemory(typed: string): string {
  const text = typed.trim();
  return /^\d+(\.\d+)?$/.test(text) ? `${text}Gi` : text;
}

/** The next whole number up or down, at least 1; null when the text is no number. */
export function stepped(text: string, by: 1 | -1): string | null {
  if (!/^\d+(\.\d+)?$/.test(text)) return null;
  const next = by > 0 ? Math.floor(Number(text)) + 1 : Math.ceil(Number(text)) - 1;
  return String(Math.max(1, next));
}

/** The first port from 8080 on that nothing in the list takes. */
export function freePort(taken: readonly string[]): string {
  let port = 8080;
  while (taken.includes(String(port))) port++;
  return String(port);
}

/** The first of `name`, `name-2`, `name-3` … that nothing in the list is called. */
export function freeName(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}
