//! The errors and warnings found so far, each put at its place.

use std::cmp::Ordering;

use crate::source::{Places, Source};
use crate::{ErrorList, Place, SpecError};

/// Most errors that are kept.
const MOST_ERRORS: usize = 100;

/// The format of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `apple-k8s.dev/v1alpha1`.
    Own,
    /// `kind.x-k8s.io/v1alpha4`.
    Kind,
}

/// Errors and warnings of one text.
#[derive(Debug, Clone)]
pub(crate) struct Problems {
    dialect: Dialect,
    places: Option<Places>,
    errors: Vec<SpecError>,
    warnings: Vec<SpecError>,
}

impl Problems {
    pub(crate) fn new(places: Places, dialect: Dialect) -> Self {
        Self {
            dialect,
            places: Some(places),
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The problems of a cluster that comes from no text.
    pub(crate) fn without_text() -> Self {
        Self {
            dialect: Dialect::Own,
            places: None,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The one problem of bytes that are no text.
    pub(crate) fn only(bytes: &[u8], mut error: SpecError) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let printable: String = text
            .chars()
            .map(|c| {
                if c.is_control() && c != '\n' {
                    '\u{fffd}'
                } else {
                    c
                }
            })
            .collect();
        if let (Some(place), Ok(source)) = (error.place, Source::new(printable.as_bytes())) {
            error.excerpt = source
                .line(place.line)
                .and_then(|line| excerpt(line, place));
        }
        Self {
            errors: vec![error],
            ..Self::without_text()
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn error(&mut self, error: SpecError) {
        // Nobody reads more, and to place each of very many would take long.
        match self.errors.len().cmp(&MOST_ERRORS) {
            Ordering::Greater => return,
            Ordering::Equal => {
                self.errors.push(SpecError::new(
                    "",
                    "there are more errors: correct these first",
                ));
                return;
            }
            Ordering::Less => {}
        }
        let error = self.located(error);
        // One value can break one rule in several ways; the first says enough.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    pub(crate) fn warn(&mut self, warning: SpecError) {
        let warning = self.located(warning);
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Whether the field of a path has an error already, so that its value is a stand-in.
    pub(crate) fn failed(&self, path: &str) -> bool {
        let path = self.native(path);
        self.errors.iter().any(|error| error.path == path)
    }

    /// Whether the text has a field of that path. Without a text: yes.
    pub(crate) fn written(&self, path: &str) -> bool {
        let path = self.native(path);
        self.places
            .as_ref()
            .is_none_or(|places| places.get(&path).is_some())
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The warnings, in the order of the text.
    pub(crate) fn take_warnings(&mut self) -> Vec<SpecError> {
        sorted(std::mem::take(&mut self.warnings))
    }

    /// The errors, in the order of the text.
    pub(crate) fn into_errors(self, origin: &str) -> ErrorList {
        ErrorList {
            origin: origin.to_owned(),
            errors: sorted(self.errors),
        }
    }

    /// The error with the path of this text's format, its place and the line there.
    fn located(&self, mut error: SpecError) -> SpecError {
        error.path = self.native(&error.path);
        let Some(places) = &self.places else {
            return error;
        };
        error.place = error.place.or_else(|| place(&error, places));
        if let Some(place) = error.place {
            error.excerpt = places
                .line(place.line)
                .and_then(|line| excerpt(line, place));
        }
        error
    }

    /// The path of this text's format for one of our own.
    fn native(&self, path: &str) -> String {
        match self.dialect {
            Dialect::Own => path.to_owned(),
            Dialect::Kind => kind_path(path),
        }
    }
}

fn place(error: &SpecError, places: &Places) -> Option<Place> {
    let Some(exact) = places.get(&error.path) else {
        return places.nearest(&error.path).map(|field| field.key);
    };
    if error.at_key {
        return Some(exact.key);
    }
    let inside = error
        .inside
        .zip(exact.block)
        .and_then(|(inside, (first, indent))| {
            let line = first + inside.line - 1;
            let column = indent + inside.column - 1;
            // Only where the line is as it was read can the column be trusted.
            let length = places.line(line)?.chars().count();
            (column <= length + 1).then(|| Place {
                line,
                column,
                length: inside
                    .length
                    .min((length + 1).saturating_sub(column))
                    .max(1),
            })
        });
    Some(inside.unwrap_or(exact.value))
}

/// The line, when it is short enough to be of use.
fn excerpt(line: &str, place: Place) -> Option<String> {
    const LONGEST: usize = 200;
    let usable = line.len() <= 4 * LONGEST
        && line.chars().count() <= LONGEST
        && place.column + place.length <= LONGEST;
    usable.then(|| line.to_owned())
}

fn kind_path(path: &str) -> String {
    if path == "spec.networking.cni" {
        return "networking.disableDefaultCNI".to_owned();
    }
    let bare = path
        .strip_prefix("spec.")
        .or_else(|| path.strip_prefix("metadata."));
    bare.unwrap_or(path).to_owned()
}

/// In the order of the text.
fn sorted(mut errors: Vec<SpecError>) -> Vec<SpecError> {
    // An error without a place is about the whole text: it stands last.
    errors.sort_by_key(|error| {
        let place = error.place.map(|place| (place.line, place.column));
        (place.is_none(), place)
    });
    errors
}
