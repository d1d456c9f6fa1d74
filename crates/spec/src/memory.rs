//! Amounts of memory, written as Kubernetes quantities.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

const KIBIBYTE: u64 = 1 << 10;
const MEBIBYTE: u64 = 1 << 20;
const GIBIBYTE: u64 = 1 << 30;

/// Suffixes of a quantity that make sense for memory, and their factors.
const SUFFIXES: [(&str, u64); 9] = [
    ("Ki", KIBIBYTE),
    ("Mi", MEBIBYTE),
    ("Gi", GIBIBYTE),
    ("Ti", 1 << 40),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("", 1),
];

/// What a quantity of memory looks like, for JSON Schema.
const PATTERN: &str = r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T|[eE][0-9]+)?$";

/// An amount of memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Memory(u64);

impl Memory {
    /// So many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// So many GiB (2^30 bytes).
    pub(crate) const fn gibibytes(count: u64) -> Self {
        Self(count * GIBIBYTE)
    }

    /// The amount in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The amount in whole MiB (2^20 bytes), rounded up: the step in which machines get memory.
    pub const fn mebibytes(self) -> u64 {
        self.0.div_ceil(MEBIBYTE)
    }
}

/// A text that is no quantity of memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct MemoryError {
    pub(crate) fault: &'static str,
    /// The quantity that was likely meant.
    pub(crate) suggestion: Option<String>,
}

impl MemoryError {
    fn new(fault: &'static str) -> Self {
        Self {
            fault,
            suggestion: None,
        }
    }
}

impl FromStr for Memory {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Self, MemoryError> {
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        if number.is_empty() {
            return Err(MemoryError::new("no amount of memory"));
        }
        let Some(factor) = factor(suffix) else {
            return Err(MemoryError {
                fault: "an amount in an unknown unit",
                suggestion: meant(number, suffix),
            });
        };
        bytes(number, factor).map(Self)
    }
}

fn factor(suffix: &str) -> Option<u64> {
    if let Some((_, factor)) = SUFFIXES.iter().find(|(known, _)| *known == suffix) {
        return Some(*factor);
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    10_u64.checked_pow(exponent.parse().ok()?)
}

/// The quantity meant by one written as other tools do: `4g`, `4gb`, `4GiB`.
fn meant(number: &str, suffix: &str) -> Option<String> {
    let letter = suffix.chars().next()?.to_ascii_uppercase();
    let rest = suffix.get(1..)?.to_ascii_lowercase();
    (matches!(letter, 'K' | 'M' | 'G' | 'T') && matches!(rest.as_str(), "" | "b" | "i" | "ib"))
        .then(|| format!("{number}{letter}i"))
}

/// `number` (digits, at most one point) times `factor`; a fraction of a byte is rounded up.
fn bytes(number: &str, factor: u64) -> Result<u64, MemoryError> {
    const TOO_MUCH: MemoryError = MemoryError {
        fault: "more memory than can be",
        suggestion: None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err(MemoryError::new("no amount of memory"));
    }
    if whole.len() + fraction.len() > 18 {
        return Err(TOO_MUCH);
    }
    let digits: u128 = format!("{whole}{fraction}").parse().map_err(|_| TOO_MUCH)?;
    let scale = 10_u128.pow(u32::try_from(fraction.len()).map_err(|_| TOO_MUCH)?);
    let bytes = (digits * u128::from(factor)).div_ceil(scale);
    u64::try_from(bytes).map_err(|_| TOO_MUCH)
}

/// The shortest exact form: `4Gi`, `1536Mi`, `1000`.
impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes > 0 && bytes.is_multiple_of(GIBIBYTE) => {
                write!(f, "{}Gi", bytes / GIBIBYTE)
            }
            bytes if bytes > 0 && bytes.is_multiple_of(MEBIBYTE) => {
                write!(f, "{}Mi", bytes / MEBIBYTE)
            }
            bytes if bytes > 0 && bytes.is_multiple_of(KIBIBYTE) => {
                write!(f, "{}Ki", bytes / KIBIBYTE)
            }
            bytes => write!(f, "{bytes}"),
        }
    }
}

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Memory {
    fn schema_name() -> Cow<'static, str> {
        "Memory".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An amount of memory: bytes, or a number with Ki, Mi, Gi, Ti, k, M, G or T.",
            "anyOf": [{ "type": "string", "pattern": PATTERN }, { "type": "integer", "minimum": 1 }],
        })
    }
}
