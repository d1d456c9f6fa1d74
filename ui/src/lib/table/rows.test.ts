import { describe, expect, it } from "vitest";
import { byNumber, byText, drawn, fitting, flatten, matches, nextSort, template, typed, type Column, type Group } from "./rows";

interface Row {
  name: string;
  size: number | null;
}

const columns: Column<Row>[] = [
  { id: "name", title: "Name", width: 100, grow: 1, keep: true, order: (a, b) => byText(a.name, b.name) },
  { id: "state", title: "State", width: 80, keep: true },
  { id: "size", title: "Size", width: 60, order: (a, b) => byNumber(a.size, b.size) },
  { id: "age", title: "Age", width: 60 },
];
const groups: Group<Row>[] = [
  { id: "bad", title: null, rows: [{ name: "z", size: 1 }] },
  { id: "shop", title: "shop", rows: [{ name: "web-10", size: null }, { name: "web-2", size: 7 }], folded: false },
  { id: "system", title: "System", rows: [{ name: "dns", size: 3 }], folded: true },
  { id: "none", title: "none", rows: [] },
];
const names = (sort: Parameters<typeof flatten>[2]) =>
  flatten(groups, columns, sort, (row) => row.name).map((item) => item.key);

describe("flatten", () => {
  it("keeps groups in their order, hides folded rows and leaves empty groups out", () => {
    expect(names(null)).toEqual(["z", "group:shop", "web-10", "web-2", "group:system"]);
  });
  it("sorts inside the groups, numbers in names as numbers", () => {
    expect(names({ column: "name", descending: false })).toEqual(["z", "group:shop", "web-2", "web-10", "group:system"]);
  });
  it("puts the unknown last going up", () => {
    expect(names({ column: "size", descending: false }).slice(2, 4)).toEqual(["web-2", "web-10"]);
  });
  it("ignores a column that has no order", () => {
    expect(names({ column: "state", descending: true })).toEqual(names(null));
  });
});

describe("columns", () => {
  it("drop from the right, never name or state", () => {
    const shown = (width: number) => fitting(columns, width, 12).map((column) => column.id);
    expect(shown(400)).toEqual(["name", "state", "size", "age"]);
    expect(shown(330)).toEqual(["name", "state", "size"]);
    expect(shown(200)).toEqual(["name", "state"]);
    expect(shown(10)).toEqual(["name", "state"]);
  });
  it("make a template", () => {
    expect(template(columns.slice(0, 2))).toBe("minmax(100px, 1fr) 80px");
  });
});

describe("drawn", () => {
  it("stays small however many rows there are", () => {
    const indexes = drawn(2000, 24_000, 480, 24, -1);
    expect(indexes[0]).toBe(990);
    expect(indexes.at(-1)).toBe(1029);
  });
  it("keeps the row with the focus, above or below", () => {
    expect(drawn(2000, 24_000, 480, 24, 3)[0]).toBe(3);
    expect(drawn(2000, 0, 480, 24, 1999).at(-1)).toBe(1999);
  });
  it("does not go beyond the ends", () => {
    expect(drawn(3, 0, 480, 24, -1)).toEqual([0, 1, 2]);
    expect(drawn(0, 0, 480, 24, -1)).toEqual([]);
  });
});

it("sorting goes up, down and back", () => {
  const up = nextSort(null, "name");
  const down = nextSort(up, "name");
  expect([up, down, nextSort(down, "name")]).toEqual([
    { column: "name", descending: false },
    { column: "name", descending: true },
    null,
  ]);
  expect(nextSort(down, "size")).toEqual({ column: "size", descending: false });
});

it("typing selects the next row that starts so, and goes round", () => {
  const items = flatten(groups, columns, null, (row) => row.name);
  const at = (from: number, text: string) => items[typed(items, from, text, (row) => row.name)]?.key;
  expect(at(0, "w")).toBe("web-10");
  expect(at(2, "w")).toBe("web-2");
  expect(at(3, "w")).toBe("web-10");
  expect(at(2, "web-2")).toBe("web-2");
  expect(at(2, "web-1")).toBe("web-10");
  expect(at(0, "q")).toBeUndefined();
});

it("a filter needs all its words, anywhere", () => {
  expect(matches("shop 2.1", "web", "shop:2.1")).toBe(true);
  expect(matches("shop 2.2", "web", "shop:2.1")).toBe(false);
  expect(matches("  ", "web")).toBe(true);
  expect(matches("WEB", "web", null)).toBe(true);
});
