/** A port that is taken, and another one in its place. */
import { readDraft } from "./draft";
import { setPort } from "./edits";

/** The text with the next port that it does not map itself; null when it does not map the one that is taken. */
export function withFreePort(text: string, cluster: string, message: string): { port: string; text: string } | null {
  const taken = /\bport (\d+)\b/i.exec(message)?.[1];
  const draft = readDraft(text);
  if (taken === undefined || draft === null || draft.name !== cluster) return null;
  const mapped = draft.nodes.flatMap((node) => node.ports.map((port) => port.hostPort));
  const node = draft.nodes.findIndex((each) => each.ports.some((port) => port.hostPort === taken));
  const at = draft.nodes[node]?.ports.findIndex((port) => port.hostPort === taken) ?? -1;
  if (at < 0) return null;
  let next = Number(taken) + 1;
  while (mapped.includes(String(next))) next++;
  if (next > 65535) return null;
  const edited = setPort(text, node, at, "hostPort", String(next));
  return edited.ok ? { port: String(next), text: edited.text } : null;
}
