//! Colours: few, of the terminal's own sixteen, and none where nobody wants them.

use std::env;
use std::io::IsTerminal;

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    coloured: bool,
}

/// What a text is, as far as its colour goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// A title.
    Strong,
    /// Of second rank.
    Faint,
    /// It went or is well.
    Good,
    /// It deserves a look.
    Doubtful,
    /// It failed.
    Bad,
    /// It is going on.
    Active,
}

impl Style {
    /// No colours.
    pub(crate) const PLAIN: Self = Self { coloured: false };
    /// Colours.
    #[cfg(test)]
    pub(crate) const COLOURED: Self = Self { coloured: true };

    /// What fits a stream: colours on a terminal that shows them, unless `NO_COLOR` is set.
    pub(crate) fn of(stream: &impl IsTerminal) -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            coloured: stream.is_terminal() && !unwanted && !dumb(),
        }
    }

    /// The text in its colour.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Strong => "1",
            Tone::Faint => "2",
            Tone::Good => "32",
            Tone::Doubtful => "33",
            Tone::Bad => "31",
            Tone::Active => "36",
        };
        if self.coloured && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Whether the terminal can do no more than print.
pub(crate) fn dumb() -> bool {
    env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb")
}

/// Text from elsewhere without what could steer a terminal; line breaks stay.
pub(crate) fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // A colour or cursor sequence goes as a whole, or its tail would be left as litter.
            '\x1b' if rest.next_if_eq(&'[').is_some() => {
                while rest.next().is_some_and(|c| !matches!(c, '@'..='~')) {}
            }
            '\n' => clean.push(c),
            '\t' => clean.push_str("    "),
            c if c.is_control() => (),
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_no_escapes() {
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "no"), "no");
        assert_eq!(Style::COLOURED.paint(Tone::Bad, "no"), "\x1b[31mno\x1b[0m");
        assert_eq!(Style::COLOURED.paint(Tone::Bad, ""), "");
    }

    #[test]
    fn foreign_text_can_not_steer_the_terminal() {
        let text = "a\x1b[2J\x1b[31;1mred\x1b[0m\r\x07\x1b]0;title\x07\tb\nc\u{9b}0m";
        assert_eq!(harmless(text), "ared]0;title    b\nc0m");
    }
}
