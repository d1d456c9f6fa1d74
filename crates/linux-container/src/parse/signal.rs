//! Signals by name or number; `SIGRTMIN+3` is 37.

use crate::error::{Error, Result};

const NAMES: [(&str, i32); 31] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("PWR", 30),
    ("SYS", 31),
];

const RTMIN: i32 = 34;
const RTMAX: i32 = 64;

/// Number of a Linux signal.
pub(crate) fn number(text: &str) -> Result<i32> {
    let invalid = || Error::invalid(format!("invalid signal: {text}"));
    if let Ok(number) = text.parse::<i32>() {
        return if (1..=RTMAX).contains(&number) {
            Ok(number)
        } else {
            Err(invalid())
        };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Ok(*number);
    }
    let offset = |rest: &str, base: i32| -> Option<i32> {
        let number = if rest.is_empty() {
            base
        } else {
            base + rest.parse::<i32>().ok()?
        };
        (RTMIN..=RTMAX).contains(&number).then_some(number)
    };
    let real_time = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(rest), _) => offset(rest, RTMIN),
        (_, Some(rest)) => offset(rest, RTMAX),
        _ => None,
    };
    real_time.ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn names_numbers_and_real_time() {
        for (text, expected) in [
            ("TERM", 15),
            ("SIGKILL", 9),
            ("sighup", 1),
            ("9", 9),
            ("SIGRTMIN+3", 37),
            ("RTMAX-1", 63),
        ] {
            assert_eq!(number(text).unwrap(), expected, "{text}");
        }
        for bad in ["", "SIGNOPE", "0", "65", "SIGRTMIN+99"] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }
}
