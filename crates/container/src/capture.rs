//! Bounded memory of what a program writes.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

/// What a program wrote, up to a limit. Reading goes on past the limit, so the program never
/// blocks on a full pipe.
#[derive(Debug, Default, Clone)]
pub(crate) struct Capture {
    bytes: Vec<u8>,
    limit: usize,
    keep: Keep,
    cut: bool,
    shown: Option<Shown>,
}

/// Lines handed on as they come.
#[derive(Debug, Clone)]
struct Shown {
    to: mpsc::Sender<String>,
    partial: Vec<u8>,
}

/// Longer lines are handed on in pieces.
const SHOWN_LINE: usize = 64 << 10;

/// Which part of too long an output is kept.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The beginning: for answers that are read.
    #[default]
    Head,
    /// The end: for messages, whose last lines say what went wrong.
    Tail,
}

impl Capture {
    pub(crate) fn new(keep: Keep, limit: usize) -> Self {
        Self {
            limit,
            keep,
            ..Self::default()
        }
    }

    /// Hands every line on as well.
    pub(crate) fn shown_to(mut self, to: mpsc::Sender<String>) -> Self {
        let partial = Vec::new();
        self.shown = Some(Shown { to, partial });
        self
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        match self.keep {
            Keep::Head => {
                let room = self.limit.saturating_sub(self.bytes.len());
                self.cut |= bytes.len() > room;
                self.bytes
                    .extend_from_slice(&bytes[..room.min(bytes.len())]);
            }
            Keep::Tail => {
                self.bytes.extend_from_slice(bytes);
                // Moving only at twice the limit keeps the cost per byte constant.
                if self.bytes.len() > self.limit.saturating_mul(2) {
                    self.trim();
                }
            }
        }
    }

    fn trim(&mut self) {
        if self.keep == Keep::Tail && self.bytes.len() > self.limit {
            self.cut = true;
            self.bytes.drain(..self.bytes.len() - self.limit);
        }
    }

    /// Reads to the end of the stream.
    pub(crate) async fn fill(&mut self, mut from: impl AsyncRead + Unpin) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match from.read(&mut buffer).await {
                Ok(0) => break,
                Ok(count) => {
                    self.add(&buffer[..count]);
                    if let Some(shown) = &mut self.shown {
                        shown.add(&buffer[..count]).await;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        // The receiver learns that this stream is done when its sender goes.
        if let Some(mut shown) = self.shown.take() {
            shown.flush().await;
        }
        Ok(())
    }

    /// The kept bytes, and whether that is not all.
    pub(crate) fn finish(mut self) -> (Vec<u8>, bool) {
        self.trim();
        (self.bytes, self.cut)
    }

    /// The kept bytes as text; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&mut self) -> String {
        self.trim();
        let text = String::from_utf8_lossy(&self.bytes);
        if self.cut && self.keep == Keep::Tail {
            format!("…{text}")
        } else {
            text.into_owned()
        }
    }
}

impl Shown {
    async fn add(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial.len() > SHOWN_LINE {
                self.flush().await;
            }
        }
    }

    async fn flush(&mut self) {
        if self.partial.is_empty() {
            return;
        }
        let line = String::from_utf8_lossy(&self.partial);
        // Nobody listening is no reason to stop reading.
        let _ = self
            .to
            .send(line.trim_end_matches(['\n', '\r']).to_owned())
            .await;
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_tail_keep_their_end_of_the_output() {
        let mut head = Capture::new(Keep::Head, 4);
        let mut tail = Capture::new(Keep::Tail, 4);
        for chunk in ["ab", "cde", "fghijk", "l"] {
            head.add(chunk.as_bytes());
            tail.add(chunk.as_bytes());
        }
        assert_eq!(tail.text(), "…ijkl");
        assert_eq!(head.finish(), (b"abcd".to_vec(), true));
        assert_eq!(tail.finish(), (b"ijkl".to_vec(), true));
    }

    #[test]
    fn exactly_full_is_not_cut() {
        for keep in [Keep::Head, Keep::Tail] {
            let mut capture = Capture::new(keep, 3);
            capture.add(b"abc");
            assert_eq!(capture.finish(), (b"abc".to_vec(), false));
        }
    }
}
