//! Reads the log that podman's monitor writes, and follows it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;

use crate::error::{Context, Result};
use crate::monitor::Monitor;
use crate::process::Init;
use crate::service_log::is_at;

/// How the lines of a log are written down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// By podman's monitor: each with its time, its stream and whether its end was written.
    Monitor,
    /// As they are.
    Plain,
}

/// A log as far as it is written.
pub(crate) struct Log {
    /// What was written: stdout and stderr in the order of time.
    pub(crate) text: Vec<u8>,
    /// Where the file goes on after that.
    pub(crate) end: u64,
}

impl Log {
    /// Reads all lines that are complete.
    pub(crate) fn read(path: &Path, form: Form) -> Result<Self> {
        let mut raw = std::fs::read(path)
            .context(|| format!("failed to open container logs: {}", path.display()))?;
        let complete = raw.iter().rposition(|byte| *byte == b'\n');
        raw.truncate(complete.map_or(0, |at| at + 1));
        let end = raw.len() as u64;
        if form == Form::Plain {
            return Ok(Self { text: raw, end });
        }
        let mut text = Vec::with_capacity(raw.len());
        for line in raw.split_inclusive(|byte| *byte == b'\n') {
            decode(line, &mut text);
        }
        Ok(Self { text, end })
    }
}

/// The end of a log, some lines long.
pub(crate) fn tail(text: &[u8], lines: usize) -> &[u8] {
    if lines == 0 {
        return &[];
    }
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let starts = body
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'\n');
    starts
        .map(|(at, _)| at + 1)
        .nth(lines - 1)
        .map_or(text, |at| &text[at..])
}

/// Takes `time stream P|F ` off a line; `P` means that its line end was not written.
fn decode(line: &[u8], out: &mut Vec<u8>) {
    let mut parts = line.splitn(4, |byte| *byte == b' ');
    let (_, _, tag, content) = (parts.next(), parts.next(), parts.next(), parts.next());
    let Some(content) = content else { return };
    if tag == Some(b"P") {
        out.extend_from_slice(content.strip_suffix(b"\n").unwrap_or(content));
    } else {
        out.extend_from_slice(content);
    }
}

/// When a log gets no more lines.
pub(crate) enum Until<'c> {
    /// When a container has ended, and the process beside it has written all down. Without one,
    /// it has.
    End(Option<&'c Init>, Option<Monitor>),
    /// Never, as far as is known: only the reader ends it.
    Killed,
}

/// How long podman's monitor may take to write down what a container wrote last.
const LAST_WORDS: Duration = Duration::from_secs(10);

impl Until<'_> {
    fn is_over(&self) -> bool {
        let Self::End(init, monitor) = self else {
            return false;
        };
        if init.is_some_and(|init| !init.wait(Some(Duration::ZERO))) {
            return false;
        }
        if let Some(monitor) = monitor {
            monitor.wait(LAST_WORDS);
        }
        true
    }
}

/// Copies what is added to a file after a place, until it gets no more or nobody reads it.
pub(crate) fn follow(
    path: &Path,
    from: u64,
    form: Form,
    until: &Until<'_>,
    out: &mut (impl Write + AsFd),
) -> Result<()> {
    let what = || format!("cannot follow {}", path.display());
    let notify = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)
        .context(what)?;
    let watched = inotify::WatchFlags::MODIFY | inotify::WatchFlags::MOVE_SELF;
    inotify::add_watch(&notify, path, watched).context(what)?;
    let mut file = File::open(path).context(what)?;
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(from)).context(what)?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        let over = until.is_over();
        while reader.read_until(b'\n', &mut line).context(what)? > 0 {
            if !line.ends_with(b"\n") {
                break;
            }
            let mut text = Vec::new();
            match form {
                Form::Monitor => decode(&line, &mut text),
                Form::Plain => text.clone_from(&line),
            }
            line.clear();
            if out.write_all(&text).and_then(|()| out.flush()).is_err() {
                return Ok(());
            }
        }
        if over {
            return Ok(());
        }
        if form == Form::Plain && !is_at(reader.get_ref(), path) {
            // It was put aside, and goes on in a new one.
            if let Ok(file) = File::open(path) {
                inotify::add_watch(&notify, path, watched).context(what)?;
                reader = BufReader::new(file);
                line.clear();
                continue;
            }
        }
        let mut fds = vec![
            PollFd::from_borrowed_fd(notify.as_fd(), PollFlags::IN),
            // Only its errors: the reader went away.
            PollFd::from_borrowed_fd(out.as_fd(), PollFlags::empty()),
        ];
        if let Until::End(Some(init), _) = until {
            fds.push(PollFd::new(init.handle(), PollFlags::IN));
        }
        if poll(&mut fds, None).is_ok() {
            if !fds[1].revents().is_empty() {
                return Ok(());
            }
            let mut space = [std::mem::MaybeUninit::uninit(); 4096];
            let mut events = inotify::Reader::new(&notify, &mut space);
            while events.next().is_ok() {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_lines_are_joined() {
        let mut out = Vec::new();
        for line in [
            "t stdout P ab\n",
            "t stdout F c d\n",
            "t stderr F \n",
            "broken\n",
        ] {
            decode(line.as_bytes(), &mut out);
        }
        assert_eq!(out, b"abc d\n\n");
    }

    #[test]
    fn what_is_read_and_what_is_followed_meet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        // As while the monitor is writing: the second line is there in part.
        std::fs::write(&path, "t stdout F one\nt stdout F tw").unwrap();
        let log = Log::read(&path, Form::Monitor).unwrap();
        assert_eq!(log.text, b"one\n");
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"o\nt stderr F three\n").unwrap();
        let mut out = tempfile::tempfile().unwrap();
        let until = Until::End(None, None);
        follow(&path, log.end, Form::Monitor, &until, &mut out).unwrap();
        std::io::Seek::rewind(&mut out).unwrap();
        assert_eq!(std::io::read_to_string(out).unwrap(), "two\nthree\n");
    }

    #[test]
    fn tails() {
        assert_eq!(tail(b"a\nb\nc\n", 2), b"b\nc\n");
        assert_eq!(tail(b"a\nb", 1), b"b");
        assert_eq!(tail(b"a\n", 5), b"a\n");
        assert_eq!(tail(b"a\n", 0), b"");
    }
}
