//! The JSON shapes of Apple's tool, 1.0.0 and later. Absent options are left out, never `null`.

mod container;
mod image;
mod resource;

pub(crate) use container::*;
pub(crate) use image::*;
pub(crate) use resource::*;

/// Now, as Apple writes dates: UTC, no fractions.
pub(crate) fn now() -> String {
    date(jiff::Timestamp::now())
}

/// A date without fractions.
pub(crate) fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
