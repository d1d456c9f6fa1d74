//! Amounts of memory and storage: binary suffixes K M G T P, steps of 1 MiB for memory.

use crate::error::{Error, Result};

const MIB: u64 = 1 << 20;

/// Least memory of a container, in bytes.
const LEAST: u64 = 200 * MIB;

/// Bytes of an amount such as `4g`, `2048MB`, `1GiB` or `1073741824`.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let amount: u64 = text[..digits].parse().ok()?;
    let suffix = text[digits..].trim().to_ascii_lowercase();
    let power = match suffix.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return None,
    };
    amount.checked_mul(1024_u64.checked_pow(power)?)
}

/// Memory of a container in bytes, whole mebibytes.
pub(crate) fn memory(text: &str) -> Result<u64> {
    let bytes =
        bytes(text).ok_or_else(|| Error::invalid(format!("invalid memory value: {text}")))?;
    if bytes < LEAST {
        return Err(Error::invalid(format!(
            "minimum memory amount allowed is 200 MiB (got {bytes} bytes)"
        )));
    }
    Ok(bytes / MIB * MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_binary() {
        assert_eq!(bytes("4g"), Some(4 << 30));
        assert_eq!(bytes("2048MB"), Some(2 << 30));
        assert_eq!(bytes("64M"), Some(64 << 20));
        assert_eq!(bytes("1GiB"), Some(1 << 30));
        assert_eq!(bytes("x"), None);
        assert_eq!(bytes("1q"), None);
        assert_eq!(bytes("99999999999p"), None);
    }

    #[test]
    fn memory_has_a_minimum_and_whole_mebibytes() {
        assert_eq!(memory("209715201").unwrap(), 200 * MIB);
        assert_eq!(
            memory("100m").unwrap_err().to_string(),
            "minimum memory amount allowed is 200 MiB (got 104857600 bytes)"
        );
    }
}
