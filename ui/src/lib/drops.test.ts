import { describe, expect, it } from "vitest";
import { sentence, sortFiles, targetAt, verdict } from "./drops";
import type { DroppedFile } from "./host/types";

function file(name: string, kind: DroppedFile["kind"], more: Partial<DroppedFile> = {}): DroppedFile {
  return { name, sizeBytes: 1, kind, what: "", images: [], problem: null, ...more };
}

const shop = file("shop.tar", "imageArchive", { images: ["shop:2.1"] });
const cart = file("cart.tar.zst", "imageArchive", { images: ["cart:dev", "cart:test"] });
const pdf = file("notes.pdf", "other", { what: "a PDF" });
const foreign = file("old.tar", "imageArchive", {
  problem: { code: "ImageWrongPlatform", message: "old:1 is for amd64, the nodes are arm64", hint: "Build it for linux/arm64.", detail: null, logs: null },
});

describe("dropped files", () => {
  it("go on when they are good, and say why when they are not", () => {
    const sorted = sortFiles([shop, pdf, foreign, file("a.yaml", "cluster"), file("b.yaml", "cluster"), file("c.yaml", "manifests")]);
    expect(sorted.images).toEqual([shop]);
    expect(sorted.cluster?.name).toBe("a.yaml");
    expect(sorted.manifests).toHaveLength(1);
    expect(sorted.refused).toEqual([
      { name: "notes.pdf", why: "notes.pdf is a PDF. Drop an image archive (tar, gzip, zstd) or a YAML file." },
      { name: "old.tar", why: "old:1 is for amd64, the nodes are arm64. Build it for linux/arm64." },
      { name: "b.yaml", why: "Not opened: “a.yaml” is, and one at a time can be." },
    ]);
  });

  it("say before they are let go what will happen", () => {
    const dev = { cluster: "dev", node: null };
    expect(verdict([shop], dev, false)).toBe("Load shop:2.1 into “dev”");
    expect(verdict([shop, cart], dev, false)).toBe("Load 3 images into “dev”");
    expect(verdict([shop], { cluster: "dev", node: "dev-worker" }, false)).toBe("Load shop:2.1 into dev-worker only");
    expect(verdict([shop, cart, pdf], dev, true)).toBe("Looking at 3 files…");
    expect(verdict([shop, pdf], dev, false)).toBe("Load shop:2.1 into “dev”; 1 file can't be used");
    expect(verdict([pdf], dev, false)).toMatch(/^notes\.pdf is a PDF/);
    expect(verdict([shop], { cluster: null, node: null }, false)).toMatch(/^Create a cluster first/);
    expect(verdict([file("x.yaml", "manifests")], dev, false)).toBe("Preview x.yaml for “dev”");
  });

  it("are told of in sentences that leave names alone", () => {
    expect(["node dev-worker has no room", "shop:2.1 is gone", "container is not running", "", "Done."].map(sentence)).toEqual([
      "Node dev-worker has no room.",
      "shop:2.1 is gone.",
      "container is not running.",
      "",
      "Done.",
    ]);
  });

  it("find their target", () => {
    document.body.innerHTML = '<div data-cluster="ci"><b id="a"></b></div><div data-node="dev-worker"><i id="b"></i></div><p id="c"></p>';
    const at = (id: string, shown: string | null = "dev") => targetAt(document.getElementById(id), shown).target;
    expect(at("a")).toEqual({ cluster: "ci", node: null });
    expect(at("b")).toEqual({ cluster: "dev", node: "dev-worker" });
    expect(at("c")).toEqual({ cluster: "dev", node: null });
    expect(at("c", null)).toEqual({ cluster: null, node: null });
  });
});
