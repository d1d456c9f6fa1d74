//! Errors of a Cluster YAML: all at once, each with its place in the text.

use std::fmt;

use serde::Serialize;

/// Where a value stands in the text it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Line, counted from 1.
    pub line: usize,
    /// Column, counted from 1, in characters.
    pub column: usize,
    /// Characters to underline from there, on that line; at least 1.
    pub length: usize,
}

/// One thing wrong (or, as a warning, doubtful) in a Cluster YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SpecError {
    /// The field, as a person writes it: `spec.nodes[0].role`. Empty for the whole text.
    pub path: String,
    /// Where it stands; none when the value came from no text.
    pub place: Option<Place>,
    /// The line of the text, for the person who reads the error.
    pub excerpt: Option<String>,
    /// What is wrong, without place and field.
    pub message: String,
    /// The offending value as it was written, shortened when long.
    pub value: Option<String>,
    /// What is accepted instead: the values or the form.
    pub expected: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the name of the field is wrong, not its value.
    #[serde(skip)]
    pub(crate) at_key: bool,
    /// The place inside of the value, for a text that has a syntax of its own.
    #[serde(skip)]
    pub(crate) inside: Option<Place>,
}

impl SpecError {
    /// An error at a field.
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            place: None,
            excerpt: None,
            message: message.into(),
            value: None,
            expected: None,
            hint: None,
            at_key: false,
            inside: None,
        }
    }

    pub(crate) fn value(mut self, value: impl fmt::Display) -> Self {
        self.value = Some(shorten(&value.to_string()));
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(crate) fn at_key(mut self) -> Self {
        self.at_key = true;
        self
    }

    pub(crate) fn inside(mut self, place: Place) -> Self {
        self.inside = Some(place);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One line: field, message, what is accepted, what to do. The place is the list's to print,
/// since it knows the file.
impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecError {}

/// Everything wrong with one Cluster YAML, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorList {
    /// Name of the text: a file, `-` for standard input.
    pub origin: String,
    /// The errors; never empty.
    pub errors: Vec<SpecError>,
}

/// Each error as `file:line:column: field: message`, with the line of the text below it.
impl fmt::Display for ErrorList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write_located(f, &self.origin, error)?;
        }
        Ok(())
    }
}

impl std::error::Error for ErrorList {}

fn write_located(f: &mut fmt::Formatter<'_>, origin: &str, error: &SpecError) -> fmt::Result {
    let Some(place) = error.place else {
        return write!(f, "{origin}: {error}");
    };
    write!(f, "{origin}:{}:{}: ", place.line, place.column)?;
    let Some(excerpt) = &error.excerpt else {
        return write!(f, "{error}");
    };
    // With the excerpt at hand the hint stands beside the underlined value.
    let plain = SpecError {
        hint: None,
        ..error.clone()
    };
    write!(f, "{plain}")?;
    let number = place.line.to_string();
    let indent: String = excerpt
        .chars()
        .take(place.column - 1)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    write!(
        f,
        "\n  {number} | {excerpt}\n  {:width$} | {indent}",
        "",
        width = number.len()
    )?;
    f.write_str(&"^".repeat(place.length.max(1)))?;
    if let Some(hint) = &error.hint {
        write!(f, " {hint}")?;
    }
    Ok(())
}

/// At most 60 characters, on one line.
fn shorten(value: &str) -> String {
    const LONGEST: usize = 60;
    let line = value.replace('\n', "\\n");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let mut short: String = line.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}
