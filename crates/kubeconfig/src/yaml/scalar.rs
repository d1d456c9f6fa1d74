//! Scalars: what a plain one means, and how a text is written.

/// Whether a plain scalar is YAML's null.
pub(crate) fn is_null(plain: &str) -> bool {
    matches!(plain, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether `text`, written plain, is certain to be read as this very text by YAML 1.1 and 1.2
/// readers alike. (kubectl's reader is a 1.1 one: there `on` and `1:30` are no texts.)
pub(crate) fn is_plain_text(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    let special =
        ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&word.as_str());
    let safe = |c: char| c.is_ascii_alphanumeric() || "._-/@+=:".contains(c);
    !special
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(safe)
        && !text.ends_with(':')
}

/// `text` in the way a person would write it: plain if that is safe, else in double quotes.
pub(crate) fn write(text: &str) -> String {
    if is_plain_text(text) {
        text.to_owned()
    } else {
        quote_double(text)
    }
}

/// `text` in double quotes, as valid JSON too.
pub(crate) fn quote_double(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Control characters, and what readers take for line breaks or a byte order mark.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.extend(format!("\\u{:04x}", u32::from(c)).chars());
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// `text` in single quotes where they can hold it, else in double quotes.
pub(crate) fn quote_single(text: &str) -> String {
    if text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
    {
        quote_double(text)
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_reader_takes_for_text_is_plain() {
        for text in [
            "demo",
            "apple-k8s-demo",
            "https://127.0.0.1:6443",
            "a/b@c",
            "LS0t+/==",
        ] {
            assert_eq!(write(text), text);
        }
        for text in [
            "", "1", "1e3", "on", "Yes", "NULL", "~", "0x1f", "-", "- a", "a: b", "a #b", "a:",
            "{a", "*a", "&a", "!a", "é", "a\nb", ".inf", "=", "<<",
        ] {
            assert_eq!(write(text), quote_double(text), "{text:?}");
        }
    }

    #[test]
    fn quotes_escape_what_would_end_or_break_them() {
        assert_eq!(quote_double("a\"\\\n\u{7f}"), r#""a\"\\\n\u007f""#);
        assert_eq!(quote_single("it's"), "'it''s'");
        assert_eq!(quote_single("a\nb"), r#""a\nb""#);
    }
}
