import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readDraft } from "./draft";
import * as edits from "./edits";
import type { Edited } from "./yaml-text";

const MINIMAL = `# One node that does everything.
apiVersion: apple-k8s.dev/v1alpha1
kind: Cluster
metadata:
  name: demo
spec:
  nodes:
  - role: control-plane
`;

function done(edited: Edited): string {
  if (!edited.ok) throw new Error(edited.why);
  return edited.text;
}

describe("edits of the form", () => {
  it("write a node as the documentation does", () => {
    let text = done(edits.addWorker(MINIMAL, { cpus: "2", memory: "3Gi" }));
    text = done(edits.setNode(text, 1, "replicas", "2"));
    text = done(
      edits.addMount(text, 1, { hostPath: "./code", containerPath: "/code", readOnly: true }),
    );
    text = done(
      edits.addPort(text, 0, {
        containerPort: "80",
        hostPort: "8080",
        listenAddress: "",
        protocol: "",
      }),
    );
    text = done(edits.addTaint(text, 1, { key: "gpu", value: "", effect: "NoSchedule" }));
    text = done(edits.setLabel(text, 1, "tier", "true"));
    text = done(edits.setNetworking(text, "cni", "none"));
    text = done(edits.setKubernetesVersion(text, "v1.37.1"));
    expect(text).toBe(`# One node that does everything.
apiVersion: apple-k8s.dev/v1alpha1
kind: Cluster
metadata:
  name: demo
spec:
  kubernetesVersion: v1.37.1
  nodes:
  - role: control-plane
    extraPortMappings:
    - containerPort: 80
      hostPort: 8080
  - role: worker
    replicas: 2
    cpus: 2
    memory: 3Gi
    labels:
      tier: "true"
    taints:
    - key: gpu
      effect: NoSchedule
    extraMounts:
    - hostPath: ./code
      containerPath: /code
      readOnly: true
  networking:
    cni: none
`);
  });

  it("take back what they wrote, to the byte", () => {
    const worker = done(edits.addWorker(MINIMAL));
    const cases: [Edited, (text: string) => Edited][] = [
      [edits.setNode(worker, 1, "memory", "4Gi"), (text) => edits.setNode(text, 1, "memory", "")],
      [edits.setLabel(worker, 1, "a", "b"), (text) => edits.removeLabel(text, 1, "a")],
      [
        edits.setNetworking(worker, "podSubnet", "10.0.0.0/16"),
        (text) => edits.setNetworking(text, "podSubnet", ""),
      ],
      [edits.allowPods(worker, 0, true), (text) => edits.allowPods(text, 0, false)],
      [
        edits.setKubernetesVersion(worker, "v1.36.0"),
        (text) => edits.setKubernetesVersion(text, ""),
      ],
      [
        edits.addPort(worker, 1, {
          containerPort: "1",
          hostPort: "2",
          listenAddress: "0.0.0.0",
          protocol: "UDP",
        }),
        (text) => edits.removePort(text, 1, 0),
      ],
    ];
    for (const [there, back] of cases) {
      expect(done(there)).not.toBe(worker);
      expect(done(back(done(there)))).toBe(worker);
    }
    expect(done(edits.removeNode(worker, 1))).toBe(MINIMAL);
  });

  it("leave what is not a number to the validator", () => {
    const text = done(edits.setNode(MINIMAL, 0, "cpus", "two"));
    expect(parse(text).spec.nodes[0].cpus).toBe("two");
    expect(parse(done(edits.setNode(text, 0, "cpus", "3"))).spec.nodes[0].cpus).toBe(3);
  });

  it("take any text for a name without breaking the file", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        const text = done(edits.setName(MINIMAL, name));
        expect(parse(text).metadata.name).toBe(name);
        expect(text.split("\n")).toHaveLength(MINIMAL.split("\n").length);
        expect(done(edits.setName(text, "demo"))).toMatch(/name: ["']?demo["']?\n/);
      }),
    );
  });
});

describe("what is written", () => {
  it("is read with its places", () => {
    const draft = readDraft(`apiVersion: apple-k8s.dev/v1alpha1
kind: Cluster
metadata: {name: shop}
spec:
  nodes:
  - role: control-plane
    memory: 1500M # small
    taints: []
  # two of them
  - role: worker
    replicas: 2
    labels:
      version: "1.10"
    extraMounts:
    - hostPath: .
      containerPath: /code
      readOnly: true

  networking:
    apiServerPort: 6443
`);
    expect(draft).toMatchObject({
      format: "own",
      name: "shop",
      kubernetesVersion: "",
      nodes: [
        {
          role: "control-plane",
          memory: "1500M",
          cpus: "",
          taints: [],
          lines: { first: 6, last: 8 },
        },
        {
          replicas: "2",
          taints: null,
          labels: [{ key: "version", value: "1.10" }],
          mounts: [{ hostPath: ".", containerPath: "/code", readOnly: true }],
          lines: { first: 10, last: 17 },
        },
      ],
      networking: { apiServerPort: "6443", cni: "" },
    });
  });

  it("is read of a file of kind, but not to be edited", () => {
    const draft = readDraft(
      "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: a\nnodes:\n- role: worker\n",
    );
    expect(draft).toMatchObject({ format: "foreign", name: "a", nodes: [{ role: "worker" }] });
  });

  it("is nothing when the text is no YAML", () => {
    expect(readDraft("a: [")).toBeNull();
    expect(readDraft("- a")).toBeNull();
    expect(readDraft("")).toBeNull();
  });
});
