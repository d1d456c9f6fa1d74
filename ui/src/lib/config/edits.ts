/** The edits that the form makes, each on the text alone. */
import type { NetworkingKey, WrittenMount, WrittenPort, WrittenTaint } from "./draft";
import {
  appendIn,
  hasIn,
  removeIn,
  renameKey,
  setIn,
  type Edited,
  type Path,
  type Value,
} from "./yaml-text";

const NODE_KEYS = [
  "role",
  "replicas",
  "image",
  "cpus",
  "memory",
  "labels",
  "taints",
  "extraMounts",
  "extraPortMappings",
  "kubeadmConfigPatches",
];

/** Keys of each mapping in the order in which the documentation shows them. */
export function keyOrder(path: Path): readonly string[] {
  const last = path[path.length - 1];
  if (path.length === 0) return ["apiVersion", "kind", "metadata", "spec"];
  if (path.length === 1 && last === "spec") {
    return [
      "kubernetesVersion",
      "nodes",
      "networking",
      "kubeadmConfigPatches",
      "containerdConfigPatches",
    ];
  }
  if (path.length === 3 && path[1] === "nodes") return NODE_KEYS;
  if (path.length === 2 && last === "networking") {
    return [
      "podSubnet",
      "serviceSubnet",
      "nodeSubnet",
      "apiServerAddress",
      "apiServerPort",
      "cni",
      "kubeProxyMode",
    ];
  }
  if (path[3] === "extraMounts") return ["hostPath", "containerPath", "readOnly"];
  if (path[3] === "extraPortMappings") {
    return ["containerPort", "hostPort", "listenAddress", "protocol"];
  }
  if (path[3] === "taints") return ["key", "value", "effect"];
  return [];
}

const node = (index: number, ...rest: (string | number)[]): Path => [
  "spec",
  "nodes",
  index,
  ...rest,
];

/** Sets a scalar; empty text takes it out, so that the default applies again. */
function put(text: string, path: Path, value: string, keep = path.length): Edited {
  if (value === "")
    return hasIn(text, path) ? removeIn(text, path, keep, keyOrder) : { ok: true, text };
  return setIn(text, path, scalar(path, value), keyOrder);
}

/** Numbers stay numbers where the field is one; anything else is left to the validator. */
function scalar(path: Path, value: string): Value {
  const key = String(path[path.length - 1]);
  if (!["replicas", "cpus", "containerPort", "hostPort", "apiServerPort"].includes(key))
    return value;
  return /^(0|[1-9][0-9]{0,14})$/.test(value) ? Number(value) : value;
}

export function setName(text: string, name: string): Edited {
  return setIn(text, ["metadata", "name"], name, keyOrder);
}

export function setKubernetesVersion(text: string, version: string): Edited {
  return put(text, ["spec", "kubernetesVersion"], version);
}

export function setNetworking(text: string, key: NetworkingKey, value: string): Edited {
  return put(text, ["spec", "networking", key], value, 2);
}

export type NodeKey = "role" | "replicas" | "cpus" | "memory" | "image";

export function setNode(text: string, index: number, key: NodeKey, value: string): Edited {
  return put(text, node(index, key), value);
}

/** Appends a worker, sized like the last one when there is one. */
export function addWorker(text: string, size: { cpus?: string; memory?: string } = {}): Edited {
  const worker: Record<string, Value> = { role: "worker" };
  if (size.cpus) worker["cpus"] = scalar(["cpus"], size.cpus);
  if (size.memory) worker["memory"] = size.memory;
  return appendIn(text, ["spec", "nodes"], worker, keyOrder);
}

export function removeNode(text: string, index: number): Edited {
  return removeIn(text, node(index));
}

export function setLabel(text: string, index: number, key: string, value: string): Edited {
  return setIn(text, node(index, "labels", key), value, keyOrder);
}

export function renameLabel(text: string, index: number, key: string, name: string): Edited {
  return renameKey(text, node(index, "labels", key), name);
}

export function removeLabel(text: string, index: number, key: string): Edited {
  return removeIn(text, node(index, "labels", key), 4);
}

/** Lets every pod run on a control plane, or takes that back. */
export function allowPods(text: string, index: number, allow: boolean): Edited {
  const path = node(index, "taints");
  return allow ? setIn(text, path, [], keyOrder) : removeIn(text, path);
}

export function addTaint(text: string, index: number, taint: WrittenTaint): Edited {
  return appendIn(text, node(index, "taints"), without({ ...taint }, { value: "" }), keyOrder);
}

export function setTaint(
  text: string,
  index: number,
  at: number,
  key: keyof WrittenTaint,
  value: string,
): Edited {
  const path = node(index, "taints", at, key);
  return key === "value" ? put(text, path, value) : setIn(text, path, value, keyOrder);
}

export function removeTaint(text: string, index: number, at: number): Edited {
  return removeIn(text, node(index, "taints", at), 4);
}

export function addMount(text: string, index: number, mount: WrittenMount): Edited {
  return appendIn(
    text,
    node(index, "extraMounts"),
    without({ ...mount }, { readOnly: false }),
    keyOrder,
  );
}

export function setMount(
  text: string,
  index: number,
  at: number,
  key: "hostPath" | "containerPath",
  value: string,
): Edited {
  return setIn(text, node(index, "extraMounts", at, key), value, keyOrder);
}

export function setMountReadOnly(
  text: string,
  index: number,
  at: number,
  readOnly: boolean,
): Edited {
  const path = node(index, "extraMounts", at, "readOnly");
  if (readOnly || hasIn(text, path)) return setIn(text, path, readOnly, keyOrder);
  return { ok: true, text };
}

export function removeMount(text: string, index: number, at: number): Edited {
  return removeIn(text, node(index, "extraMounts", at), 4);
}

export function addPort(text: string, index: number, port: WrittenPort): Edited {
  const value: Record<string, Value> = {
    containerPort: scalar(["containerPort"], port.containerPort),
    hostPort: scalar(["hostPort"], port.hostPort),
  };
  if (port.listenAddress) value["listenAddress"] = port.listenAddress;
  if (port.protocol) value["protocol"] = port.protocol;
  return appendIn(text, node(index, "extraPortMappings"), value, keyOrder);
}

export function setPort(
  text: string,
  index: number,
  at: number,
  key: keyof WrittenPort,
  value: string,
): Edited {
  const path = node(index, "extraPortMappings", at, key);
  if (key === "listenAddress" || key === "protocol") return put(text, path, value);
  return setIn(text, path, scalar(path, value), keyOrder);
}

export function removePort(text: string, index: number, at: number): Edited {
  return removeIn(text, node(index, "extraPortMappings", at), 4);
}

/** An object without the fields that say what is so anyway. */
function without(
  value: Record<string, Value>,
  usual: Record<string, Value>,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(value).filter(([key, each]) => usual[key] !== each));
}
