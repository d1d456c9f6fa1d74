/** Colours of terminals in log lines: mapped to the tokens of states. Other control characters are shown. */

export interface Piece {
  text: string;
  /** Name of a tone; none for plain text. */
  tone: Tone | null;
  bold: boolean;
}

export type Tone = "bad" | "ok" | "warn" | "link" | "dim";

const tones: Record<number, Tone> = { 31: "bad", 32: "ok", 33: "warn", 34: "link", 35: "link", 36: "link", 90: "dim", 91: "bad", 92: "ok", 93: "warn", 94: "link", 95: "link", 96: "link" };
// eslint-disable-next-line no-control-regex
const escape = /\u001b\[([0-9;]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** The text without sequences of terminals, with the other control characters made visible. */
export function visible(text: string): string {
  return text.replace(control, (character) => (character === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + character.charCodeAt(0))));
}

/** A line as pieces of one look each. */
export function pieces(line: string): Piece[] {
  if (!line.includes("\u001b")) return [{ text: visible(line), tone: null, bold: false }];
  const found: Piece[] = [];
  let tone: Tone | null = null;
  let bold = false;
  let last = 0;
  const push = (text: string) => {
    if (text !== "") found.push({ text: visible(text), tone, bold });
  };
  for (const match of line.matchAll(escape)) {
    push(line.slice(last, match.index));
    last = match.index + match[0].length;
    if (match[2] !== "m") continue;
    for (const code of (match[1] ?? "").split(";").map(Number)) {
      if (code === 0) {
        tone = null;
        bold = false;
      } else if (code === 1) bold = true;
      else if (code === 2) tone = "dim";
      else if (code === 22) bold = false;
      else if (code === 39) tone = null;
      else tone = tones[code] ?? tone;
    }
  }
  push(line.slice(last));
  return found;
}

/** The text of a line as it is read, for search and copies. */
export function plain(line: string): string {
  return line.includes("\u001b") ? visible(line.replace(escape, "")) : visible(line);
}
