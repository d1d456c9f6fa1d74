//! Durations as Go and kubectl write them: `90s`, `5m`, `1h30m`, `1.5m`.

use std::time::Duration;

/// What a person is told when a text is no duration.
const FORM: &str = "write a duration such as 90s, 5m or 1h30m; 0 means none";

/// Units, the longer of two with a common beginning first.
const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];

/// Longest duration taken: a year. Anything above is a slip of the finger.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// Reads a duration: numbers with units one after another, or `0`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| FORM.to_owned())?;
        let Some((unit, scale)) = UNITS.iter().find(|(unit, _)| after.starts_with(unit)) else {
            return Err(match after {
                "" => format!("the unit is missing: {FORM}"),
                _ => FORM.to_owned(),
            });
        };
        seconds += number * scale;
        rest = &after[unit.len()..];
    }
    if text.is_empty() {
        return Err(FORM.to_owned());
    }
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| *duration <= LONGEST)
        .ok_or_else(|| "that is longer than a year".to_owned())
}

/// A duration for a person, in at most six characters: `0.4s`, `59.9s`, `1m02s`, `2h05m`.
pub(crate) fn precise(duration: Duration) -> String {
    // Rounded before the form is chosen, or 59.96 s would read "60.0s".
    let tenths = (duration.as_millis() + 50) / 100;
    if tenths < 600 {
        format!("{}.{}s", tenths / 10, tenths % 10)
    } else {
        whole(duration)
    }
}

/// A duration in whole seconds, for what still runs: `4s`, `1m02s`, `2h05m`.
pub(crate) fn whole(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_kubectl_takes_them() {
        let table = [
            ("0", 0),
            ("0s", 0),
            ("90s", 90_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1.5m", 90_000),
            ("250ms", 250),
            ("1m500ms", 60_500),
            (".5s", 500),
        ];
        for (text, millis) in table {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_form() {
        for text in [
            "", "s", "5", "5x", "-5s", "5 m", "1h30", "1..5s", "+3s", "5M", "inf", "NaNs",
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains("90s"), "{text}: {error}");
        }
        for text in ["99999999h", "9999999999999999999999999h"] {
            assert!(parse(text).expect_err(text).contains("year"), "{text}");
        }
    }

    #[test]
    fn shown_short() {
        let table = [
            (0, "0.0s", "0s"),
            (420, "0.4s", "0s"),
            (12_340, "12.3s", "12s"),
            (59_960, "59s", "59s"),
            (62_000, "1m02s", "1m02s"),
            (7_500_000, "2h05m", "2h05m"),
        ];
        for (millis, settled, running) in table {
            let duration = Duration::from_millis(millis);
            assert_eq!(
                (precise(duration).as_str(), whole(duration).as_str()),
                (settled, running)
            );
        }
    }
}
