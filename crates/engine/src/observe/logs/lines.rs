//! Bytes into lines, in bounded memory.

use futures::{AsyncBufRead, AsyncBufReadExt};
use jiff::Timestamp;

use super::LogLine;

/// Longest line that is kept, in bytes.
pub(super) const LONGEST: usize = 16 << 10;

/// What stands for the rest of a line that was cut.
const CUT: &str = " … (line cut)";

/// The next line; none at the end. What is longer than [`LONGEST`] is read away.
pub(super) async fn next(
    from: &mut (impl AsyncBufRead + Unpin),
) -> std::io::Result<Option<String>> {
    let mut line: Vec<u8> = Vec::new();
    let (mut any, mut cut) = (false, false);
    loop {
        let available = from.fill_buf().await?;
        if available.is_empty() {
            return Ok(any.then(|| text(&line, cut)));
        }
        any = true;
        let (used, complete) = match available.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (available.len(), false),
        };
        let part = &available[..used - usize::from(complete)];
        let room = LONGEST - line.len();
        cut |= part.len() > room;
        line.extend_from_slice(&part[..part.len().min(room)]);
        from.consume_unpin(used);
        if complete {
            return Ok(Some(text(&line, cut)));
        }
    }
}

fn text(bytes: &[u8], cut: bool) -> String {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if cut {
        // A letter that was cut in two is no letter.
        let whole = text.trim_end_matches('\u{fffd}').len();
        text.truncate(whole);
        text.push_str(CUT);
    }
    text
}

/// A line as it was read whole, cut when it is too long.
pub(super) fn limited(mut line: String) -> String {
    if line.len() > LONGEST {
        line.truncate(line.floor_char_boundary(LONGEST));
        line.push_str(CUT);
    }
    line
}

/// A line that begins with a time as the kubelet writes it.
pub(super) fn with_time(line: String) -> LogLine {
    let time = line.split_once(' ').or(Some((line.as_str(), "")));
    let time = time.and_then(|(time, text)| Some((time.parse::<Timestamp>().ok()?, text)));
    match time {
        Some((at, text)) => LogLine {
            at: Some(at.as_millisecond()),
            text: text.to_owned(),
        },
        None => LogLine {
            at: None,
            text: line,
        },
    }
}

/// A line of a journal that begins with seconds since 1970.
pub(super) fn with_seconds(line: &str) -> LogLine {
    let parts = line.split_once(' ');
    let parsed = parts.and_then(|(seconds, text)| Some((millis(seconds)?, text)));
    match parsed {
        Some((at, text)) => LogLine {
            at: Some(at),
            text: limited(text.to_owned()),
        },
        None => LogLine {
            at: None,
            text: limited(line.to_owned()),
        },
    }
}

/// Milliseconds of `1795422972.080607`.
fn millis(text: &str) -> Option<i64> {
    let (seconds, micros) = text.split_once('.')?;
    if micros.len() != 6 {
        return None;
    }
    let (seconds, micros): (i64, i64) = (seconds.parse().ok()?, micros.parse().ok()?);
    seconds.checked_mul(1000)?.checked_add(micros / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::io::{BufReader, Cursor};

    async fn all(bytes: &[u8]) -> Vec<String> {
        // A small buffer, so that lines come in parts.
        let mut reader = BufReader::with_capacity(7, Cursor::new(bytes.to_vec()));
        let mut lines = Vec::new();
        while let Some(line) = next(&mut reader).await.expect("memory") {
            lines.push(line);
        }
        lines
    }

    #[tokio::test]
    async fn lines_come_whole_whatever_the_bytes() {
        assert_eq!(all(b"").await, Vec::<String>::new());
        assert_eq!(
            all(b"one\r\n\nthree is longer\nlast").await,
            ["one", "", "three is longer", "last"]
        );
        assert_eq!(all(b"a\xffb\n").await, ["a\u{fffd}b"]);
    }

    #[tokio::test]
    async fn a_long_line_is_cut_and_the_next_one_is_whole() {
        let mut bytes = "é".repeat(LONGEST).into_bytes();
        bytes.extend_from_slice(b"\nnext\n");
        let lines = all(&bytes).await;
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], format!("{}{CUT}", "é".repeat(LONGEST / 2)));
        assert_eq!(lines[1], "next");
        assert_eq!(limited("é".repeat(LONGEST)).len(), LONGEST + CUT.len());
    }

    #[test]
    fn times_are_taken_off() {
        let line = with_time("2026-11-23T08:37:49.123456789Z  two spaces".into());
        assert_eq!(line.at, Some(1_795_423_069_123));
        assert_eq!(line.text, " two spaces");
        assert_eq!(with_time("2026-11-23T08:37:49Z".into()).text, "");
        assert_eq!(with_time("no time".into()).text, "no time");
        let line = with_seconds("1795422972.080607 systemd[1]: Started.");
        assert_eq!(line.at, Some(1_795_422_972_080));
        assert_eq!(line.text, "systemd[1]: Started.");
        assert_eq!(with_seconds("    second line of a message").at, None);
    }
}
