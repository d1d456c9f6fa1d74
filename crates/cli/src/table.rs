//! Tables as kubectl prints them: aligned columns, three spaces between, no lines.

use crate::style::{Style, Tone};

/// One value of a table.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A value without a colour.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::toned(text, Tone::Plain)
    }

    /// A value in a colour.
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    /// A value that may be missing.
    pub(crate) fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(|| Self::toned("-", Tone::Faint), Self::plain)
    }
}

/// A table of `N` columns.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    rows: Vec<[Cell; N]>,
}

impl<const N: usize> Table<N> {
    /// A table with its header.
    pub(crate) fn new(header: [&str; N]) -> Self {
        Self {
            rows: vec![header.map(Cell::plain)],
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: [Cell; N]) {
        self.rows.push(cells);
    }

    /// The table as text, each line ended; no spaces at the ends of lines.
    pub(crate) fn render(&self, style: Style) -> String {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.chars().count());
            }
        }
        let mut text = String::new();
        for row in &self.rows {
            let last = row
                .iter()
                .rposition(|cell| !cell.text.is_empty())
                .unwrap_or(0);
            for (cell, width) in row[..=last].iter().zip(&widths[..last]) {
                text.push_str(&style.paint(cell.tone, &cell.text));
                let gap = width + 3 - cell.text.chars().count();
                text.extend(std::iter::repeat_n(' ', gap));
            }
            text.push_str(&style.paint(row[last].tone, &row[last].text));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_whatever_the_colours() {
        let mut table = Table::new(["NAME", "STATE", "NOTE"]);
        table.row([
            Cell::plain("demo"),
            Cell::toned("running", Tone::Good),
            Cell::plain(""),
        ]);
        table.row([
            Cell::plain("ü-long-name"),
            Cell::maybe(None::<String>),
            Cell::plain("x"),
        ]);
        assert_eq!(
            table.render(Style::PLAIN),
            "NAME          STATE     NOTE\ndemo          running\nü-long-name   -         x\n"
        );
        let coloured = table.render(Style::COLOURED);
        assert_eq!(
            crate::style::harmless(&coloured),
            table.render(Style::PLAIN)
        );
    }
}
