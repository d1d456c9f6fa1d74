//! A running call whose output is read line by line.

use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use crate::args::Args;
use crate::capture::{Capture, Keep};
use crate::classify::classify;
use crate::client::{Container, DRAIN, MESSAGE_LIMIT, excerpt};
use crate::error::{Error, Failure, Result};
use crate::group::Group;

/// Longest line that is accepted.
const LINE_LIMIT: usize = 16 << 20;

/// A running call: lines out, lines in. Dropping it ends the program and its children.
#[derive(Debug)]
pub struct Lines {
    client: Container,
    args: Args,
    group: Group,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
    partial: Vec<u8>,
    stderr: Arc<Mutex<Capture>>,
    reading: Option<JoinHandle<()>>,
    deadline: Instant,
    limit: Duration,
    /// The container and program of an `exec`, whose exit status is the guest program's.
    guest: Option<Guest>,
}

/// What an `exec` runs.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    pub(crate) id: String,
    pub(crate) program: String,
}

/// How a streamed call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Exit status; 128 + n when signal n ended the guest program, `None` when a signal ended
    /// the call itself.
    pub code: Option<i32>,
    /// What was written to standard error, the last part when it was long.
    pub stderr: String,
}

impl Exit {
    /// Whether the status is 0.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }
}

impl Lines {
    pub(crate) fn start(
        client: &Container,
        args: Args,
        with_input: bool,
        usual_limit: Duration,
        guest: Option<Guest>,
    ) -> Result<Self> {
        let mut group = client.spawn(&args, with_input)?;
        let (mut stdin, mut stdout, mut stderr) = (None, None, None);
        if let Some(child) = group.child() {
            stdin = child.stdin.take();
            stdout = child.stdout.take().map(BufReader::new);
            stderr = child.stderr.take();
        }
        let limit = client.limit_or(usual_limit);
        let said = Arc::new(Mutex::new(Capture::new(Keep::Tail, MESSAGE_LIMIT)));
        let reading = stderr.map(|from| tokio::spawn(collect(from, Arc::clone(&said))));
        Ok(Self {
            client: client.clone(),
            args,
            group,
            stdin,
            stdout,
            partial: Vec::new(),
            stderr: said,
            reading,
            deadline: Instant::now() + limit,
            limit,
            guest,
        })
    }

    /// The next line of standard output without its end; `None` once there is no more, also when
    /// the call failed: [`Lines::wait`] tells. Bytes that are not UTF-8 are replaced. Dropping
    /// the future loses nothing.
    ///
    /// # Errors
    /// [`Error::Timeout`] and [`Error::Cancelled`], after the program was ended.
    pub async fn next_line(&mut self) -> Result<Option<String>> {
        let token = self.client.token().clone();
        let read = tokio::select! {
            biased;
            () = token.cancelled() => Err(self.client.cancelled(&self.args)),
            read = read_line(&mut self.stdout, &mut self.partial) => read,
            () = sleep_until(self.deadline) => Err(self.timed_out()),
        };
        match read {
            Ok(read) => Ok(read),
            Err(error) => Err(self.ended_by(error).await),
        }
    }

    /// Writes a line to standard input. A program that has ended is no error here: its output
    /// and [`Lines::wait`] tell why.
    ///
    /// # Errors
    /// [`Error::Timeout`] and [`Error::Cancelled`], after the program was ended.
    pub async fn send_line(&mut self, line: &str) -> Result<()> {
        let token = self.client.token().clone();
        let Some(stdin) = self.stdin.as_mut() else {
            return Ok(());
        };
        let write = async {
            stdin.write_all(line.as_bytes()).await?;
            stdin.write_all(b"\n").await?;
            stdin.flush().await
        };
        let written = tokio::select! {
            biased;
            () = token.cancelled() => Err(self.client.cancelled(&self.args)),
            written = write => match written {
                Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                    Err(Error::io(format!("write to `{}`", self.args.shown()), &e))
                }
                _ => Ok(()),
            },
            () = sleep_until(self.deadline) => Err(self.timed_out()),
        };
        match written {
            Ok(()) => Ok(()),
            Err(error) => Err(self.ended_by(error).await),
        }
    }

    /// Closes standard input: the program sees its end.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Closes standard input, reads the rest of the output away and waits for the end. A status
    /// other than 0 is an answer here, unless it is plain that the call itself failed.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::Cancelled`], [`Error::NotRunning`],
    /// [`Error::NoSuchContainer`], [`Error::NoSuchProgram`], [`Error::ServiceStopped`].
    pub async fn wait(mut self) -> Result<Exit> {
        self.close_stdin();
        let token = self.client.token().clone();
        let ended = tokio::select! {
            biased;
            () = token.cancelled() => Err(self.client.cancelled(&self.args)),
            ended = drain(&mut self.group, self.stdout.take()) => {
                ended.map_err(|e| Error::io(format!("wait for `{}`", self.args.shown()), &e))
            }
            () = sleep_until(self.deadline) => Err(self.timed_out()),
        };
        match ended {
            Ok(status) => self.exit(status.code()).await,
            Err(error) => Err(self.ended_by(error).await),
        }
    }

    /// Ends the program and its children: SIGTERM, which `container` passes into the guest, some
    /// time, SIGKILL.
    pub async fn kill(mut self) {
        self.group.end().await;
    }

    async fn exit(&mut self, code: Option<i32>) -> Result<Exit> {
        debug!(call = self.args.shown(), code, "ended");
        let stderr = self.stderr_text().await;
        let failure = Failure {
            call: self.args.shown().to_owned(),
            status: code,
            stderr,
        };
        match &self.guest {
            Some(guest) => {
                if let Some(error) = guest.call_failed(&failure) {
                    return Err(error);
                }
            }
            None if code != Some(0) => return Err(classify(failure)),
            None => {}
        }
        Ok(Exit {
            code,
            stderr: failure.stderr,
        })
    }

    fn timed_out(&self) -> Error {
        Error::Timeout {
            call: self.args.shown().to_owned(),
            after: self.limit,
            stderr: String::new(),
        }
    }

    async fn ended_by(&mut self, mut error: Error) -> Error {
        debug!(call = self.args.shown(), %error, "ended by us");
        self.close_stdin();
        self.group.end().await;
        if let Error::Timeout { stderr, .. } = &mut error {
            *stderr = self.stderr_text().await;
        }
        error
    }

    async fn stderr_text(&mut self) -> String {
        if let Some(mut reading) = self.reading.take()
            && timeout(DRAIN, &mut reading).await.is_err()
        {
            // A child that lives on holds the pipe; what was said so far is all that matters.
            reading.abort();
        }
        lock(&self.stderr).text()
    }
}

impl Guest {
    /// The error of the call itself, told apart from a guest program that failed: only by texts
    /// that name this container or program.
    pub(crate) fn call_failed(&self, failure: &Failure) -> Option<Error> {
        if failure.status == Some(0) || !failure.stderr.contains("Error: ") {
            return None;
        }
        if failure.status == Some(1) {
            let missing = format!("failed to find target executable {}", self.program);
            if failure.stderr.contains(&missing) {
                return Some(Error::NoSuchProgram {
                    id: self.id.clone(),
                    program: self.program.clone(),
                    failure: Box::new(failure.clone()),
                });
            }
        }
        match classify(failure.clone()) {
            error @ Error::ServiceStopped(_) if failure.status == Some(1) => Some(error),
            Error::NotRunning { id, failure } if id == self.id && failure.status == Some(1) => {
                Some(Error::NotRunning { id, failure })
            }
            Error::NoSuchContainer { ids, failure }
                if ids.contains(&self.id) && failure.status == Some(1) =>
            {
                Some(Error::NoSuchContainer { ids, failure })
            }
            _ => None,
        }
    }
}

/// Reads to the end of a line. What was read of an unfinished one stays in `partial`, so that
/// nothing is lost when the future is dropped.
async fn read_line(
    from: &mut Option<BufReader<ChildStdout>>,
    partial: &mut Vec<u8>,
) -> Result<Option<String>> {
    let Some(reader) = from.as_mut() else {
        return Ok(None);
    };
    loop {
        let available = match reader.fill_buf().await {
            Ok(available) => available,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Error::io("read the output of `container`", &e)),
        };
        if available.is_empty() {
            *from = None;
            if partial.is_empty() {
                return Ok(None);
            }
            return Ok(Some(take_text(partial)));
        }
        let (used, complete) = match available.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (available.len(), false),
        };
        partial.extend_from_slice(&available[..used]);
        reader.consume(used);
        if complete {
            return Ok(Some(take_text(partial)));
        }
        if partial.len() > LINE_LIMIT {
            return Err(Error::Garbage {
                call: "container".to_owned(),
                reason: format!("a line is longer than {LINE_LIMIT} bytes"),
                answer: excerpt(partial),
            });
        }
    }
}

fn take_text(partial: &mut Vec<u8>) -> String {
    let bytes = std::mem::take(partial);
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

/// Reads standard error to its end, so that the program never blocks on it.
async fn collect(mut from: ChildStderr, said: Arc<Mutex<Capture>>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        lock(&said).add(&buffer[..count]);
    }
}

fn lock(said: &Mutex<Capture>) -> MutexGuard<'_, Capture> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the program while its output is read away.
async fn drain(
    group: &mut Group,
    stdout: Option<BufReader<ChildStdout>>,
) -> std::io::Result<ExitStatus> {
    let mut rest = Capture::new(Keep::Head, 0);
    let reading = async {
        if let Some(stdout) = stdout {
            let _ = rest.fill(stdout).await;
        }
    };
    tokio::pin!(reading);
    tokio::select! {
        () = &mut reading => group.wait().await,
        status = group.wait() => {
            let status = status?;
            let _ = timeout(DRAIN, &mut reading).await;
            Ok(status)
        }
    }
}
