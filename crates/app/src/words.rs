//! Numbers and names as people read them: the one set of rules for tray and notifications.

const MEBI: f64 = 1024.0 * 1024.0;
const GIBI: f64 = 1024.0 * MEBI;

/// Characters of a name that the tray shows.
pub const LONGEST_NAME: usize = 32;
/// Characters that stay at the end of a name that was cut.
const KEPT: usize = 12;

/// A name of at most [`LONGEST_NAME`] characters: cut in the middle, as endings tell names apart.
pub fn name(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let head = &characters[..LONGEST_NAME - KEPT - 1];
    let tail = &characters[characters.len() - KEPT..];
    head.iter().chain(['…'].iter()).chain(tail).collect()
}

/// The beginning of a text, at most so many characters, on one line.
pub fn line(text: &str, longest: usize) -> String {
    let text = text.lines().next().unwrap_or_default().trim();
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let head: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}

/// `1 node`, `3 nodes`.
pub fn counted(count: u32, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Bytes: `828 Mi`, `2.1 Gi`, `12 Gi`.
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
pub fn bytes(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes < GIBI {
        return format!("{:.0} Mi", bytes / MEBI);
    }
    format!("{} Gi", gibi(bytes))
}

/// `2.1 of 6.0 Gi`: both in the unit of the larger one.
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
pub fn bytes_of(used: u64, limit: u64) -> String {
    if (limit as f64) < GIBI {
        return format!("{:.0} of {:.0} Mi", used as f64 / MEBI, limit as f64 / MEBI);
    }
    format!("{} of {} Gi", gibi(used as f64), gibi(limit as f64))
}

fn gibi(bytes: f64) -> String {
    let amount = bytes / GIBI;
    if amount < 9.95 {
        format!("{amount:.1}")
    } else {
        format!("{amount:.0}")
    }
}

/// A share in whole percent: `12%`, `<1%`.
pub fn percent(used: f64, limit: f64) -> String {
    if limit <= 0.0 {
        return "–".into();
    }
    let share = used / limit * 100.0;
    if share > 0.0 && share < 1.0 {
        "<1%".into()
    } else {
        format!("{share:.0}%")
    }
}

/// A running clock: `0:21`, `12:03`, `1:02:03`.
pub fn clock(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// An age as kubectl writes it: `45s`, `12m`, `2h5m`, `2d4h`.
pub fn age(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, 0) => format!("{hours}h"),
        (0, hours, minutes) => format!("{hours}h{minutes}m"),
        (days, 0, _) => format!("{days}d"),
        (days, hours, _) => format!("{days}d{hours}h"),
    }
}

/// How long ago something was: `just now`, `12 min ago`, `2 h ago`, `3 days ago`.
pub fn ago(milliseconds: i64) -> String {
    let minutes = milliseconds.max(0) / 60_000;
    match minutes {
        0 => "just now".into(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        1440..2880 => "a day ago".into(),
        _ => format!("{} days ago", minutes / 1440),
    }
}

/// How long something took: `4.2 s`, `0:34`.
pub fn took(milliseconds: i64) -> String {
    let milliseconds = milliseconds.max(0);
    if milliseconds < 10_000 {
        format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
    } else {
        clock(milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_end() {
        let long = "a-very-long-name-of-a-cluster-that-ends-with-0123456789";
        let cut = name(long);
        assert_eq!(cut.chars().count(), LONGEST_NAME);
        assert!(cut.ends_with("h-0123456789"), "{cut}");
        assert_eq!(name("dev"), "dev");
    }

    #[test]
    fn amounts_have_two_digits() {
        assert_eq!(bytes(828 << 20), "828 Mi");
        assert_eq!(bytes((21 << 30) / 10), "2.1 Gi");
        assert_eq!(bytes(12 << 30), "12 Gi");
        assert_eq!(bytes_of((21 << 30) / 10, 6 << 30), "2.1 of 6.0 Gi");
        assert_eq!(bytes_of(100 << 20, 512 << 20), "100 of 512 Mi");
    }

    #[test]
    fn shares_say_when_they_are_small_and_when_unknown() {
        assert_eq!(percent(0.5, 4.0), "12%");
        assert_eq!(percent(0.01, 4.0), "<1%");
        assert_eq!(percent(0.0, 4.0), "0%");
        assert_eq!(percent(1.0, 0.0), "–");
    }

    #[test]
    fn times_read_as_clocks_and_ages() {
        assert_eq!(clock(21_000), "0:21");
        assert_eq!(clock(3_723_000), "1:02:03");
        assert_eq!(age(187_200_000), "2d4h");
        assert_eq!(age(45_000), "45s");
        assert_eq!(ago(7_200_000), "2 h ago");
        assert_eq!(ago(30_000), "just now");
        assert_eq!(took(4_230), "4.2 s");
        assert_eq!(took(34_000), "0:34");
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("first\nsecond", 48), "first");
        assert_eq!(line("abcdef", 4), "abc…");
    }
}
