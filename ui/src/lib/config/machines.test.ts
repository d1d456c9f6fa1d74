import { describe, expect, it } from "vitest";
import { drawing, memoryOf, shortName } from "./machines";
import type { ClusterForm, NodeForm } from "$lib/bindings";

const Gi = 1024 ** 3;

function node(role: string, replicas = 1, more: Partial<NodeForm> = {}): NodeForm {
  return {
    role,
    replicas,
    image: null,
    cpus: 2,
    memory: "2Gi",
    memoryBytes: 2 * Gi,
    labels: {},
    taints: null,
    extraMounts: [],
    extraPortMappings: [],
    kubeadmConfigPatches: [],
    ...more,
  };
}

function form(...nodes: NodeForm[]): ClusterForm {
  let workers = 0;
  return {
    name: "dev",
    kubernetesVersion: null,
    nodes,
    networking: {
      podSubnet: "",
      serviceSubnet: "",
      nodeSubnet: "",
      apiServerAddress: "",
      apiServerPort: null,
      cni: "flannel",
      kubeProxyMode: "nftables",
    },
    kubeadmConfigPatches: [],
    containerdConfigPatches: [],
    machines: nodes.flatMap((each, entry) =>
      Array.from({ length: each.replicas }, () => {
        if (each.role === "worker") workers++;
        const number = each.role === "worker" && workers > 1 ? workers : "";
        return {
          name: `dev-${each.role}${number}`,
          role: each.role,
          entry,
          cpus: each.cpus,
          memoryBytes: each.memoryBytes,
        };
      }),
    ),
  };
}

const plane = node("control-plane");

describe("the drawing", () => {
  it("has a box for each machine", () => {
    const boxes = drawing(form(plane, node("worker", 2)));
    expect(boxes.map((box) => [box.title, box.fate, box.entry])).toEqual([
      ["control-plane", "same", 0],
      ["worker", "same", 1],
      ["worker 2", "same", 1],
    ]);
  });

  it("folds equal machines from twelve on, and only those", () => {
    expect(drawing(form(plane, node("worker", 11)))).toHaveLength(12);
    const boxes = drawing(form(plane, node("worker", 49), node("worker", 1, { cpus: 8 })));
    expect(boxes.map((box) => box.title)).toEqual(["control-plane", "worker × 49", "worker 50"]);
    expect(boxes[1]?.names).toHaveLength(49);
  });

  it("tells what is new, goes, or is made anew", () => {
    const plan = {
      atOnce: [],
      recreated: [{ node: "dev-worker", what: "memory 2 → 4 Gi", effect: "", loses: [] }],
      impossible: [],
      blocked: null,
    };
    const grown = drawing(form(plane, node("worker", 2)), form(plane, node("worker", 1)), plan);
    expect(grown.map((box) => box.fate)).toEqual(["same", "recreated", "new"]);
    const shrunk = drawing(form(plane), form(plane, node("worker", 2)));
    expect(shrunk.map((box) => [box.title, box.fate])).toEqual([
      ["control-plane", "same"],
      ["worker", "removed"],
      ["worker 2", "removed"],
    ]);
  });

  it("sums the memory of machines", () => {
    expect(memoryOf(form(plane, node("worker", 3)))).toBe(8 * Gi);
  });

  it("names machines of any cluster", () => {
    expect(shortName("dev-worker12", "dev")).toBe("worker 12");
    expect(shortName("worker-control-plane", "worker")).toBe("control-plane");
    expect(shortName("other", "dev")).toBe("other");
  });
});
