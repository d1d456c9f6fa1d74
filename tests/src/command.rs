//! Programs run under a time limit, with everything they said when something is wrong.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

/// Time that a call gets when nothing else is said.
const LIMIT: Duration = Duration::from_mins(1);

/// How long streams may stay open after the program ended: something it started holds them.
const DRAIN: Duration = Duration::from_secs(2);

/// A program to run.
#[derive(Debug, Clone)]
pub struct Call {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, Option<OsString>)>,
    input: Option<Vec<u8>>,
    folder: Option<PathBuf>,
    limit: Duration,
}

impl Call {
    /// A call of this program.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            input: None,
            folder: None,
            limit: LIMIT,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let more = arguments.into_iter().map(|one| one.as_ref().to_owned());
        self.arguments.extend(more);
        self
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        self.args([argument])
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref().to_owned();
        self.environment.push((name.into(), Some(value)));
        self
    }

    /// Takes an environment variable away.
    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.push((name.into(), None));
        self
    }

    /// Gives it standard input; without it that is empty.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Runs it in this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Gives it more or less time than a minute.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Gives it this many seconds.
    #[must_use]
    pub fn seconds(self, seconds: u64) -> Self {
        self.limit(Duration::from_secs(seconds))
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it can't be started or does not end in time.
    #[track_caller]
    pub fn run(self) -> Output {
        let limit = self.limit;
        self.start().end(limit)
    }

    /// Runs it to its end; it has to succeed.
    ///
    /// # Panics
    /// When it can't be started, does not end in time, or fails.
    #[track_caller]
    pub fn ok(self) -> Output {
        self.run().ok()
    }

    /// Starts it in a process group of its own.
    ///
    /// # Panics
    /// When it can't be started.
    #[track_caller]
    pub fn start(self) -> Running {
        let shown = self.to_string();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(if self.input.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("`{shown}` can't be started: {error}"));
        let id = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process");
        let said = Arc::new(Said::default());
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), self.input) {
            // A program need not read all; its status tells.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        said.follow(child.stdout.take().expect("piped"), |state| {
            &mut state.stdout
        });
        said.follow(child.stderr.take().expect("piped"), |state| {
            &mut state.stderr
        });
        let waiter = Arc::clone(&said);
        thread::spawn(move || {
            let status = child.wait();
            waiter.change(|state| state.status = Some(status.unwrap_or_default()));
        });
        Running {
            shown,
            id,
            said,
            began: Instant::now(),
        }
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.program.display())?;
        for argument in &self.arguments {
            write!(f, " {}", argument.to_string_lossy())?;
        }
        Ok(())
    }
}

/// What a program said so far, and how it ended.
#[derive(Debug, Default)]
struct Said {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    open: usize,
    status: Option<ExitStatus>,
}

impl Said {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no reader panics")
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn follow(
        self: &Arc<Self>,
        mut stream: impl Read + Send + 'static,
        place: fn(&mut State) -> &mut Vec<u8>,
    ) {
        self.change(|state| state.open += 1);
        let said = Arc::clone(self);
        thread::spawn(move || {
            let mut chunk = [0; 16 << 10];
            loop {
                match stream.read(&mut chunk) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => said.change(|state| place(state).extend(&chunk[..read])),
                }
            }
            said.change(|state| state.open -= 1);
        });
    }

    /// Waits until `done` says so; `None` when the time is over.
    fn wait<T>(&self, until: Instant, mut done: impl FnMut(&State) -> Option<T>) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(value) = done(&state) {
                return Some(value);
            }
            let left = until.checked_duration_since(Instant::now())?;
            state = self
                .changed
                .wait_timeout(state, left)
                .expect("no reader panics")
                .0;
        }
    }
}

/// A program that runs. When dropped, it and all of its process group are killed.
#[derive(Debug)]
pub struct Running {
    shown: String,
    id: Pid,
    said: Arc<Said>,
    began: Instant,
}

impl Running {
    /// Waits for a line of either stream that contains `text`.
    ///
    /// # Panics
    /// When it does not come in time.
    #[track_caller]
    pub fn line_with(&self, text: &str, limit: Duration) -> String {
        let found = self.said.wait(Instant::now() + limit, |state| {
            [&state.stdout, &state.stderr]
                .into_iter()
                .find_map(|stream| {
                    let said = String::from_utf8_lossy(stream);
                    // Only whole lines: the last one may still be under way.
                    said.split_inclusive('\n')
                        .find(|line| line.ends_with('\n') && line.contains(text))
                        .map(|line| line.trim_end().to_owned())
                })
        });
        found.unwrap_or_else(|| {
            panic!(
                "no line with {text:?} within {limit:?}\n{}",
                self.so_far().report()
            )
        })
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, signal: Signal) {
        // It may have ended by itself.
        let _ = kill_process(self.id, signal);
    }

    /// Whether it ended within `limit`.
    pub fn ends_within(&self, limit: Duration) -> bool {
        self.said
            .wait(Instant::now() + limit, |state| state.status)
            .is_some()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn end(self, limit: Duration) -> Output {
        if !self.ends_within(limit) {
            let so_far = self.so_far();
            panic!("not ended after {limit:?}\n{}", so_far.report());
        }
        self.said.wait(Instant::now() + DRAIN, |state| {
            (state.open == 0).then_some(())
        });
        self.so_far()
    }

    fn so_far(&self) -> Output {
        let state = self.said.lock();
        Output {
            shown: self.shown.clone(),
            status: state.status,
            stdout: state.stdout.clone(),
            stderr: String::from_utf8_lossy(&state.stderr).into_owned(),
            took: self.began.elapsed(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.said.lock().status.is_none() {
            let _ = kill_process_group(self.id, Signal::KILL);
        }
    }
}

/// How a call ended and what it said.
#[derive(Debug, Clone)]
pub struct Output {
    shown: String,
    status: Option<ExitStatus>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
    /// Time from start to end.
    pub took: Duration,
}

impl Output {
    /// Exit status; 128 and the signal's number when it was killed.
    pub fn code(&self) -> Option<i32> {
        let status = self.status?;
        status.code().or_else(|| Some(128 + status.signal()?))
    }

    /// Whether it succeeded.
    pub fn success(&self) -> bool {
        self.code() == Some(0)
    }

    /// It has to have succeeded.
    ///
    /// # Panics
    /// When it failed.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use)] // called for its check alone
    pub fn ok(self) -> Self {
        assert!(self.success(), "a call failed\n{}", self.report());
        self
    }

    /// It has to have failed with this status.
    ///
    /// # Panics
    /// When it succeeded or failed otherwise.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use)] // called for its check alone
    pub fn fails(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            Some(code),
            "wrong exit status\n{}",
            self.report()
        );
        self
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output without white space around it.
    pub fn word(&self) -> String {
        self.text().trim().to_owned()
    }

    /// Standard output as one JSON value.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error})\n{}", self.report()))
    }

    /// Standard output as JSON lines.
    ///
    /// # Panics
    /// When a line is no JSON.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| {
                    panic!("a line is no JSON ({error}): {line}\n{}", self.report())
                })
            })
            .collect()
    }

    /// Everything about the call, for a message.
    pub fn report(&self) -> String {
        const LONGEST: usize = 8000;
        let mut text = format!("call: {}\n", self.shown);
        let code = self
            .code()
            .map_or("none".to_owned(), |code| code.to_string());
        let _ = writeln!(text, "exit: {code} after {:.1} s", self.took.as_secs_f64());
        for (name, said) in [("stdout", self.text()), ("stderr", self.stderr.clone())] {
            let from = said.len().saturating_sub(LONGEST);
            let from = (from..said.len())
                .find(|&at| said.is_char_boundary(at))
                .unwrap_or(0);
            let _ = writeln!(text, "{name}: {}", said[from..].trim_end());
        }
        text
    }
}
