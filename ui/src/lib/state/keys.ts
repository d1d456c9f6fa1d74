/** Shortcuts: which keys mean what. CMD on a Mac, Ctrl elsewhere. */

export type Shortcut =
  | "newCluster"
  | "openFile"
  | "settings"
  | "view"
  | "previousCluster"
  | "nextCluster"
  | "sidebar"
  | "inspector"
  | "find"
  | "retry"
  | "cancel"
  | "logs"
  | "shell"
  | "copyName"
  | "delete"
  | "close"
  | "quit"
  | "nextRegion"
  | "previousRegion";

export interface Pressed {
  key: string;
  metaKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** The shortcut of a key press, with the digit for views. Null when it means nothing to the window. */
export function shortcutOf(event: Pressed, platform: "mac" | "linux", inText: boolean): { name: Shortcut; digit?: number } | null {
  if (event.key === "F6") return { name: event.shiftKey ? "previousRegion" : "nextRegion" };
  if (platform === "linux" && event.key === "F9") return { name: "sidebar" };
  if (platform === "mac" && event.ctrlKey && !event.metaKey && event.key.toLowerCase() === "s") return { name: "sidebar" };
  const command = platform === "mac" ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (event.altKey && !command && !inText) {
    if (event.key === "ArrowUp") return { name: "previousCluster" };
    if (event.key === "ArrowDown") return { name: "nextCluster" };
  }
  if (!command || event.altKey) return null;
  if (event.shiftKey) return event.key.toLowerCase() === "c" && !inText ? { name: "copyName" } : null;
  if (/^[0-8]$/.test(event.key)) return { name: "view", digit: Number(event.key) };
  if (event.key === "Backspace") return inText ? null : { name: "delete" };
  const names: Record<string, Shortcut> = {
    n: "newCluster",
    o: "openFile",
    ",": "settings",
    i: "inspector",
    f: "find",
    r: "retry",
    ".": "cancel",
    l: "logs",
    t: "shell",
  };
  // On a Mac these are in the menu of the app.
  if (platform === "linux") Object.assign(names, { w: "close", q: "quit" });
  const name = names[event.key.toLowerCase()];
  return name === undefined ? null : { name };
}

/** Whether a text is being edited there. */
export function isText(target: EventTarget | null): boolean {
  // The editor of YAML is inside of an element that shows only itself.
  const element = (target instanceof HTMLElement && target.shadowRoot?.activeElement) || target;
  return element instanceof HTMLElement && (element.isContentEditable || element.matches("input:not([type=checkbox],[type=radio]), textarea"));
}
