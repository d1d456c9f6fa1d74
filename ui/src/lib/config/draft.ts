/** What a Cluster YAML says in its own words: only what is written, with its places. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Pair } from "yaml";
import type { Path } from "./yaml-text";

/** Lines of a text, from 1, both ends included. */
export interface Lines {
  first: number;
  last: number;
}

/** One entry of a mapping of labels. */
export interface WrittenLabel {
  key: string;
  value: string;
}

export interface WrittenTaint {
  key: string;
  value: string;
  effect: string;
}

export interface WrittenMount {
  hostPath: string;
  containerPath: string;
  readOnly: boolean;
}

export interface WrittenPort {
  containerPort: string;
  hostPort: string;
  listenAddress: string;
  protocol: string;
}

/** An entry of the list of nodes. Empty text: not written. */
export interface WrittenNode {
  role: string;
  replicas: string;
  cpus: string;
  memory: string;
  image: string;
  labels: WrittenLabel[];
  /** Null: not written, so the usual ones. */
  taints: WrittenTaint[] | null;
  mounts: WrittenMount[];
  ports: WrittenPort[];
  /** Number of patches, which only the text can edit. */
  patches: number;
  lines: Lines;
}

export type NetworkingKey =
  | "podSubnet"
  | "serviceSubnet"
  | "nodeSubnet"
  | "apiServerAddress"
  | "apiServerPort"
  | "cni"
  | "kubeProxyMode";

export const networkingKeys: readonly NetworkingKey[] = [
  "podSubnet",
  "serviceSubnet",
  "nodeSubnet",
  "apiServerAddress",
  "apiServerPort",
  "cni",
  "kubeProxyMode",
];

/** A Cluster YAML as it is written. */
export interface Draft {
  /** `foreign`: a file of kind, which the form shows but can't edit. */
  format: "own" | "foreign";
  name: string;
  kubernetesVersion: string;
  nodes: WrittenNode[];
  networking: Record<NetworkingKey, string>;
  /** Number of patches for all nodes. */
  patches: number;
}

/** Reads what is written; null when the text is no YAML, or no mapping. */
export function readDraft(text: string): Draft | null {
  const counter = new LineCounter();
  const doc = parseDocument(text, { lineCounter: counter, merge: true, logLevel: "error" });
  if (doc.errors.length > 0 || !isMap(doc.contents)) return null;
  const get = (path: Path): unknown => {
    let at: unknown = doc.contents;
    for (const key of path) {
      at = isMap(at) || isSeq(at) ? at.get(key, true) : undefined;
      if (isAlias(at)) at = at.resolve(doc);
    }
    return at;
  };
  const apiVersion = written(get(["apiVersion"]));
  const foreign = apiVersion.startsWith("kind.x-k8s.io/");
  const spec = foreign ? [] : ["spec"];
  const nodes = get([...spec, "nodes"]);
  const count = isSeq(nodes) ? nodes.items.length : 0;

  const listAt = (path: Path): unknown[] => {
    const list = get(path);
    return isSeq(list) ? list.items : [];
  };
  const node = (index: number): WrittenNode => {
    const base = [...spec, "nodes", index];
    const say = (...path: (string | number)[]): string => written(get([...base, ...path]));
    const labels = get([...base, "labels"]);
    const taints = get([...base, "taints"]);
    const indices = (key: string): number[] => [...listAt([...base, key]).keys()];
    const item = isSeq(nodes) ? nodes.items[index] : undefined;
    return {
      role: say("role"),
      replicas: say("replicas"),
      cpus: say("cpus"),
      memory: say("memory"),
      image: say("image"),
      labels: isMap(labels)
        ? labels.items.map((pair: Pair) => ({
            key: written(pair.key),
            value: written(pair.value),
          }))
        : [],
      taints: isSeq(taints)
        ? indices("taints").map((each) => ({
            key: say("taints", each, "key"),
            value: say("taints", each, "value"),
            effect: say("taints", each, "effect"),
          }))
        : null,
      mounts: indices("extraMounts").map((each) => ({
        hostPath: say("extraMounts", each, "hostPath"),
        containerPath: say("extraMounts", each, "containerPath"),
        readOnly: say("extraMounts", each, "readOnly") === "true",
      })),
      ports: indices("extraPortMappings").map((each) => ({
        containerPort: say("extraPortMappings", each, "containerPort"),
        hostPort: say("extraPortMappings", each, "hostPort"),
        listenAddress: say("extraPortMappings", each, "listenAddress"),
        protocol: say("extraPortMappings", each, "protocol"),
      })),
      patches: listAt([...base, "kubeadmConfigPatches"]).length,
      lines: linesOf(item, counter, text),
    };
  };

  return {
    format: foreign ? "foreign" : "own",
    name: written(get(foreign ? ["name"] : ["metadata", "name"])),
    kubernetesVersion: written(get([...spec, "kubernetesVersion"])),
    nodes: Array.from({ length: count }, (_, index) => node(index)),
    networking: Object.fromEntries(
      networkingKeys.map((key) => [key, written(get([...spec, "networking", key]))]),
    ) as Record<NetworkingKey, string>,
    patches:
      listAt([...spec, "kubeadmConfigPatches"]).length +
      listAt([...spec, "containerdConfigPatches"]).length,
  };
}

/** A scalar as it is written, quotes aside. */
function written(node: unknown): string {
  if (!isScalar(node) || node.value === null || node.value === undefined) return "";
  return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
}

function linesOf(node: unknown, counter: LineCounter, text: string): Lines {
  const range = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range : null;
  if (!range) return { first: 1, last: 1 };
  const end = text.slice(range[0], range[1]).trimEnd().length + range[0];
  return { first: counter.linePos(range[0]).line, last: counter.linePos(end).line };
}
