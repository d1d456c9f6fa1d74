import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createScripted } from "../host/mock";
import { scenarios } from "../host/scripted/scenarios";
import { addWorker, setName, setNode } from "./edits";
import { offsetsOf, problemAt, problemsOfNode, ConfigSession } from "./session.svelte";

function host() {
  const scenario = scenarios["three-nodes"];
  if (!scenario) throw new Error("no scenario");
  return createScripted(scenario(), { frozen: true });
}

const begin = { preset: "three", name: "shop" } as const;

async function opened(cluster: string | null = null) {
  const scripted = host();
  const session = new ConfigSession(scripted, cluster);
  await session.open(begin);
  return { scripted, session };
}

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a configuration that is edited", () => {
  it("begins with a preset and shows it", async () => {
    const { session } = await opened();
    expect(session.draft?.name).toBe("shop");
    expect(session.form?.machines.map((machine) => machine.name)).toEqual([
      "shop-control-plane",
      "shop-worker",
      "shop-worker2",
    ]);
    expect([session.editable, session.changed, session.savedAt]).toEqual([true, false, null]);
  });

  it("lets the form follow the text within 150 ms", async () => {
    const { session } = await opened();
    session.write(session.text.replace("replicas: 2", "replicas: 5"));
    await vi.advanceTimersByTimeAsync(150);
    expect(session.draft?.nodes[1]?.replicas).toBe("5");
    expect(session.form?.machines).toHaveLength(6);
  });

  it("keeps the last right values, locked, while the text is wrong", async () => {
    const { session } = await opened();
    session.write(session.text.replace("replicas: 2", "replicas: thre"));
    await vi.advanceTimersByTimeAsync(150);
    expect(session.locked).toBe(true);
    expect(session.draft?.nodes[1]?.replicas).toBe("2");
    expect(session.errors[0]?.path).toBe("spec.nodes[1].replicas");
    expect(session.apply((text) => setName(text, "other"))).toBe(false);
    session.write(session.text.replace("thre", "3"));
    await vi.advanceTimersByTimeAsync(150);
    expect([session.locked, session.draft?.nodes[1]?.replicas]).toEqual([false, "3"]);
  });

  it("stays editable when the form itself made the text wrong", async () => {
    const { session } = await opened();
    session.apply((text) => setName(text, ""));
    await vi.advanceTimersByTimeAsync(150);
    expect(session.editable).toBe(true);
    expect(session.draft?.name).toBe("");
    expect(problemAt(session.problems, "metadata.name")).not.toBeNull();
    session.apply((text) => setName(text, "fine"));
    await vi.advanceTimersByTimeAsync(150);
    expect([session.draft?.name, session.errors.length]).toEqual(["fine", 0]);
  });

  it("says when only the text can make an edit", async () => {
    const { session } = await opened();
    session.write(session.text.replace("replicas: 2", "cpus: &c 2\n  - role: worker\n    cpus: *c"));
    await vi.advanceTimersByTimeAsync(150);
    const before = session.text;
    expect(session.apply((text) => setNode(text, 1, "cpus", "4"))).toBe(false);
    expect([session.refused, session.text]).toEqual([true, before]);
  });

  it("keeps drafts, and none when nothing changed", async () => {
    const { scripted, session } = await opened();
    session.apply((text) => addWorker(text));
    await vi.advanceTimersByTimeAsync(400);
    expect(session.savedAt).toBe(scripted.now());
    const again = new ConfigSession(scripted, null);
    await again.open(begin);
    expect([again.text, again.changed]).toEqual([session.text, true]);
    session.revert();
    await vi.advanceTimersByTimeAsync(400);
    expect(await scripted.call("draft_get", { cluster: null })).toBeNull();
  });

  it("gives back a draft that a preset, a file or a revert has replaced", async () => {
    const { session } = await opened();
    session.replace(session.base.replace("shop", "first"));
    expect(session.replaced).toBeNull();
    session.apply((text) => setName(text, "mine"));
    const mine = session.text;
    const other = { text: "# another\n", path: "other.yaml" };
    session.replace(other.text, other);
    expect([session.text, session.file]).toEqual(["# another\n", other]);
    const later = new ConfigSession(host(), null);
    expect(later.replaced, "it waits in a window that is opened later").toEqual({ text: mine, file: null });
    expect(new ConfigSession(host(), "dev").replaced).toBeNull();
    session.takeBack();
    expect([session.text, session.file, session.replaced]).toEqual([mine, null, null]);
    session.revert();
    session.takeBack();
    expect(session.text).toBe(mine);
  });

  it("writes the draft when it ends before its time", async () => {
    const { scripted, session } = await opened();
    session.write(`${session.text}# mine\n`);
    session.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(await scripted.call("draft_get", { cluster: null })).toContain("# mine");
  });

  it("takes only the newest answer of the validator", async () => {
    const { scripted, session } = await opened();
    const right = await scripted.call("config_check", { text: session.text });
    let slow: ((value: typeof right) => void) | undefined;
    scripted.answer("config_check", () => new Promise((resolve) => (slow = resolve)));
    session.apply((text) => setName(text, "first"));
    const first = slow;
    session.apply((text) => setName(text, "second"));
    slow?.(right);
    first?.({ problems: [], cluster: null });
    await vi.advanceTimersByTimeAsync(10);
    expect([session.draft?.name, session.locked]).toEqual(["second", false]);
  });

  it("asks what a change means for a running cluster", async () => {
    const { session } = await opened("dev");
    expect(session.current?.name).toBe("dev");
    session.apply((text) => addWorker(text));
    await vi.advanceTimersByTimeAsync(1000);
    expect(session.plan).not.toBeNull();
    session.revert();
    await vi.advanceTimersByTimeAsync(1000);
    expect(session.plan).toBeNull();
  });
});

describe("places of problems", () => {
  it("count characters, not their halves", () => {
    expect(offsetsOf("a: 🙂🙂x", { column: 6, length: 1 })).toEqual({ from: 7, to: 8 });
    expect(offsetsOf("a:", { column: 3, length: 1 })).toEqual({ from: 2, to: 2 });
    expect(offsetsOf("abc", { column: 1, length: 99 })).toEqual({ from: 0, to: 3 });
  });

  it("belong to a node", () => {
    const problem = (path: string) => ({
      path,
      line: 1,
      column: 1,
      length: 1,
      message: "",
      hint: null,
      severity: "error" as const,
    });
    const all = [problem("spec.nodes[1].cpus"), problem("spec.nodes[10].cpus"), problem("spec.nodes[1]")];
    expect(problemsOfNode(all, 1)).toHaveLength(2);
  });
});
