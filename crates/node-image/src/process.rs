//! Programs of the host that make base images.
//!
//! Each runs in a process group of its own, so that a Ctrl-C at the terminal reaches this program
//! alone, which then ends it with all that it started.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::recipe::SOURCE_DATE_EPOCH;

/// Lines of a failed program's output that its error shows.
const LINES_KEPT: usize = 20;

/// How long a cancelled program may take to clean up: mmdebstrap removes a whole Debian.
const GRACE: Duration = Duration::from_secs(15);

/// How long the last words of a killed one may take.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// One run of a program of the host.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// Debian's package with it.
    pub(crate) package: &'static str,
    /// What it is run for, after "it cannot".
    pub(crate) purpose: String,
    /// Whether it makes mounts. It has them and its processes in namespaces of its own then, which
    /// end with it, however it ends.
    pub(crate) mounts: bool,
}

impl Program {
    /// Runs it to its end in `folder`, which also has its temporary files; `on_line` gets each line
    /// of its messages. Gives what it wrote to standard output.
    ///
    /// When `cancel` is cancelled, it is ended with all that it started, and waited for: SIGTERM,
    /// time to clean up, SIGKILL. When the returned future is dropped, it is killed at once.
    pub(crate) async fn run<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        folder: &Path,
        cancel: &CancellationToken,
        mut on_line: impl FnMut(&str),
    ) -> Result<String> {
        let failed = |output: String| Error::Program {
            program: self.name,
            purpose: self.purpose.clone(),
            output,
        };
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        let mut child = self.spawn(args, folder)?;
        let mut group = Group::of(&child);
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let work = async move {
            let (mut answer, mut last) = (Vec::new(), VecDeque::new());
            let read = tokio::try_join!(
                lines(out, |line| answer.push(line)),
                lines(err, |line| {
                    on_line(&line);
                    if last.len() == LINES_KEPT {
                        last.pop_front();
                    }
                    last.push_back(line);
                }),
            );
            let status = match read {
                Ok(_) => child.wait().await,
                Err(e) => Err(e),
            };
            (status, answer, last)
        };
        tokio::pin!(work);
        let (status, answer, mut last) = tokio::select! {
            biased;
            () = cancel.cancelled() => {
                group.signal(Signal::TERM);
                // Heard to the end: a program whose words nobody takes fails in its cleaning up.
                let ended = timeout(GRACE, &mut work).await;
                group.signal(Signal::KILL);
                if ended.is_err() {
                    let _ = timeout(LAST_WORDS, work).await;
                }
                return Err(cancelled());
            }
            outcome = &mut work => outcome,
        };
        group.ended();
        match status {
            Ok(status) if status.success() => Ok(answer.join("\n")),
            Ok(status) => {
                last.push_back(status.to_string());
                Err(failed(Vec::from(last).join("\n")))
            }
            Err(e) => Err(failed(e.to_string())),
        }
    }

    fn spawn<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        folder: &Path,
    ) -> Result<Child> {
        let missing = |program, package| Error::MissingProgram { program, package };
        // Another user than root has no mounts but in namespaces anyway.
        let apart =
            self.mounts && cfg!(target_os = "linux") && rustix::process::geteuid().is_root();
        if apart && !is_on_path(self.name) {
            return Err(missing(self.name, self.package));
        }
        let mut command = Command::new(if apart { "unshare" } else { self.name });
        if apart {
            command
                .args(["--mount-proc", "--pid", "--fork", "--kill-child", "--"])
                .arg(self.name);
        }
        let (time, value) = SOURCE_DATE_EPOCH;
        command
            .args(args)
            .current_dir(folder)
            .env("TMPDIR", folder)
            // The recipe's Go version is fetched as a module, never in place of the host's own.
            .env("GOTOOLCHAIN", "local")
            .env(time, value)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::NotFound if apart => missing("unshare", "util-linux"),
                std::io::ErrorKind::NotFound => missing(self.name, self.package),
                _ => Error::Program {
                    program: self.name,
                    purpose: self.purpose.clone(),
                    output: e.to_string(),
                },
            })
    }
}

/// What a cancelled build ends with.
pub(crate) fn cancelled() -> Error {
    Error::Container(container::Error::Cancelled {
        call: "making base images".to_owned(),
    })
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The processes of a running program. They are killed when this is dropped.
struct Group(Option<Pid>);

impl Group {
    /// Of a child that is the leader of its group.
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn signal(&self, signal: Signal) {
        if let Some(id) = self.0 {
            // The group may be gone by now, and that is what is wanted.
            let _ = kill_process_group(id, signal);
        }
    }

    /// It has ended by itself: its number may be another's soon.
    fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

async fn lines(
    from: Option<impl AsyncRead + Unpin>,
    mut on_line: impl FnMut(String),
) -> std::io::Result<()> {
    let Some(from) = from else { return Ok(()) };
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await? > 0 {
        on_line(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh() -> Program {
        Program {
            name: "sh",
            package: "dash",
            purpose: "say something".to_owned(),
            mounts: false,
        }
    }

    fn never() -> CancellationToken {
        CancellationToken::new()
    }

    #[tokio::test]
    async fn both_streams_are_read_apart() {
        let mut messages = Vec::new();
        let answer = sh()
            .run(
                ["-c", "echo a; echo m >&2; echo b"],
                Path::new("/"),
                &never(),
                |line| {
                    messages.push(line.to_owned());
                },
            )
            .await;
        assert_eq!(answer.ok().as_deref(), Some("a\nb"));
        assert_eq!(messages, ["m"]);
    }

    #[tokio::test]
    async fn failure_keeps_the_last_words() {
        let (shell, never) = (sh(), never());
        let run = shell.run(
            [
                "-c",
                "for i in $(seq 50); do echo line $i >&2; done; exit 3",
            ],
            Path::new("/"),
            &never,
            |_| (),
        );
        let text = run.await.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(
            text.contains("it cannot say something") && text.contains("line 50"),
            "{text}"
        );
        assert!(
            text.contains("status: 3") && !text.contains("line 9\n"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn missing_program_names_its_package() {
        for mounts in [false, true] {
            let program = Program {
                name: "no-such-program-here",
                package: "some-package",
                purpose: String::new(),
                mounts,
            };
            let never = never();
            let run = program.run([""; 0], Path::new("/"), &never, |_| ());
            let text = run.await.err().map(|e| e.to_string());
            let text = text.unwrap_or_default();
            assert!(text.contains("apt-get install some-package"), "{text}");
        }
    }

    /// Cancelled as soon as the script says something.
    async fn cancelled_at_a_word(script: &str, folder: &Path) -> (Option<Error>, Vec<String>) {
        let (cancel, mut said) = (never(), Vec::new());
        let outcome = sh()
            .run(["-c", script], folder, &cancel, |line| {
                said.push(line.to_owned());
                cancel.cancel();
            })
            .await;
        (outcome.err(), said)
    }

    #[tokio::test]
    async fn a_cancelled_program_cleans_up_and_is_heard() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = "trap 'echo cleaning >&2; touch clean; exit 1' TERM; echo begun >&2; \
                      sleep 1000 & wait";
        let (error, said) = cancelled_at_a_word(script, folder.path()).await;
        assert!(
            matches!(
                error,
                Some(Error::Container(container::Error::Cancelled { .. }))
            ),
            "{error:?}"
        );
        assert_eq!(said, ["begun", "cleaning"]);
        assert!(folder.path().join("clean").exists());
    }

    #[tokio::test]
    async fn what_a_cancelled_program_started_ends_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        // The child holds nothing of this test's, hears no SIGTERM, and would outlive the shell.
        let script = "(trap '' TERM; exec sleep 1000) <&- >/dev/null 2>&1 & \
                      echo $! > child; echo begun >&2; wait";
        cancelled_at_a_word(script, folder.path()).await;
        let child = std::fs::read_to_string(folder.path().join("child")).expect("its number");
        let stat = Path::new("/proc").join(child.trim()).join("stat");
        let end = std::time::Instant::now() + LAST_WORDS;
        let lives = || std::fs::read_to_string(&stat).is_ok_and(|text| !text.contains(") Z "));
        while lives() {
            assert!(std::time::Instant::now() < end, "it lives on");
            tokio::task::yield_now().await;
        }
    }
}
