//! Scalars, as YAML 1.2's core schema tells them apart.

/// A scalar as it was written, quotes and escapes resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) written: String,
    pub(crate) kind: ScalarKind,
}

/// What a scalar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScalarKind {
    Null,
    Bool(bool),
    /// A whole number; none when it is beyond 64 bits.
    Integer(Option<i64>),
    Float,
    Text,
}

impl Scalar {
    /// A scalar without quotes.
    pub(crate) fn plain(written: String) -> Self {
        let kind = plain_kind(&written);
        Self { written, kind }
    }

    /// A scalar in quotes or a block.
    pub(crate) fn text(written: String) -> Self {
        Self {
            written,
            kind: ScalarKind::Text,
        }
    }
}

fn plain_kind(text: &str) -> ScalarKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => ScalarKind::Null,
        "true" | "True" | "TRUE" => ScalarKind::Bool(true),
        "false" | "False" | "FALSE" => ScalarKind::Bool(false),
        _ => number(text).unwrap_or(ScalarKind::Text),
    }
}

fn number(text: &str) -> Option<ScalarKind> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return all.then(|| ScalarKind::Integer(i64::from_str_radix(digits, radix).ok()));
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Some(ScalarKind::Integer(text.parse().ok()));
    }
    is_float(unsigned).then_some(ScalarKind::Float)
}

fn is_float(unsigned: &str) -> bool {
    if matches!(
        unsigned,
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN"
    ) {
        return true;
    }
    // `f64` also knows "inf", "infinity" and "nan", which are text in YAML.
    unsigned.bytes().any(|b| b.is_ascii_digit())
        && unsigned
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_have_the_core_schema_s_types() {
        let cases = [
            ("", ScalarKind::Null),
            ("~", ScalarKind::Null),
            ("true", ScalarKind::Bool(true)),
            ("False", ScalarKind::Bool(false)),
            ("yes", ScalarKind::Text),
            ("on", ScalarKind::Text),
            ("12", ScalarKind::Integer(Some(12))),
            ("-1", ScalarKind::Integer(Some(-1))),
            ("+7", ScalarKind::Integer(Some(7))),
            ("0x1F", ScalarKind::Integer(Some(31))),
            ("0o17", ScalarKind::Integer(Some(15))),
            ("99999999999999999999", ScalarKind::Integer(None)),
            ("1.5", ScalarKind::Float),
            ("1e3", ScalarKind::Float),
            (".inf", ScalarKind::Float),
            ("inf", ScalarKind::Text),
            ("1.37.1", ScalarKind::Text),
            ("4Gi", ScalarKind::Text),
            ("10.96.0.0/12", ScalarKind::Text),
            ("--5", ScalarKind::Text),
            ("0x", ScalarKind::Text),
            ("-", ScalarKind::Text),
        ];
        for (text, kind) in cases {
            assert_eq!(Scalar::plain(text.to_owned()).kind, kind, "{text:?}");
        }
    }
}
