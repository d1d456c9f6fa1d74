/**
 * The editor of the Cluster YAML. It lives in a shadow root, where its style sheets are adopted
 * ones: the windows' policy allows no style written into the page.
 */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState, RangeSet, StateEffect, StateField, type Range } from "@codemirror/state";
import {
  Decoration,
  EditorView,
  GutterMarker,
  gutterLineClass,
  highlightActiveLine,
  keymap,
  lineNumbers,
  WidgetType,
  type DecorationSet,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { difference } from "../config/yaml-text";
import { offsetsOf } from "../config/session.svelte";
import type { Lines } from "../config/draft";
import type { ConfigProblem } from "../host/types";

export interface Editor {
  /** Takes a text that was changed elsewhere; only what differs is replaced, undo keeps it. */
  show(text: string): void;
  /** Marks what is wrong; words under the line only once the person rests. */
  mark(problems: readonly ConfigProblem[], words: boolean): void;
  /** Marks the lines of what is selected, and scrolls to them when asked to. */
  select(lines: Lines | null, scroll: boolean): void;
  goTo(line: number, column: number): void;
  focus(): void;
  end(): void;
}

/** Marks a change that came from outside, which is not reported back. */
const fromOutside = Annotation.define<boolean>();
const setProblems = StateEffect.define<{ problems: readonly ConfigProblem[]; words: boolean }>();
const setSelected = StateEffect.define<Lines | null>();

class Words extends WidgetType {
  constructor(readonly problem: ConfigProblem) {
    super();
  }
  override eq(other: Words): boolean {
    return JSON.stringify(other.problem) === JSON.stringify(this.problem);
  }
  override toDOM(): HTMLElement {
    const line = document.createElement("div");
    line.className = `words ${this.problem.severity}`;
    // The list of problems says the same to screen readers.
    line.ariaHidden = "true";
    const { message, hint } = this.problem;
    line.textContent = hint === null ? message : `${message} – ${hint}`;
    return line;
  }
}

const wrongLine = new (class extends GutterMarker {
  override elementClass = "wrong";
})();

interface Marks {
  decorations: DecorationSet;
  gutter: RangeSet<GutterMarker>;
}

const noMarks: Marks = { decorations: Decoration.none, gutter: RangeSet.empty };

function marksOf(state: EditorState, problems: readonly ConfigProblem[], words: boolean): Marks {
  const ranges: Range<Decoration>[] = [];
  const lines = new Set<number>();
  for (const problem of problems) {
    const line = state.doc.line(Math.min(Math.max(1, problem.line), state.doc.lines));
    const { from, to } = offsetsOf(line.text, problem);
    if (to > from) {
      const mark = Decoration.mark({ class: `problem ${problem.severity}` });
      ranges.push(mark.range(line.from + from, line.from + to));
    }
    if (words) {
      const widget = Decoration.widget({ widget: new Words(problem), block: true, side: 1 });
      ranges.push(widget.range(line.to));
    }
    if (problem.severity === "error") lines.add(line.from);
  }
  const gutter = [...lines].map((at) => wrongLine.range(at));
  return { decorations: Decoration.set(ranges, true), gutter: RangeSet.of(gutter, true) };
}

const problemField = StateField.define<Marks>({
  create: () => noMarks,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setProblems)) {
        return marksOf(transaction.state, effect.value.problems, effect.value.words);
      }
    }
    if (!transaction.docChanged) return marks;
    return {
      decorations: marks.decorations.map(transaction.changes),
      gutter: marks.gutter.map(transaction.changes),
    };
  },
  provide: (field) => [
    EditorView.decorations.from(field, (marks) => marks.decorations),
    gutterLineClass.from(field, (marks) => marks.gutter),
  ],
});

const selectedField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lines, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setSelected)) continue;
      if (effect.value === null) return Decoration.none;
      const { first, last } = effect.value;
      const { doc } = transaction.state;
      const mark = Decoration.line({ class: "chosen" });
      const ranges: Range<Decoration>[] = [];
      for (let line = first; line <= Math.min(last, doc.lines); line++) {
        ranges.push(mark.range(doc.line(line).from));
      }
      return Decoration.set(ranges);
    }
    return lines.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--link)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--text3)" },
  { tag: [tags.labelName, tags.typeName, tags.keyword, tags.meta], color: "var(--text2)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", background: "var(--content)", color: "var(--text)", font: "var(--mono)" },
  // The element around it shows the focus, gutter included.
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { font: "inherit", lineHeight: "18px", overflow: "auto" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 12px 0 4px" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { background: "var(--content)", color: "var(--text3)", border: "0" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 12px", minWidth: "40px" },
  ".cm-lineNumbers .wrong": { color: "var(--bad)", fontWeight: "600" },
  "&.cm-focused .cm-activeLine": { background: "var(--sunken)" },
  ".cm-activeLine": { background: "transparent" },
  ".cm-line.chosen": { background: "var(--well)" },
  ".problem": { textDecoration: "underline wavy var(--bad) 1px", textUnderlineOffset: "3px" },
  ".problem.warning": { textDecorationColor: "var(--warn)" },
  ".words": {
    padding: "1px 12px 1px 4px",
    color: "var(--bad)",
    font: "var(--caption)",
    whiteSpace: "pre-wrap",
  },
  ".words.warning": { color: "var(--warn)" },
  ".cm-panels": { background: "var(--side)", color: "var(--text)", borderColor: "var(--separator)" },
  ".cm-panel.cm-search": { font: "var(--body)" },
  ".cm-textfield": { background: "var(--content)", color: "var(--text)", borderColor: "var(--edge)" },
  ".cm-button": { background: "var(--content)", color: "var(--text)", border: "1px solid var(--edge)" },
  ".cm-searchMatch": { background: "var(--tint-warn)" },
  ".cm-searchMatch-selected": { background: "var(--sel)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { background: "var(--sel)" },
  ".cm-content ::selection": { background: "var(--sel)" },
});

/** Makes an editor in an element. Tab leaves it, as it does any other field. */
export function createEditor(
  parent: HTMLElement,
  text: string,
  hear: { written: (text: string) => void; moved: (line: number) => void },
): Editor {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        highlightActiveLine(),
        indentOnInput(),
        indentUnit.of("  "),
        yaml(),
        syntaxHighlighting(colours),
        search({ top: true }),
        problemField,
        selectedField,
        theme,
        EditorView.contentAttributes.of({
          "aria-label": "Cluster YAML",
          spellcheck: "false",
          autocorrect: "off",
          autocapitalize: "off",
        }),
        keymap.of([...searchKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.updateListener.of((update) => {
          const outside = update.transactions.some((each) => each.annotation(fromOutside));
          if (update.docChanged && !outside) hear.written(update.state.doc.toString());
          if (update.selectionSet && !outside) {
            hear.moved(update.state.doc.lineAt(update.state.selection.main.head).number);
          }
        }),
      ],
    }),
  });

  return {
    show(next) {
      const changes = difference(view.state.doc.toString(), next);
      if (changes === null) return;
      view.dispatch({ changes, annotations: fromOutside.of(true) });
    },
    mark(problems, words) {
      view.dispatch({ effects: setProblems.of({ problems, words }) });
    },
    select(lines, scroll) {
      const effects: StateEffect<unknown>[] = [setSelected.of(lines)];
      if (lines !== null && scroll) {
        const at = view.state.doc.line(Math.min(lines.first, view.state.doc.lines)).from;
        effects.push(EditorView.scrollIntoView(at, { y: "nearest", yMargin: 36 }));
      }
      view.dispatch({ effects });
    },
    goTo(line, column) {
      const place = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
      const { from } = offsetsOf(place.text, { column, length: 1 });
      view.dispatch({
        selection: { anchor: place.from + from },
        effects: EditorView.scrollIntoView(place.from, { y: "center" }),
      });
      view.focus();
    },
    focus: () => view.focus(),
    end: () => view.destroy(),
  };
}
