//! Why a text is refused.

use std::fmt;

use crate::Place;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where in the text.
    pub place: Place,
    /// What is wrong there, in words; never a credential.
    pub reason: String,
    /// Whether the text is in order, only not in a way that can be edited.
    pub unsupported: bool,
}

impl Fault {
    pub(crate) fn invalid(place: Place, reason: impl Into<String>) -> Self {
        Self {
            place,
            reason: reason.into(),
            unsupported: false,
        }
    }

    pub(crate) fn unsupported(place: Place, reason: impl Into<String>) -> Self {
        Self {
            place,
            reason: reason.into(),
            unsupported: true,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl std::error::Error for Fault {}

/// Line breaks that only some readers see: YAML 1.1 has three that YAML 1.2 and editors have not, and
/// a carriage return alone is one for YAML, but not for editors.
pub(super) fn check_line_breaks(text: &str) -> Result<(), Fault> {
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let odd =
            matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}') || c == '\r' && next != Some('\n');
        if odd {
            let place = Place::of(text, at);
            return Err(Fault::unsupported(
                place,
                "a line break that not all programs see",
            ));
        }
    }
    Ok(())
}
