/** States of the world while something is made: clusters, images on their way, checks put right. */
import type { Operation, Step } from "../types";
import { operation, scenarios, type Scenario } from "./scenarios";
import { Mi, second, start } from "./world";

type Row = [phase: string, node: string | undefined, state: Step["state"], atMs: number, tookMs?: number, detail?: string, percent?: number];

function steps(rows: Row[]): Step[] {
  return rows.map(([phase, node, state, atMs, tookMs, detail, percent]) => ({
    phase,
    state,
    atMs,
    ...(node === undefined ? {} : { node }),
    ...(tookMs === undefined ? {} : { tookMs }),
    ...(detail === undefined ? {} : { detail }),
    ...(percent === undefined ? {} : { percent }),
  }));
}

const plane = "dev-control-plane";

/** The steps of a creation of three nodes, in the middle of it. */
export const creationSteps: Step[] = steps([
  ["preflight", undefined, "done", 180, 180],
  ["run", plane, "done", 900, 700],
  ["run", "dev-worker", "done", 950, 740],
  ["run", "dev-worker2", "done", 990, 770],
  ["boot", plane, "done", 2300, 1400],
  ["boot", "dev-worker", "done", 2500, 1540],
  ["boot", "dev-worker2", "started", 990],
  ["wait-for-control-plane", "dev-worker", "started", 2500],
  ["certificates", plane, "done", 3100, 780],
  ["kubeconfigs", plane, "done", 3300, 190],
  ["etcd-manifest", plane, "done", 3400, 60],
  ["control-plane-manifests", plane, "done", 3500, 80],
  ["kubelet-start", plane, "done", 4100, 500],
  ["api", plane, "started", 4100, undefined, "waits for the API server"],
]);

/** Fifty nodes on their way: most have joined, one has failed. */
export function fiftySteps(): Step[] {
  const workers = Array.from({ length: 49 }, (_, index) => `dev-worker${index === 0 ? "" : index + 1}`);
  return [
    ...steps([
      ["preflight", undefined, "done", 200, 200],
      ["boot", plane, "done", 2300, 2100],
      ["open-for-workers", plane, "done", 9000, 6500],
      ["add-ons", plane, "started", 9000],
    ]),
    ...workers.flatMap((node, index) =>
      steps([
        ["boot", node, "done", 4000 + index * 50, 3600],
        index === 6
          ? ["join", node, "failed", 14_000, 4000, "the node did not answer"]
          : index < 32
            ? ["join", node, "done", 12_000 + index * 20, 2900]
            : ["join", node, "started", 9100],
      ]),
    ),
  ];
}

/** Archives on their way into the nodes of a cluster. */
export function loads(operation: (more: Partial<Operation>) => Operation): Operation[] {
  const load = (id: number, subject: string, more: Partial<Operation>) =>
    operation({ id, kind: "load", subject, stage: 2, stages: 2, stageName: "Load", lastTookMs: null, started: start - 4 * second, ...more });
  return [
    load(21, "shop:2.1", {
      percent: 60,
      steps: steps([
        ["check-archive", undefined, "done", 120, 120],
        ["load", plane, "done", 3100, 2900],
        ["load", "dev-worker", "progress", 200, undefined, "169 of 412 Mi", 41],
        ["load", "dev-worker2", "started", 200],
      ]),
    }),
    load(22, "registry.example/team/catalog-with-a-rather-long-name:2026.11.23-rc.1", { state: "waiting", percent: 0, stage: 1, steps: [] }),
    load(23, "cart:dev", {
      state: "failed",
      ended: start - 20 * second,
      percent: 80,
      steps: steps([
        ["load", plane, "done", 3100, 2900],
        ["load", "dev-worker", "done", 3000, 2800],
        ["load", "dev-worker2", "failed", 2200, 2000],
      ]),
      failure: { code: "NoSpace", message: "node dev-worker2 has no room left for the image", hint: "free space there, or remove the node and add it again", detail: null, logs: null },
    }),
    load(24, "report:0.4", {
      state: "done",
      ended: start - 31 * second,
      started: start - 31 * second - 4200,
      percent: 100,
      steps: steps([
        ["load", plane, "done", 3100, 2900, "already there"],
        ["load", "dev-worker", "done", 3000, 2800],
        ["load", "dev-worker2", "done", 4200, 4000],
      ]),
    }),
  ];
}

/** A drag of several files, as the program tells of it. */
export const draggedFiles = [
  { name: "shop.tar", sizeBytes: 412 * Mi, kind: "imageArchive" as const, what: "image archive", images: ["shop:2.1"], problem: null },
  { name: "cart.tar.zst", sizeBytes: 98 * Mi, kind: "imageArchive" as const, what: "image archive (zstd)", images: ["cart:dev"], problem: null },
  { name: "notes.pdf", sizeBytes: 2 * Mi, kind: "other" as const, what: "PDF", images: [], problem: null },
];

function made(name: string): Scenario {
  const scenario = scenarios[name]?.();
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  return scenario;
}

function withOperations(name: string, operations: Operation[]): Scenario {
  const scenario = made(name);
  return { ...scenario, snapshot: { ...scenario.snapshot, operations } };
}

const creating = { percent: 46, steps: creationSteps, started: start - 4 * second };

/** Scenarios of what is being made. */
export const building: Record<string, () => Scenario> = {
  creating: () => withOperations("busy-create", [operation(creating)]),
  "creating-fifty": () =>
    withOperations("busy-create", [
      operation({ stage: 5, stageName: "Join", percent: 71, steps: fiftySteps(), started: start - 16 * second }),
    ]),
  cancelling: () =>
    withOperations("busy-create", [operation({ ...creating, state: "cancelling", cancellable: false, started: start - 9 * second })]),
  cancelled: () => {
    const scenario = withOperations("empty", [operation({ ...creating, state: "cancelled", ended: start - 1 * second, cancellable: false })]);
    return { ...scenario, snapshot: { ...scenario.snapshot, subject: "dev" } };
  },
  "loading-images": () => withOperations("three-nodes", loads(operation)),
  "no-images": () => ({
    ...made("three-nodes"),
    images: ["dev-control-plane", "dev-worker", "dev-worker2"].map((node) => ({
      node,
      images: [{ id: "sha256:77fe", repoTags: ["registry.k8s.io/pause:3.10.1"], size: Mi, pinned: true, platform: "linux/arm64" }],
    })),
  }),
  "no-container": () => {
    const scenario = made("first-run");
    return {
      ...scenario,
      checks: scenario.checks.map((check) =>
        check.id === "container"
          ? { ...check, title: "Apple's container", state: "failed" as const, detail: "not found in /usr/local/bin, /opt/homebrew/bin, nor on the PATH" }
          : check.id === "system" ? check : { ...check, state: "unknown" as const, detail: "checked when container is there", fix: null },
      ),
    };
  },
  "first-create": () => {
    const scenario = made("empty");
    return { ...scenario, snapshot: { ...scenario.snapshot, contexts: { ...scenario.snapshot.contexts, current: "prod" } }, settings: { followAsked: false } };
  },
};
