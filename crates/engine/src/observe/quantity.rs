//! Amounts as Kubernetes writes them: `10Gi`, `500M`, `250m`, `1e3`.

/// The bytes of a quantity, rounded down; none when it can't be read.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked to be in range
pub(super) fn bytes(text: &str) -> Option<u64> {
    let split = text
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    if let (Ok(whole), Some(factor)) = (number.parse::<u64>(), whole_factor(suffix)) {
        return whole.checked_mul(factor);
    }
    let amount: f64 = match fraction(suffix) {
        Some(factor) => number.parse::<f64>().ok()? * factor,
        // `1e3`: the whole is a number.
        None => text.parse().ok()?,
    };
    (0.0..9e18).contains(&amount).then_some(amount as u64)
}

fn whole_factor(suffix: &str) -> Option<u64> {
    Some(match suffix {
        "" => 1,
        "k" => 1000,
        "M" => 1000_u64.pow(2),
        "G" => 1000_u64.pow(3),
        "T" => 1000_u64.pow(4),
        "P" => 1000_u64.pow(5),
        "E" => 1000_u64.pow(6),
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "Pi" => 1 << 50,
        "Ei" => 1 << 60,
        _ => return None,
    })
}

#[allow(clippy::cast_precision_loss)] // all factors are exact in binary or far below 2^53
fn fraction(suffix: &str) -> Option<f64> {
    Some(match suffix {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        known => whole_factor(known)? as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn quantities_are_read() {
        let cases = [
            ("0", Some(0)),
            ("128974848", Some(128_974_848)),
            ("10Gi", Some(10 << 30)),
            ("1.5Gi", Some(3 << 29)),
            ("129M", Some(129_000_000)),
            ("129e6", Some(129_000_000)),
            ("128974848000m", Some(128_974_848)),
            ("1E", Some(1_000_000_000_000_000_000)),
            ("", None),
            ("lots", None),
            ("-1Gi", None),
            ("99999999Ei", None),
        ];
        for (text, expected) in cases {
            assert_eq!(bytes(text), expected, "{text:?}");
        }
    }
}
