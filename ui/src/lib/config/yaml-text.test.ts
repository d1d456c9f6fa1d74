import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  appendIn,
  difference,
  removeIn,
  renameKey,
  setIn,
  type Path,
  type Value,
} from "./yaml-text";

const FULL = `# Head
apiVersion: apple-k8s.dev/v1alpha1   # the only one
kind: Cluster
metadata:
  name: 'shop'  # quoted
spec:
  nodes:
  # Exactly one control plane.
  - role: control-plane
    cpus: 2
    memory: "3Gi" # half of the machine
    extraPortMappings:
    - containerPort: 30080
      hostPort: 8080

  - role: worker
    # Default: 1.
    replicas: 2
    labels:
      tier: backend
      example.com/disk: ssd

  - replicas: 3
    role: worker
    taints: []
    kubeadmConfigPatches:
    - |
      kind: JoinConfiguration
  networking: {podSubnet: 10.244.0.0/16}  # flow
`;

function text(edited: ReturnType<typeof setIn>): string {
  if (!edited.ok) throw new Error(edited.why);
  return edited.text;
}

/** Lines of the old text that the new one lacks, and lines that it adds. */
function changes(before: string, after: string): [string[], string[]] {
  const a = before.split("\n");
  const b = after.split("\n");
  let head = 0;
  while (head < Math.min(a.length, b.length) && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < Math.min(a.length, b.length) - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) {
    tail++;
  }
  return [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
}

function changed(path: Path, value: Value, order: readonly string[] = []): [string[], string[]] {
  return changes(FULL, text(setIn(FULL, path, value, () => order)));
}

describe("a scalar that is there", () => {
  it("keeps its quotes and its comment", () => {
    expect(changed(["metadata", "name"], "dev")).toEqual([
      ["  name: 'shop'  # quoted"],
      ["  name: 'dev'  # quoted"],
    ]);
    expect(changed(["spec", "nodes", 0, "memory"], "4Gi")).toEqual([
      ['    memory: "3Gi" # half of the machine'],
      ['    memory: "4Gi" # half of the machine'],
    ]);
    expect(changed(["spec", "nodes", 0, "cpus"], 6)).toEqual([["    cpus: 2"], ["    cpus: 6"]]);
    expect(changed(["spec", "networking", "podSubnet"], "10.0.0.0/16")[1]).toEqual([
      "  networking: {podSubnet: 10.0.0.0/16}  # flow",
    ]);
  });

  it("gets quotes when it would be no text without them", () => {
    const at = ["spec", "nodes", 1, "labels", "tier"] as const;
    expect(changed(at, "true")[1]).toEqual(['      tier: "true"']);
    expect(changed(at, "42")[1]).toEqual(['      tier: "42"']);
    expect(changed(at, "yes")[1]).toEqual(['      tier: "yes"']);
    expect(changed(at, "")[1]).toEqual(['      tier: ""']);
    expect(changed(at, "a: b # c")[1]).toEqual(['      tier: "a: b # c"']);
    expect(changed(["spec", "networking", "podSubnet"], "a,b")[1]).toEqual([
      '  networking: {podSubnet: "a,b"}  # flow',
    ]);
  });
});

describe("a new key", () => {
  const order = ["role", "replicas", "cpus", "memory", "labels", "taints"];

  it("stands where the order of keys has it", () => {
    expect(
      changes(FULL, text(setIn(FULL, ["spec", "nodes", 1, "memory"], "2Gi", () => order))),
    ).toEqual([[], ["    memory: 2Gi"]]);
    const lines = text(setIn(FULL, ["spec", "nodes", 1, "memory"], "2Gi", () => order)).split("\n");
    expect(lines[lines.indexOf("    memory: 2Gi") - 1]).toBe("    replicas: 2");
  });

  it("stands at the end without an order, before a comment of the next entry", () => {
    expect(changed(["spec", "nodes", 1, "labels", "zone"], "a")).toEqual([[], ["      zone: a"]]);
  });

  it("brings the mappings it needs", () => {
    expect(changed(["spec", "nodes", 0, "labels", "tier"], "a")).toEqual([
      [],
      ["    labels:", "      tier: a"],
    ]);
    expect(changed(["spec", "networking", "cni"], "none")[1]).toEqual([
      "  networking: {podSubnet: 10.244.0.0/16, cni: none}  # flow",
    ]);
  });

  it("ends a last line that has no end", () => {
    expect(text(setIn("a: 1", ["b"], 2))).toBe("a: 1\nb: 2");
    expect(text(setIn("a:\n  b: 1 # x", ["a", "c"], "w"))).toBe("a:\n  b: 1 # x\n  c: w");
  });

  it("fills a key without a value", () => {
    expect(text(setIn("a: # why\nb: 1\n", ["a"], "x"))).toBe("a: x # why\nb: 1\n");
    expect(text(setIn("a: # why\nb: 1\n", ["a", "c"], "x"))).toBe("a: # why\n  c: x\nb: 1\n");
  });

  it("follows a block of text", () => {
    const before = "a: |\n  one\n\n  two\n\n# end\n";
    expect(text(setIn(before, ["b"], 1))).toBe("a: |\n  one\n\n  two\nb: 1\n\n# end\n");
  });
});

describe("a list", () => {
  it("gets an entry in its own indentation", () => {
    const [, added] = changes(
      FULL,
      text(
        appendIn(FULL, ["spec", "nodes", 0, "extraPortMappings"], {
          containerPort: 1,
          hostPort: 2,
        }),
      ),
    );
    expect(added).toEqual(["    - containerPort: 1", "      hostPort: 2"]);
  });

  it("keeps blank lines between its entries", () => {
    const [gone, added] = changes(
      FULL,
      text(appendIn(FULL, ["spec", "nodes"], { role: "worker" })),
    );
    expect(gone).toEqual([]);
    expect(added).toEqual(["", "  - role: worker"]);
  });

  it("is made when it is not there, or empty", () => {
    expect(
      changes(
        FULL,
        text(appendIn(FULL, ["spec", "nodes", 1, "taints"], { key: "a", effect: "NoSchedule" })),
      )[1],
    ).toEqual(["    taints:", "    - key: a", "      effect: NoSchedule"]);
    expect(
      changes(
        FULL,
        text(appendIn(FULL, ["spec", "nodes", 2, "taints"], { key: "a", effect: "NoSchedule" })),
      )[1],
    ).toEqual(["    taints: [{key: a, effect: NoSchedule}]"]);
  });

  it("is indented like the others", () => {
    const before = "a:\n  - x: 1\n    b: 2\n";
    expect(text(appendIn(before, ["a", 0, "c"], { d: 1 }))).toBe(
      "a:\n  - x: 1\n    b: 2\n    c:\n      - d: 1\n",
    );
  });

  it("loses an entry, the rest stays", () => {
    const [gone, added] = changes(FULL, text(removeIn(FULL, ["spec", "nodes", 1])));
    expect(added).toEqual([]);
    expect(gone.join("\n")).toContain("example.com/disk: ssd");
    expect(gone).toHaveLength(7);
  });

  it("loses the key behind its dash", () => {
    const [gone, added] = changes(FULL, text(removeIn(FULL, ["spec", "nodes", 2, "replicas"])));
    expect([gone, added]).toEqual([["  - replicas: 3", "    role: worker"], ["  - role: worker"]]);
    expect(text(removeIn("- a: 1\n  # c\n  b: 2\n".replace(/^/, "x:\n"), ["x", 0, "a"]))).toBe(
      "x:\n- \n  # c\n  b: 2\n",
    );
  });

  it("goes when its last entry goes", () => {
    const path = ["spec", "nodes", 0, "extraPortMappings", 0];
    expect(changes(FULL, text(removeIn(FULL, path, 4)))[0]).toEqual([
      "    extraPortMappings:",
      "    - containerPort: 30080",
      "      hostPort: 8080",
    ]);
  });
});

describe("other forms", () => {
  it("keeps CRLF", () => {
    const before = FULL.replaceAll("\n", "\r\n");
    const after = text(setIn(before, ["spec", "nodes", 0, "labels", "a"], "b"));
    expect(after.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    expect(changes(before, after)[0]).toEqual([]);
  });

  it("writes JSON into JSON", () => {
    const before = '{"metadata": {"name": "a"}, "spec": {"nodes": [{"role": "control-plane"}]}}';
    expect(text(appendIn(before, ["spec", "nodes"], { role: "worker" }))).toBe(
      '{"metadata": {"name": "a"}, "spec": {"nodes": [{"role": "control-plane"}, {"role": "worker"}]}}',
    );
    expect(text(setIn(before, ["spec", "nodes", 0, "cpus"], 2))).toContain(
      '"control-plane", "cpus": 2}',
    );
  });

  it("writes into flow that spans lines", () => {
    const before = "a: [\n  x, # one\n  y,\n]\n";
    expect(text(appendIn(before, ["a"], "z"))).toBe("a: [\n  x, # one\n  y,\n  z,\n]\n");
    expect(parse(text(removeIn(before, ["a", 1])))).toEqual({ a: ["x"] });
  });

  it("renames a key", () => {
    expect(
      changes(FULL, text(renameKey(FULL, ["spec", "nodes", 1, "labels", "tier"], "layer")))[1],
    ).toEqual(["      layer: backend"]);
    expect(renameKey(FULL, ["spec", "nodes", 1, "labels", "tier"], "example.com/disk").ok).toBe(
      false,
    );
  });

  it("refuses what would change something else", () => {
    const before = "x: &m 2Gi\ny: *m\n";
    expect(setIn(before, ["x"], "4Gi")).toEqual({ ok: false, why: "entangled" });
    expect(text(setIn(before, ["y"], "4Gi"))).toBe("x: &m 2Gi\ny: 4Gi\n");
    expect(setIn("a: [", ["a"], 1)).toEqual({ ok: false, why: "unreadable" });
    expect(setIn("a: |\n  text\n", ["a"], "b").ok).toBe(false);
    expect(setIn("a: 1\n---\nb: 2\n", ["a"], 2).ok).toBe(false);
    const merged = "base: &b\n  labels: {a: x}\nnode:\n  <<: *b\n";
    expect(setIn(merged, ["node", "labels", "c"], "y").ok).toBe(false);
    expect(text(setIn(merged, ["node", "cpus"], 2))).toContain("  cpus: 2\n");
  });
});

// --- any text ---------------------------------------------------------------------------------

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}[a-z0-9]$/);
const awkward = fc.oneof(
  word,
  fc.constantFrom("true", "12", "null", "", "a: b", "it's", '"q"', "#x", "- y", "[z]", "ü 🙂"),
);
const comment = fc.option(fc.constantFrom("# note", "# cpus: 9", "#"), { nil: "" });

type Node = {
  role: string;
  cpus?: number;
  memory?: string;
  labels?: Record<string, string>;
  extraMounts?: { hostPath: string; containerPath: string }[];
};

const node: fc.Arbitrary<Node> = fc.record(
  {
    role: fc.constant("worker"),
    cpus: fc.integer({ min: 1, max: 64 }),
    memory: fc.constantFrom("2Gi", "1500M"),
    labels: fc.dictionary(word, awkward, { minKeys: 1, maxKeys: 3 }),
    extraMounts: fc.array(fc.record({ hostPath: word, containerPath: word }), {
      minLength: 1,
      maxLength: 2,
    }),
  },
  { requiredKeys: ["role"] },
);

/** Lines of a Cluster as different people write it: quotes, comments, blank lines, flow. */
const written = fc
  .record({
    nodes: fc.array(node, { minLength: 1, maxLength: 4 }),
    hang: fc.boolean(),
    crlf: fc.boolean(),
    ended: fc.boolean(),
    quotes: fc.infiniteStream(fc.constantFrom("", "'", '"')),
    comments: fc.infiniteStream(comment),
    trailing: fc.infiniteStream(comment),
    blank: fc.infiniteStream(fc.integer({ min: 0, max: 5 })),
    flow: fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
  })
  .map((style) => {
    const next = <T>(stream: Iterator<T>): T => stream.next().value as T;
    const quote = (value: string | number): string => {
      if (typeof value === "number") return String(value);
      const mark = next(style.quotes);
      if (mark === "'") return `'${value.replaceAll("'", "''")}'`;
      return mark === '"' || !/^[a-z][a-z0-9-]*$/.test(value) || ["true", "null"].includes(value)
        ? JSON.stringify(value)
        : value;
    };
    const lines: string[] = ["kind: Cluster", "metadata:", "  name: x", "spec:", "  nodes:"];
    const dash = style.hang ? "  - " : "    - ";
    for (const each of style.nodes) {
      const own: string[] = [];
      for (const [key, value] of Object.entries(each)) {
        if (typeof value !== "object") own.push(`${key}: ${quote(value)}`);
        else if (next(style.flow) === 0) own.push(`${key}: ${JSON.stringify(value)}`);
        else if (Array.isArray(value)) {
          const inner = style.hang ? "" : "  ";
          own.push(`${key}:`);
          for (const mount of value) {
            own.push(`${inner}- hostPath: ${quote(mount.hostPath)}`);
            own.push(`${inner}  containerPath: ${quote(mount.containerPath)}`);
          }
        } else {
          own.push(`${key}:`);
          for (const [name, label] of Object.entries(value)) own.push(`  ${name}: ${quote(label)}`);
        }
      }
      own.forEach((line, index) =>
        lines.push((index === 0 ? dash : " ".repeat(dash.length)) + line),
      );
    }
    const decorated = lines.flatMap((line) => {
      const above = next(style.comments);
      const behind = next(style.trailing);
      const pad = " ".repeat(Math.max(0, line.search(/\S/)));
      return [
        ...(next(style.blank) === 0 ? [""] : []),
        ...(above ? [pad + above] : []),
        behind ? `${line}  ${behind}` : line,
      ];
    });
    const eol = style.crlf ? "\r\n" : "\n";
    return { text: decorated.join(eol) + (style.ended ? eol : ""), nodes: style.nodes };
  });

/** Whether all of `part` is in `whole`, in its order. */
function isWithin(part: string[], whole: string[]): boolean {
  let at = 0;
  for (const line of whole) if (at < part.length && part[at] === line) at++;
  return at === part.length;
}

function linesOf(value: string): string[] {
  return value.split(/\r?\n/).filter((line) => line !== "");
}

describe("any text", () => {
  it("keeps each line but the one that is set", () => {
    fc.assert(
      fc.property(written, fc.nat(), awkward, ({ text: before, nodes }, pick, value) => {
        const at = pick % nodes.length;
        const had = nodes[at]?.memory !== undefined;
        const after = text(setIn(before, ["spec", "nodes", at, "memory"], value));
        const [gone, added] = changes(before, after);
        if (parse(before).spec.nodes[at].memory === value) expect(after).toBe(before);
        else if (had) expect([gone.length, added.length]).toEqual([1, 1]);
        else expect(isWithin(linesOf(before), linesOf(after))).toBe(true);
        expect(parse(after).spec.nodes[at].memory).toBe(value);
      }),
      { numRuns: 100 },
    );
  });

  it("only gains lines when something is added", () => {
    fc.assert(
      fc.property(written, fc.nat(), word, awkward, ({ text: before, nodes }, pick, key, value) => {
        const at = pick % nodes.length;
        const after = text(setIn(before, ["spec", "nodes", at, "labels", `new/${key}`], value));
        const flowing = /labels: \{/.test(before);
        if (!flowing) expect(isWithin(linesOf(before), linesOf(after))).toBe(true);
        expect(parse(after).spec.nodes[at].labels[`new/${key}`]).toBe(value);
        const grown = text(appendIn(after, ["spec", "nodes"], { role: "worker", cpus: 3 }));
        expect(isWithin(linesOf(after), linesOf(grown))).toBe(true);
        expect(parse(grown).spec.nodes.at(-1)).toEqual({ role: "worker", cpus: 3 });
      }),
      { numRuns: 100 },
    );
  });

  it("only loses lines when something is removed, and no comment outside of it", () => {
    fc.assert(
      fc.property(written, fc.nat(), ({ text: before, nodes }, pick) => {
        fc.pre(nodes.length > 1);
        const at = pick % nodes.length;
        const after = text(removeIn(before, ["spec", "nodes", at]));
        expect(isWithin(linesOf(after), linesOf(before))).toBe(true);
        expect(parse(after).spec.nodes).toEqual(
          parse(before).spec.nodes.filter((_: unknown, index: number) => index !== at),
        );
        const [gone] = changes(before, after);
        const keys = gone.filter((line) => /^\s*- role/.test(line.trimEnd()));
        expect(keys.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  });

  it("comes back when an addition is removed", () => {
    fc.assert(
      fc.property(written, ({ text: before, nodes }) => {
        fc.pre(before.endsWith("\n") && nodes.length > 0);
        const added = text(appendIn(before, ["spec", "nodes"], { role: "worker" }));
        expect(text(removeIn(added, ["spec", "nodes", nodes.length]))).toBe(before);
      }),
      { numRuns: 100 },
    );
  });

  it("differs in one stretch", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const change = difference(a, b);
        expect(change ? a.slice(0, change.from) + change.insert + a.slice(change.to) : a).toBe(b);
      }),
    );
  });
});
