import { describe, expect, it } from "vitest";
import { pieces, plain } from "./ansi";

describe("pieces", () => {
  it("map colours to tones", () => {
    expect(pieces("\u001b[31mERROR\u001b[0m no")).toEqual([
      { text: "ERROR", tone: "bad", bold: false },
      { text: " no", tone: null, bold: false },
    ]);
  });
  it("know bold, dim and several codes at once", () => {
    expect(pieces("\u001b[1;33mW\u001b[22mx\u001b[2my")).toEqual([
      { text: "W", tone: "warn", bold: true },
      { text: "x", tone: "warn", bold: false },
      { text: "y", tone: "dim", bold: false },
    ]);
  });
  it("obey nothing: cursor, title and clear are dropped", () => {
    expect(plain("a\u001b[2Jb\u001b]0;title\u0007c\u001b[10;3Hd")).toBe("abcd");
  });
  it("show other control characters", () => {
    expect(plain("a\u0000b\u0008c\u007f\u001bZ")).toBe("a\u2400b\u2408c\u2421\u241bZ");
  });
  it("leave plain lines and tabs alone", () => {
    expect(pieces("a\tb")).toEqual([{ text: "a\tb", tone: null, bold: false }]);
  });
});
