//! One run of the benchmark, which may be interrupted: the command that runs then is ended, no
//! other begins, and who made something still takes it away.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

#[derive(Default)]
struct State {
    interrupted: bool,
    /// The process group of the command that runs.
    running: Option<Pid>,
}

/// Runs commands, one after another, until it is interrupted.
#[derive(Clone, Default)]
pub(super) struct Session {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Session {
    /// A session that SIGINT, SIGTERM and SIGHUP interrupt.
    pub(super) fn begin() -> Result<Self> {
        let session = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let interrupted = session.clone();
        std::thread::spawn(move || {
            for _ in signals.forever() {
                interrupted.interrupt();
            }
        });
        Ok(session)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked left nothing half changed here.
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn interrupt(&self) {
        let mut state = self.state();
        state.interrupted = true;
        if let Some(group) = state.running {
            // It may have ended this moment.
            let _ = kill_process_group(group, Signal::TERM);
        }
        self.shared.1.notify_all();
    }

    /// What a command wrote; ends it when the session is interrupted.
    pub(super) fn output(&self, command: &mut Command) -> Result<String> {
        let shown = shown(command);
        let child = {
            let mut state = self.state();
            ensure!(!state.interrupted, "interrupted");
            let child = spawn(command).with_context(|| shown.clone())?;
            state.running = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            child
        };
        let done = child.wait_with_output();
        let mut state = self.state();
        state.running = None;
        if state.interrupted {
            bail!("interrupted");
        }
        written(&shown, &done?)
    }

    /// Lets time pass.
    pub(super) fn pause(&self, length: Duration) -> Result<()> {
        let waiting = self
            .shared
            .1
            .wait_timeout_while(self.state(), length, |state| !state.interrupted);
        let (state, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        ensure!(!state.interrupted, "interrupted");
        Ok(())
    }
}

/// What a command wrote that takes something away: no interruption reaches it.
pub(super) fn undisturbed(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let done = spawn(command).with_context(|| shown.clone())?;
    written(&shown, &done.wait_with_output()?)
}

/// In a process group of its own: a Ctrl-C at the terminal reaches only the benchmark itself.
fn spawn(command: &mut Command) -> std::io::Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

fn written(shown: &str, done: &Output) -> Result<String> {
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        bail!("`{shown}` ended with {}\n{}", done.status, said.trim_end());
    }
    Ok(String::from_utf8(done.stdout.clone())?)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn an_interruption_ends_the_running_command_and_forbids_others() {
        let session = Session::default();
        let interrupter = session.clone();
        let thread = std::thread::spawn(move || {
            while interrupter.state().running.is_none() {
                std::thread::yield_now();
            }
            interrupter.interrupt();
        });
        let began = Instant::now();
        let error = session
            .output(Command::new("sleep").arg("60"))
            .expect_err("ended");
        assert_eq!(error.to_string(), "interrupted");
        assert!(began.elapsed() < Duration::from_secs(30));
        thread.join().expect("interrupter");

        let error = session.output(&mut Command::new("true")).expect_err("none");
        assert_eq!(error.to_string(), "interrupted");
        assert!(session.pause(Duration::from_mins(1)).is_err());
        assert!(undisturbed(&mut Command::new("true")).is_ok());
    }

    #[test]
    fn a_failing_command_is_quoted() {
        let mut command = Command::new("ls");
        command.arg("/does-not-exist");
        let error = Session::default().output(&mut command).expect_err("fails");
        let text = error.to_string();
        assert!(text.contains("`ls /does-not-exist` ended with exit status"));
        assert!(text.contains("No such file"), "{text}");
    }
}
