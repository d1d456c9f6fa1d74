//! Programs inside a running container.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::args::Args;
use crate::capture::Keep;
use crate::client::{Container, Ended, Sink, Source};
use crate::error::{Error, Failure, Result};
use crate::run_spec::check_id;
use crate::stream::{Guest, Lines};

const EXEC: Duration = Duration::from_mins(2);
const STREAMING: Duration = Duration::from_mins(30);
/// Moving an image into a node.
const TRANSFER: Duration = Duration::from_mins(30);
const OUTPUT_LIMIT: usize = 64 << 20;

/// A program to run in a container. It never gets a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecSpec {
    /// Program, looked up with the container's own search path. Multi-call programs should be
    /// called by the path of the tool itself.
    pub program: String,
    /// Its arguments. They are visible in process lists and logs: secrets go by standard input.
    pub args: Vec<String>,
    /// More environment. Never shown by this crate, but visible in process lists.
    pub env: Vec<(String, String)>,
    /// User, as name or number.
    pub user: Option<String>,
    /// Working folder.
    pub workdir: Option<String>,
}

impl ExecSpec {
    /// A program with arguments.
    pub fn new<S: Into<String>>(
        program: impl Into<String>,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    fn args(&self, id: &str, with_input: bool) -> Result<Args> {
        check_id(id)?;
        if self.program.is_empty() || self.program.starts_with('-') {
            return Err(Error::invalid(
                format!("program `{}`", self.program),
                "it must be a name or a path",
            ));
        }
        let mut args = Args::new(&["exec"]);
        args.switch("-i", with_input);
        for (key, value) in &self.env {
            args.hidden_pair("-e", key, value);
        }
        args.optional("-u", self.user.as_ref())
            .optional("-w", self.workdir.as_ref())
            .push(id)
            .push(&self.program)
            .words(&self.args);
        Ok(args)
    }

    fn guest(&self, id: &str) -> Guest {
        Guest {
            id: id.to_owned(),
            program: self.program.clone(),
        }
    }
}

/// How a program in a container ended and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Exit status; 128 + n when signal n ended the program, `None` when a signal ended the call.
    pub code: Option<i32>,
    /// Standard output, its first 64 MiB.
    pub stdout: Vec<u8>,
    /// Whether there was more.
    pub stdout_cut: bool,
    /// Standard error, its end when it was long.
    pub stderr: String,
    call: String,
}

impl Output {
    /// Whether the status is 0.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// Standard output as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Itself when the status is 0.
    ///
    /// # Errors
    /// [`Error::Failed`] with the program's words.
    pub fn ok(self) -> Result<Self> {
        if self.success() {
            return Ok(self);
        }
        Err(Error::Failed(Box::new(Failure {
            call: self.call,
            status: self.code,
            stderr: self.stderr,
        })))
    }
}

impl Container {
    /// Runs a program in a container to its end. Its status is an answer, not an error.
    ///
    /// # Errors
    /// [`Error::NotRunning`], [`Error::NoSuchContainer`], [`Error::NoSuchProgram`], and whatever
    /// a call can fail with.
    pub async fn exec(&self, id: &str, spec: &ExecSpec) -> Result<Output> {
        self.exec_collecting(id, spec, None, EXEC).await
    }

    /// Like [`Container::exec`], with everything a reader gives as standard input. Safe for any
    /// bytes and any length.
    pub async fn exec_with_input(
        &self,
        id: &str,
        spec: &ExecSpec,
        input: &mut (dyn AsyncRead + Unpin + Send),
    ) -> Result<Output> {
        self.exec_collecting(id, spec, Some(input), TRANSFER).await
    }

    /// Like [`Container::exec`], with standard output written to `to` as it comes.
    pub async fn exec_with_output(
        &self,
        id: &str,
        spec: &ExecSpec,
        to: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<Output> {
        let args = spec.args(id, false)?;
        let ended = self
            .run_to_end(&args, TRANSFER, None, Sink::Write(to))
            .await?;
        output(&args, ended, &spec.guest(id))
    }

    /// Starts a program in a container whose output is read line by line and whose input is
    /// written line by line. Dropping the result ends it.
    ///
    /// # Errors
    /// Only when nothing could be started; what the call fails with comes from [`Lines::wait`].
    pub fn exec_streaming(&self, id: &str, spec: &ExecSpec) -> Result<Lines> {
        let args = spec.args(id, true)?;
        Lines::start(self, args, true, STREAMING, Some(spec.guest(id)))
    }

    async fn exec_collecting(
        &self,
        id: &str,
        spec: &ExecSpec,
        input: Source<'_>,
        limit: Duration,
    ) -> Result<Output> {
        let args = spec.args(id, input.is_some())?;
        let sink = Sink::Keep(Keep::Head, OUTPUT_LIMIT);
        let ended = self.run_to_end(&args, limit, input, sink).await?;
        output(&args, ended, &spec.guest(id))
    }
}

fn output(args: &Args, ended: Ended, guest: &Guest) -> Result<Output> {
    let failure = Failure {
        call: args.shown().to_owned(),
        status: ended.status.code(),
        stderr: ended.stderr,
    };
    if let Some(error) = guest.call_failed(&failure) {
        return Err(error);
    }
    Ok(Output {
        code: failure.status,
        stdout: ended.stdout,
        stdout_cut: ended.stdout_cut,
        stderr: failure.stderr,
        call: failure.call,
    })
}
