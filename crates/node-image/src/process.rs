//! Programs of the host that make base images.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use crate::error::{Error, Result};
use crate::recipe::SOURCE_DATE_EPOCH;

/// Lines of a failed program's output that its error shows.
const LINES_KEPT: usize = 20;

/// One run of a program of the host.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// Debian's package with it.
    pub(crate) package: &'static str,
    /// What it is run for, after "it cannot".
    pub(crate) purpose: String,
}

impl Program {
    /// Runs it to its end in `folder`; `on_line` gets each line of its messages. Gives what it
    /// wrote to standard output. It is ended when the returned future is dropped.
    pub(crate) async fn run<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        folder: &Path,
        mut on_line: impl FnMut(&str),
    ) -> Result<String> {
        let failed = |output: String| Error::Program {
            program: self.name,
            purpose: self.purpose.clone(),
            output,
        };
        let (time, value) = SOURCE_DATE_EPOCH;
        let mut child = Command::new(self.name)
            .args(args)
            .current_dir(folder)
            // The recipe's Go version is fetched as a module, never in place of the host's own.
            .env("GOTOOLCHAIN", "local")
            .env(time, value)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::NotFound => Error::MissingProgram {
                    program: self.name,
                    package: self.package,
                },
                _ => failed(e.to_string()),
            })?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let mut answer = Vec::new();
        let mut last = VecDeque::new();
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
        match status {
            Ok(status) if status.success() => Ok(answer.join("\n")),
            Ok(status) => {
                last.push_back(status.to_string());
                Err(failed(Vec::from(last).join("\n")))
            }
            Err(e) => Err(failed(e.to_string())),
        }
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
        }
    }

    #[tokio::test]
    async fn both_streams_are_read_apart() {
        let mut messages = Vec::new();
        let answer = sh()
            .run(
                ["-c", "echo a; echo m >&2; echo b"],
                Path::new("/"),
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
        let shell = sh();
        let run = shell.run(
            [
                "-c",
                "for i in $(seq 50); do echo line $i >&2; done; exit 3",
            ],
            Path::new("/"),
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
        let program = Program {
            name: "no-such-program-here",
            package: "some-package",
            purpose: String::new(),
        };
        let error = program.run([""; 0], Path::new("/"), |_| ()).await.err();
        let text = error.map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains("apt-get install some-package"), "{text}");
    }
}
