//! The client, and how it makes one call.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::{OnceCell, mpsc};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, trace};

use crate::args::Args;
use crate::capture::{Capture, Keep};
use crate::classify::classify;
use crate::error::{Error, Failure, Result};
use crate::group::Group;
use crate::locate::{Surroundings, environment};
use crate::version::Capabilities;

/// Largest answer that is read. `list` with thousands of containers stays far below.
const ANSWER_LIMIT: usize = 64 << 20;

/// Part of standard error that is kept, its end.
pub(crate) const MESSAGE_LIMIT: usize = 256 << 10;

/// How long output may still come after the program ended. Only a child that inherited the
/// pipe and lives on can hold it open.
pub(crate) const DRAIN: Duration = Duration::from_secs(2);

/// The `container` program. Cheap to clone; clones share what was found out about it.
///
/// Each call has a time limit that fits its kind, runs in its own process group, and is ended
/// with all its children when the limit passes, when the token of [`Container::cancelled_by`]
/// is cancelled, or when the future is dropped. After a cancelled token a call returns once the
/// program is gone; a dropped future leaves that to a background task.
#[derive(Debug, Clone)]
pub struct Container {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    limit: Option<Duration>,
}

#[derive(Debug)]
struct Shared {
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
    capabilities: OnceCell<Capabilities>,
}

/// How a call ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stdout_cut: bool,
    pub(crate) stderr: String,
}

/// Where a call's standard output goes.
pub(crate) enum Sink<'a> {
    Keep(Keep, usize),
    Write(&'a mut (dyn AsyncWrite + Unpin + Send)),
    /// Both streams, line by line; nothing of standard output is kept.
    Lines(mpsc::Sender<String>),
}

/// Where a call's standard input comes from.
pub(crate) type Source<'a> = Option<&'a mut (dyn AsyncRead + Unpin + Send)>;

impl Container {
    /// Finds the program: `explicit`, else the variable `APPLE_K8S_CONTAINER`, else beside the
    /// running program, `/usr/local/bin`, `/opt/homebrew/bin`, the search path. It is not started.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the places looked at.
    pub fn locate(explicit: Option<&Path>) -> Result<Self> {
        Surroundings::of_this_process().find(explicit).map(Self::at)
    }

    /// The program at this path; it is neither checked nor started.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            shared: Arc::new(Shared {
                program: program.into(),
                environment: environment(std::env::vars_os()),
                capabilities: OnceCell::new(),
            }),
            cancel: CancellationToken::new(),
            limit: None,
        }
    }

    /// The same program with one more environment variable for every call.
    #[must_use]
    pub fn with_env(self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let mut environment = self.shared.environment.clone();
        environment.push((name.into(), value.into()));
        Self {
            shared: Arc::new(Shared {
                program: self.shared.program.clone(),
                environment,
                capabilities: OnceCell::new(),
            }),
            ..self
        }
    }

    /// The same program; calls made through it end with [`Error::Cancelled`] when the token is
    /// cancelled, and are not even started afterwards.
    #[must_use]
    pub fn cancelled_by(&self, token: CancellationToken) -> Self {
        Self {
            cancel: token,
            ..self.clone()
        }
    }

    /// The same program; calls made through it have this limit instead of their own.
    #[must_use]
    pub fn with_limit(&self, limit: Duration) -> Self {
        Self {
            limit: Some(limit),
            ..self.clone()
        }
    }

    /// The program's path.
    pub fn program(&self) -> &Path {
        &self.shared.program
    }

    pub(crate) fn known_capabilities(&self) -> &OnceCell<Capabilities> {
        &self.shared.capabilities
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.cancel
    }

    pub(crate) fn limit_or(&self, usual: Duration) -> Duration {
        self.limit.unwrap_or(usual)
    }

    /// Starts the program in its own process group, all streams piped or closed.
    pub(crate) fn spawn(&self, args: &Args, with_input: bool) -> Result<Group> {
        if self.cancel.is_cancelled() {
            return Err(self.cancelled(args));
        }
        debug!(call = args.shown(), "start");
        let mut command = Command::new(&self.shared.program);
        command
            .args(args.real())
            .env_clear()
            .envs(self.shared.environment.iter().map(|(k, v)| (k, v)))
            .stdin(if with_input {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Group::spawn(&mut command).map_err(|e| {
            if e.kind() == std::io::ErrorKind::NotFound {
                Error::NotFound {
                    looked_at: vec![self.shared.program.clone()],
                }
            } else {
                Error::NotExecutable {
                    program: self.shared.program.clone(),
                    reason: e.to_string(),
                }
            }
        })
    }

    #[allow(clippy::unused_self)] // reads better at the calls
    pub(crate) fn cancelled(&self, args: &Args) -> Error {
        Error::Cancelled {
            call: args.shown().to_owned(),
        }
    }

    /// Runs a call to its end, whatever its exit status.
    pub(crate) async fn run_to_end(
        &self,
        args: &Args,
        usual_limit: Duration,
        input: Source<'_>,
        sink: Sink<'_>,
    ) -> Result<Ended> {
        let limit = self.limit_or(usual_limit);
        let started = Instant::now();
        let mut group = self.spawn(args, input.is_some())?;
        let mut stderr = Capture::new(Keep::Tail, MESSAGE_LIMIT);
        if let Sink::Lines(to) = &sink {
            stderr = stderr.shown_to(to.clone());
        }
        let outcome = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(self.cancelled(args)),
            outcome = converse(&mut group, input, sink, &mut stderr) => {
                outcome.map_err(|e| Error::io(format!("talk to `{}`", args.shown()), &e))
            }
            () = sleep(limit) => Err(Error::Timeout {
                call: args.shown().to_owned(),
                after: limit,
                stderr: String::new(),
            }),
        };
        let stderr_text = stderr.text();
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok((status, stdout)) => {
                debug!(
                    call = args.shown(),
                    code = status.code(),
                    elapsed_ms,
                    "ended"
                );
                trace!(call = args.shown(), stderr = %stderr_text.trim_end(), "said");
                let (stdout, stdout_cut) = stdout.finish();
                Ok(Ended {
                    status,
                    stdout,
                    stdout_cut,
                    stderr: stderr_text,
                })
            }
            Err(mut error) => {
                group.end().await;
                debug!(call = args.shown(), elapsed_ms, %error, "ended by us");
                if let Error::Timeout { stderr, .. } = &mut error {
                    *stderr = stderr_text;
                }
                Err(error)
            }
        }
    }

    /// Runs a call that has to succeed; gives what it wrote to standard output.
    pub(crate) async fn call(&self, args: &Args, usual_limit: Duration) -> Result<Vec<u8>> {
        let ended = self
            .run_to_end(
                args,
                usual_limit,
                None,
                Sink::Keep(Keep::Head, ANSWER_LIMIT),
            )
            .await?;
        ended.answer(args)
    }

    /// Runs a call whose answer is words, one per line.
    pub(crate) async fn call_lines(&self, args: &Args, limit: Duration) -> Result<Vec<String>> {
        let answer = self.call(args, limit).await?;
        Ok(String::from_utf8_lossy(&answer)
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// Runs a call whose answer is JSON.
    pub(crate) async fn call_json<T: DeserializeOwned>(
        &self,
        args: &Args,
        limit: Duration,
    ) -> Result<T> {
        let answer = self.call(args, limit).await?;
        parse(args, &answer)
    }
}

impl Ended {
    /// Standard output of a call that succeeded in full.
    pub(crate) fn answer(self, args: &Args) -> Result<Vec<u8>> {
        if !self.status.success() {
            return Err(classify(self.failure(args)));
        }
        if self.stdout_cut {
            return Err(Error::Garbage {
                call: args.shown().to_owned(),
                reason: format!("the answer is longer than {} bytes", self.stdout.len()),
                answer: excerpt(&self.stdout),
            });
        }
        Ok(self.stdout)
    }

    pub(crate) fn failure(self, args: &Args) -> Failure {
        Failure {
            call: args.shown().to_owned(),
            status: self.status.code(),
            stderr: self.stderr,
        }
    }
}

/// Reads JSON, with the beginning of the answer in the error.
pub(crate) fn parse<T: DeserializeOwned>(args: &Args, answer: &[u8]) -> Result<T> {
    serde_json::from_slice(answer).map_err(|e| Error::Garbage {
        call: args.shown().to_owned(),
        reason: e.to_string(),
        answer: excerpt(answer),
    })
}

/// The beginning of an answer, for an error.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    const LENGTH: usize = 300;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LENGTH)]);
    if bytes.len() > LENGTH {
        format!("{text}…")
    } else {
        text.into_owned()
    }
}

/// Feeds the program, drains both its streams at the same time, and waits for it.
async fn converse(
    group: &mut Group,
    input: Source<'_>,
    sink: Sink<'_>,
    stderr: &mut Capture,
) -> std::io::Result<(ExitStatus, Capture)> {
    let Some(child) = group.child() else {
        return Err(std::io::Error::other("not running"));
    };
    let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut kept = Capture::default();
    // Who is given all of it may be slow: what the program wrote is no less for that.
    let is_given_all = matches!(sink, Sink::Write(_));
    let streams = async {
        let feed = async {
            if let (Some(mut stdin), Some(input)) = (stdin, input) {
                match tokio::io::copy(input, &mut stdin).await {
                    // The program need not read all it is given; its status tells.
                    Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => return Err(e),
                    _ => {}
                }
            }
            Ok(())
        };
        let read_out = async {
            let Some(mut out) = out else { return Ok(()) };
            match sink {
                Sink::Keep(keep, limit) => {
                    kept = Capture::new(keep, limit);
                    kept.fill(out).await
                }
                Sink::Lines(to) => Capture::new(Keep::Head, 0).shown_to(to).fill(out).await,
                Sink::Write(to) => {
                    tokio::io::copy(&mut out, to).await?;
                    to.flush().await
                }
            }
        };
        let read_err = async {
            match err {
                Some(err) => stderr.fill(err).await,
                None => Ok(()),
            }
        };
        tokio::try_join!(feed, read_out, read_err).map(|_| ())
    };
    let status = {
        tokio::pin!(streams);
        tokio::select! {
            done = &mut streams => {
                done?;
                group.wait().await?
            }
            status = group.wait() => {
                let status = status?;
                if is_given_all {
                    streams.await?;
                // Elapsing is fine: then something the call started keeps the pipe.
                } else if let Ok(done) = timeout(DRAIN, &mut streams).await {
                    done?;
                }
                status
            }
        }
    };
    Ok((status, kept))
}
