//! A few rows at the end of a terminal that are painted again and again in place.

use std::io::{self, Write};

/// Begin and end of an update that the terminal shows at once. Where it is not known it does
/// nothing.
const TOGETHER: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");
/// Lines too long are cut, not broken, while we paint.
const NO_WRAP: (&str, &str) = ("\x1b[?7l", "\x1b[?7h");
const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";

/// What brings a terminal back to normal whatever was going on.
pub(crate) const RESTORE: &str = "\x1b[?7h\x1b[?25h";

/// The rows. Dropping it shows the cursor again and leaves the last picture in place.
#[derive(Debug)]
pub(crate) struct Screen<W: Write> {
    out: W,
    painted: Vec<String>,
    columns: usize,
    touched: bool,
}

impl<W: Write> Screen<W> {
    /// Rows at the end of what `out` shows; the cursor stands at the begin of a line.
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            painted: Vec::new(),
            columns: 0,
            touched: false,
        }
    }

    /// Shows other rows in place of the ones before. Nothing is written when nothing changed.
    pub(crate) fn paint(&mut self, rows: Vec<String>, columns: usize) -> io::Result<()> {
        if rows == self.painted && columns == self.columns {
            return Ok(());
        }
        let mut text = String::from(TOGETHER.0);
        if !self.touched {
            text.push_str(HIDE_CURSOR);
        }
        text.push_str(NO_WRAP.0);
        let up = self.rows_up(columns);
        if up > 0 {
            text.extend(["\x1b[", &up.to_string(), "A"]);
        }
        text.push('\r');
        for row in &rows {
            text.push_str(row);
            text.push_str("\x1b[K\r\n");
        }
        text.push_str("\x1b[J");
        text.push_str(NO_WRAP.1);
        text.push_str(TOGETHER.1);
        self.touched = true;
        self.painted = rows;
        self.columns = columns;
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// How far up the painted rows begin. A terminal made narrower has broken them.
    fn rows_up(&self, columns: usize) -> usize {
        if columns >= self.columns || columns == 0 {
            return self.painted.len();
        }
        self.painted
            .iter()
            .map(|row| {
                crate::style::harmless(row)
                    .chars()
                    .count()
                    .div_ceil(columns)
                    .max(1)
            })
            .sum()
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        if self.touched {
            // The terminal may be gone; there is nobody to tell.
            let _ = self.out.write_all(SHOW_CURSOR.as_bytes());
            let _ = self.out.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(work: impl FnOnce(&mut Screen<&mut Vec<u8>>)) -> String {
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out);
        work(&mut screen);
        drop(screen);
        String::from_utf8(out).expect("text")
    }

    fn rows(rows: &[&str]) -> Vec<String> {
        rows.iter().map(|row| (*row).to_owned()).collect()
    }

    #[test]
    fn the_cursor_comes_back() {
        let text = written(|screen| screen.paint(rows(&["a"]), 80).expect("painted"));
        assert!(text.starts_with("\x1b[?2026h\x1b[?25l"), "{text:?}");
        assert!(text.ends_with("\x1b[?7h\x1b[?2026l\x1b[?25h"), "{text:?}");
        assert_eq!(written(|_| ()), "", "an unused screen writes nothing");
    }

    #[test]
    fn an_unchanged_picture_is_not_painted_again() {
        let once = written(|screen| screen.paint(rows(&["a"]), 80).expect("painted"));
        let twice = written(|screen| {
            screen.paint(rows(&["a"]), 80).expect("painted");
            screen.paint(rows(&["a"]), 80).expect("painted");
        });
        assert_eq!(once, twice);
    }

    #[test]
    fn rows_are_replaced_in_place_even_when_broken_by_a_narrower_terminal() {
        let wide = format!("\x1b[32m{}\x1b[0m", "x".repeat(70));
        let text = written(|screen| {
            screen.paint(rows(&[&wide, "b"]), 80).expect("painted");
            screen.paint(rows(&["c"]), 40).expect("painted");
        });
        assert!(text.contains("\x1b[3A\rc\x1b[K\r\n\x1b[J"), "{text:?}");
    }
}
