import fc from "fast-check";
import { expect, it } from "vitest";
import { difference } from "./difference";

it("finds the lines in the middle", () => {
  expect(difference("a\nb\nc\n", "a\nx\ny\nc\n")).toEqual({ line: 2, gone: ["b"], come: ["x", "y"] });
  expect(difference("a\n", "a\nb\n")).toEqual({ line: 2, gone: [], come: ["b"] });
  expect(difference("a\na\n", "a\n")).toEqual({ line: 2, gone: ["a"], come: [] });
  expect(difference("", "a")).toEqual({ line: 1, gone: [""], come: ["a"] });
});

it("makes the one text of the other", () => {
  const text = fc.array(fc.constantFrom("a", "b", ""), { maxLength: 8 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const { line, gone, come } = difference(before, after);
      const lines = before.split("\n");
      expect(lines.toSpliced(line - 1, gone.length, ...come).join("\n")).toBe(after);
    }),
  );
});
