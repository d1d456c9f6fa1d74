//! Reads the log that podman's monitor writes, and follows it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;

use crate::error::{Context, Result};
use crate::process::Init;

/// What a container wrote: stdout and stderr in the order of time.
pub(crate) fn output(path: &Path) -> Result<Vec<u8>> {
    let text = std::fs::read(path)
        .context(|| format!("failed to open container logs: {}", path.display()))?;
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        decode(line, &mut out);
    }
    Ok(out)
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

/// Copies what is added to a file until the container ends.
pub(crate) fn follow(
    path: &Path,
    from: u64,
    decoded: bool,
    init: Option<&Init>,
    out: &mut impl Write,
) -> Result<()> {
    let what = || format!("cannot follow {}", path.display());
    let notify = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)
        .context(what)?;
    inotify::add_watch(&notify, path, inotify::WatchFlags::MODIFY).context(what)?;
    let mut file = File::open(path).context(what)?;
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(from)).context(what)?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        let ended = init.is_none_or(|init| init.wait(Some(std::time::Duration::ZERO)));
        while reader.read_until(b'\n', &mut line).context(what)? > 0 {
            if !line.ends_with(b"\n") {
                break;
            }
            let mut text = Vec::new();
            if decoded {
                decode(&line, &mut text);
            } else {
                text.clone_from(&line);
            }
            line.clear();
            // The reader of our output went away: nothing left to do.
            if out.write_all(&text).and_then(|()| out.flush()).is_err() {
                return Ok(());
            }
        }
        let Some(init) = init.filter(|_| !ended) else {
            return Ok(());
        };
        let mut fds = [
            PollFd::from_borrowed_fd(notify.as_fd(), PollFlags::IN),
            PollFd::new(init.handle(), PollFlags::IN),
        ];
        if poll(&mut fds, None).is_ok() {
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
    fn tails() {
        assert_eq!(tail(b"a\nb\nc\n", 2), b"b\nc\n");
        assert_eq!(tail(b"a\nb", 1), b"b");
        assert_eq!(tail(b"a\n", 5), b"a\n");
        assert_eq!(tail(b"a\n", 0), b"");
    }
}
