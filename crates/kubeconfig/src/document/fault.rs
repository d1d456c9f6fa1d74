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

/// A carriage return that ends a line by itself: YAML counts it as a line break, editors do not.
pub(super) fn check_line_breaks(text: &str) -> Result<(), Fault> {
    let bytes = text.as_bytes();
    let lone = bytes
        .iter()
        .enumerate()
        .position(|(i, byte)| *byte == b'\r' && bytes.get(i + 1) != Some(&b'\n'));
    lone.map_or(Ok(()), |at| {
        let place = Place::of(text, at);
        Err(Fault::unsupported(
            place,
            "a carriage return without a line feed",
        ))
    })
}
