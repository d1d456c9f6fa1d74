//! The four output formats: JSON as Apple's encoder writes it, YAML, TOML and tables.

use serde::Serialize;
use serde_json::Value;

use crate::error::{Context, Error, Result};
use crate::version::Version;

/// Values of `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Table,
    Yaml,
    Toml,
}

impl Format {
    pub(crate) const NAMES: [&'static str; 4] = ["json", "table", "yaml", "toml"];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "json" => Some(Self::Json),
            "table" => Some(Self::Table),
            "yaml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One line, for list-like commands.
    Compact,
    /// Two spaces and `"key" : value`, for `inspect` and `system df`.
    Pretty,
}

/// Renders a serialisable value in a structured format (not a table).
pub(crate) fn render(
    value: &impl Serialize,
    format: Format,
    layout: Layout,
    version: Version,
) -> Result<String> {
    let value = serde_json::to_value(value).context(|| "failed to encode the output".into())?;
    match format {
        Format::Json | Format::Table => Ok(json(&value, layout, version < Version::PLAIN_SLASH)),
        Format::Yaml => {
            let mut out = String::new();
            yaml(&value, 0, false, &mut out);
            Ok(out.trim_end_matches('\n').to_owned())
        }
        Format::Toml => toml_text(value),
    }
}

/// Encodes JSON with sorted keys.
pub(crate) fn json(value: &Value, layout: Layout, escape_slash: bool) -> String {
    let mut out = String::new();
    write_json(value, layout, escape_slash, 0, &mut out);
    out
}

fn write_json(value: &Value, layout: Layout, escape: bool, depth: usize, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(layout, depth + 1, out);
                write_json(item, layout, escape, depth + 1, out);
            }
            close(layout, depth, items.is_empty(), ']', out);
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().filter(|(_, v)| !v.is_null()).collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, item)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(layout, depth + 1, out);
                string(key, escape, out);
                out.push_str(if layout == Layout::Pretty { " : " } else { ":" });
                write_json(item, layout, escape, depth + 1, out);
            }
            close(layout, depth, fields.is_empty(), '}', out);
        }
        Value::String(text) => string(text, escape, out),
        other => out.push_str(&other.to_string()),
    }
}

fn line(layout: Layout, depth: usize, out: &mut String) {
    if layout == Layout::Pretty {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
}

/// An empty pretty array or object has a blank line between its brackets.
fn close(layout: Layout, depth: usize, empty: bool, bracket: char, out: &mut String) {
    if layout == Layout::Pretty && empty {
        out.push('\n');
    }
    line(layout, depth, out);
    out.push(bracket);
}

fn string(text: &str, escape_slash: bool, out: &mut String) {
    let quoted = Value::String(text.to_owned()).to_string();
    if escape_slash {
        out.push_str(&quoted.replace('/', "\\/"));
    } else {
        out.push_str(&quoted);
    }
}

/// Block style YAML. Scalars that could be read as something else are written as JSON strings,
/// which YAML accepts.
fn yaml(value: &Value, depth: usize, inline: bool, out: &mut String) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Array(items) if items.is_empty() => out.push_str("[]\n"),
        Value::Object(fields) if fields.values().all(Value::is_null) => out.push_str("{}\n"),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 || !inline {
                    out.push_str(&pad);
                }
                out.push_str("- ");
                yaml(item, depth + 1, true, out);
            }
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().filter(|(_, v)| !v.is_null()).collect();
            fields.sort_by_key(|(key, _)| *key);
            for (index, (key, item)) in fields.into_iter().enumerate() {
                if index > 0 || !inline {
                    out.push_str(&pad);
                }
                out.push_str(&yaml_scalar(key));
                out.push(':');
                yaml_field(item, depth, out);
            }
        }
        Value::String(text) => {
            out.push_str(&yaml_scalar(text));
            out.push('\n');
        }
        other => {
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

fn yaml_field(value: &Value, depth: usize, out: &mut String) {
    let nested = match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => fields.values().any(|v| !v.is_null()),
        _ => false,
    };
    if nested {
        out.push('\n');
        let indent = if value.is_array() { depth } else { depth + 1 };
        yaml(value, indent, false, out);
    } else {
        out.push(' ');
        yaml(value, depth, true, out);
    }
}

fn yaml_scalar(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:@+=".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && !text.ends_with(':')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if plain {
        text.to_owned()
    } else {
        Value::String(text.to_owned()).to_string()
    }
}

/// TOML has no array at its top: Apple wraps one in `items`.
fn toml_text(value: Value) -> Result<String> {
    let mut value = if value.is_array() {
        serde_json::json!({ "items": value })
    } else {
        value
    };
    drop_nulls(&mut value);
    toml::to_string(&value).map_err(|e| Error::internal(format!("failed to encode TOML: {e}")))
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Object(fields) => {
            fields.retain(|_, v| !v.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        _ => {}
    }
}

/// Columns padded to the widest cell and two spaces, the last one not padded.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let render = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<&str> = cells.collect();
        let mut text = String::new();
        for (index, cell) in cells.iter().enumerate() {
            text.push_str(cell);
            if index + 1 < cells.len() {
                let gap = widths[index] + 2 - cell.chars().count();
                text.extend(std::iter::repeat_n(' ', gap));
            }
        }
        text
    };
    let mut lines = vec![render(&mut header.iter().copied())];
    lines.extend(
        rows.iter()
            .map(|row| render(&mut row.iter().map(String::as_str))),
    );
    lines.join("\n")
}

/// A size in powers of 1000, as in `1.2 GB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return if bytes == 0 {
            "Zero KB".into()
        } else {
            format!("{bytes} bytes")
        };
    }
    // Precision loss above 2^53 bytes does not show in two digits.
    #[allow(clippy::cast_precision_loss)]
    let mut amount = bytes as f64 / 1000.0;
    let mut unit = 0;
    while amount >= 999.95 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{amount:.0} {}", UNITS[unit])
    } else {
        format!("{amount:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as value;

    #[test]
    fn compact_json_sorts_keys_drops_nulls_and_escapes_slashes_when_asked() {
        let sample = value!({"b": "/x", "a": null, "Z": [1, {}], "c": {}});
        assert_eq!(
            json(&sample, Layout::Compact, false),
            r#"{"Z":[1,{}],"b":"/x","c":{}}"#
        );
        assert_eq!(
            json(&sample, Layout::Compact, true),
            r#"{"Z":[1,{}],"b":"\/x","c":{}}"#
        );
    }

    #[test]
    fn pretty_json_has_spaces_around_colons_and_a_blank_line_in_empties() {
        let sample = value!([{"a": [], "b": 1}]);
        assert_eq!(
            json(&sample, Layout::Pretty, false),
            "[\n  {\n    \"a\" : [\n\n    ],\n    \"b\" : 1\n  }\n]"
        );
        assert_eq!(json(&value!([]), Layout::Pretty, false), "[\n\n]");
    }

    #[test]
    fn yaml_is_block_style_and_quotes_what_looks_like_another_type() {
        let sample = value!([{"a": "true", "b": ["x", "1"], "c": {"d": null, "e": 2}, "f": []}]);
        let text = render(&sample, Format::Yaml, Layout::Compact, Version::DEFAULT).unwrap();
        assert_eq!(
            text,
            "- a: \"true\"\n  b:\n  - x\n  - \"1\"\n  c:\n    e: 2\n  f: []"
        );
    }

    #[test]
    fn toml_wraps_arrays_in_items() {
        let text = render(
            &value!([{"a": 1}]),
            Format::Toml,
            Layout::Compact,
            Version::DEFAULT,
        )
        .unwrap();
        assert!(text.starts_with("[[items]]"), "{text}");
    }

    #[test]
    fn last_column_is_not_padded() {
        let rows = vec![vec!["long-name".into(), "x".into()]];
        assert_eq!(table(&["ID", "OS"], &rows), "ID         OS\nlong-name  x");
    }

    #[test]
    fn sizes_are_decimal() {
        assert_eq!(size(0), "Zero KB");
        assert_eq!(size(1_200_000_000), "1.2 GB");
        assert_eq!(size(5_000), "5 KB");
    }
}
