import { describe, expect, it } from "vitest";
import { fullReference, imageRows, jobsOf, splitReference } from "./images";
import type { NodeImages, Operation, Step } from "./host/types";
import { container } from "./host/scripted/world";
import { operation } from "./host/scripted/scenarios";

const shop = { id: "sha256:1", repoTags: ["docker.io/library/shop:2.1"], size: 10, pinned: false, platform: "linux/arm64" };
const pause = { id: "sha256:2", repoTags: ["registry.k8s.io/pause:3.10"], size: 1, pinned: true, platform: null };
const nodes: NodeImages[] = [
  { node: "dev-control-plane", images: [shop, pause] },
  { node: "dev-worker", images: [pause, { ...shop, id: "sha256:9", repoTags: [] }] },
];

describe("images", () => {
  it("are named as people write them", () => {
    expect(splitReference("docker.io/library/shop:2.1")).toEqual({ name: "shop", tag: "2.1" });
    expect(splitReference("docker.io/team/api:9")).toEqual({ name: "team/api", tag: "9" });
    expect(splitReference("localhost:5000/api")).toEqual({ name: "localhost:5000/api", tag: "latest" });
    expect(splitReference("quay.io/x/y@sha256:0123456789abcdef0123").tag).toBe("sha256:0123456789ab");
    expect(["shop", "shop:1", "team/api", "localhost/x:1", "quay.io/a/b"].map(fullReference)).toEqual([
      "docker.io/library/shop:latest",
      "docker.io/library/shop:1",
      "docker.io/team/api:latest",
      "localhost/x:1",
      "quay.io/a/b:latest",
    ]);
  });

  it("say which nodes lack them and who uses them", () => {
    const pod = { containers: [container("a", "shop:2.1"), container("b", "docker.io/library/shop:2.1")] } as never;
    const rows = imageRows(nodes, [pod, pod]);
    expect(rows.map((row) => [row.name, row.on.length, row.missing, row.pods, row.health])).toEqual([
      ["registry.k8s.io/pause", 2, [], 0, "healthy"],
      ["sha256", 1, ["dev-control-plane"], 0, "degraded"],
      ["shop", 1, ["dev-worker"], 2, "degraded"],
    ]);
    expect(rows.map((row) => row.platforms)).toEqual([[], ["linux/arm64"], ["linux/arm64"]]);
  });
});

function load(steps: Step[], more: Partial<Operation> = {}): Operation {
  return operation({ kind: "load", subject: "shop:2.1", steps, ...more });
}

const names = ["dev-control-plane", "dev-worker", "dev-worker2"];
const step = (node: string, state: Step["state"], more: Partial<Step> = {}): Step => ({ phase: "load", node, state, atMs: 1, ...more });

describe("archives on their way", () => {
  it("tell each node's state", () => {
    const [job] = jobsOf([load([step("dev-control-plane", "done", { detail: "already there" }), step("dev-worker", "progress", { percent: 41 }), step("dev-worker2", "started")])], "dev", names);
    expect(job?.cells.map((cell) => [cell.title, cell.state, cell.percent])).toEqual([
      ["control-plane", "there", 100],
      ["worker", "busy", 41],
      ["worker2", "busy", null],
    ]);
    expect(job?.done).toBe(1);
  });

  it("wait on all nodes until the first step", () => {
    expect(jobsOf([load([])], "dev", names)[0]?.cells.map((cell) => cell.state)).toEqual(["waits", "waits", "waits"]);
    expect(jobsOf([load([])], "ci", names)).toEqual([]);
  });

  it("fail in part; what was cancelled is no failure", () => {
    const steps = [step("dev-control-plane", "done"), step("dev-worker", "failed")];
    const [failed] = jobsOf([load(steps, { state: "failed", ended: 1 })], "dev", names);
    expect([failed?.done, failed?.failed.map((cell) => cell.node)]).toEqual([1, ["dev-worker"]]);
    const [cancelled] = jobsOf([load(steps, { state: "cancelled", ended: 1 })], "dev", names);
    expect([cancelled?.failed, cancelled?.cells[1]?.state]).toEqual([[], "cancelled"]);
  });
});
