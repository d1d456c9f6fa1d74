//! Changes to a text, collected and then applied at once.

use std::ops::Range;

/// Changes to a text: replaced ranges and inserted lines. What no change names stays to the byte.
pub(super) struct Splices<'t> {
    text: &'t str,
    /// Whether keys have to stay, even with nothing left in them.
    pub(super) keep_keys: bool,
    replaced: Vec<(Range<usize>, String)>,
    /// Whole lines to insert; where the place is the same, by kind and then in order of arrival.
    lines: Vec<(usize, Lines, String)>,
}

/// What inserted lines are: items end a list, so no key may come before them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lines {
    Items,
    Key,
}

impl<'t> Splices<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            keep_keys: false,
            replaced: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// As [`Splices::new`], for changes that take no key away as a whole.
    pub(super) fn keeping_keys(text: &'t str) -> Self {
        Self {
            keep_keys: true,
            ..Self::new(text)
        }
    }

    /// Replaces a range, or inserts where it is empty.
    pub(super) fn replace(&mut self, range: Range<usize>, with: impl Into<String>) {
        self.replaced.push((range, with.into()));
    }

    /// Replaces whole lines by whole lines; the last line of the text may lack its line break, and
    /// will afterwards too.
    pub(super) fn replace_lines(&mut self, range: Range<usize>, lines: &str) {
        let lines = if range.end == self.text.len() && !self.text.ends_with('\n') {
            without_break(lines)
        } else {
            lines
        };
        self.replace(range, lines);
    }

    /// Inserts whole lines before the line that begins at `at`, or at the end of the text.
    pub(super) fn insert_lines(&mut self, at: usize, kind: Lines, lines: String) {
        self.lines.push((at, kind, lines));
    }

    /// Whether something is inserted or replaced at `at` already.
    pub(super) fn touches(&self, at: usize) -> bool {
        self.replaced.iter().any(|(range, _)| range.start == at)
    }

    /// The line break in use around `at`.
    pub(super) fn line_break(&self, at: usize) -> &'static str {
        let ends_crlf = |line: &str| line.ends_with("\r\n");
        let before = &self.text[..at];
        let crlf = if before.ends_with('\n') {
            ends_crlf(before)
        } else {
            self.text
                .find('\n')
                .is_some_and(|newline| ends_crlf(&self.text[..=newline]))
        };
        if crlf { "\r\n" } else { "\n" }
    }

    /// The changed text; a second try where the first may have taken a line break with a meaning.
    /// None where changes overlap: something was not understood.
    pub(super) fn candidates(mut self) -> Vec<String> {
        self.group_lines();
        self.replaced
            .sort_by_key(|(range, _)| (range.start, range.end));
        if self
            .replaced
            .windows(2)
            .any(|pair| pair[1].0.start < pair[0].0.end)
        {
            return Vec::new();
        }
        let with_break = self.changed();
        self.take_break_before_end();
        let mut candidates = vec![self.changed(), with_break];
        candidates.dedup();
        candidates
    }

    fn changed(&self) -> String {
        let mut changed = String::with_capacity(self.text.len() + 4096);
        let mut at = 0;
        for (range, with) in &self.replaced {
            changed.push_str(&self.text[at..range.start]);
            changed.push_str(with);
            at = range.end;
        }
        changed.push_str(&self.text[at..]);
        changed
    }

    /// Lines for one place become one insertion; after a last line without a line break, they get
    /// one before them and none after.
    fn group_lines(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.sort_by_key(|(at, kind, _)| (*at, *kind));
        for group in lines.chunk_by(|a, b| a.0 == b.0) {
            let at = group[0].0;
            let mut joined: String = group.iter().map(|(_, _, lines)| lines.as_str()).collect();
            if at == self.text.len() && !self.text.is_empty() && !self.text.ends_with('\n') {
                joined = format!("{}{}", self.line_break(at), without_break(&joined));
            }
            self.replaced.push((at..at, joined));
        }
    }

    /// Where the last lines go and the very last had no line break, the line break before them goes
    /// as well: the new last line has none then.
    fn take_break_before_end(&mut self) {
        if self.text.ends_with('\n') {
            return;
        }
        let mut start = self.text.len();
        let mut first = None;
        for (index, (range, with)) in self.replaced.iter().enumerate().rev() {
            if range.start == self.text.len() {
                // Lines added at the end begin with a line break of their own.
                continue;
            }
            if range.end != start || range.is_empty() || !with.is_empty() {
                break;
            }
            start = range.start;
            first = Some(index);
        }
        let Some(first) = first else { return };
        // What stands before it now: the end of a replacement, or text that stays.
        let replacement = first
            .checked_sub(1)
            .filter(|before| self.replaced[*before].0.end == start);
        match replacement {
            Some(before) => {
                let with = &mut self.replaced[before].1;
                with.truncate(without_break(with).len());
            }
            None => self.replaced[first].0.start = without_break(&self.text[..start]).len(),
        }
    }
}

fn without_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
