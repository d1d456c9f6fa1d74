//! Plays the script that lies beside the name it was called by.

use std::ffi::OsString;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use container_script::{Act, Call, Place};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Stdin, Stdout, stdin, stdout};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

/// Set for the child of [`Act::Child`], which only has to be there.
const CHILD: &str = "CONTAINER_SCRIPT_CHILD";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if std::env::var_os(CHILD).is_some() {
        return pending().await;
    }
    let mut words = std::env::args_os();
    let name = words.next().map(PathBuf::from).unwrap_or_default();
    match play(&name, words.collect()).await {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            eprintln!("Error: the script cannot be played: {e}");
            ExitCode::from(70)
        }
    }
}

async fn play(name: &Path, words: Vec<OsString>) -> std::io::Result<u8> {
    let arguments: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let place = Place::at(name.parent().unwrap_or(Path::new(".")));
    let _alive = place.stay(&std::process::id().to_string())?;
    let group = rustix::process::getpgrp().as_raw_nonzero().get();
    let (script, rule) = place.enter(Call {
        arguments: arguments.clone(),
        environment: std::env::vars_os()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect(),
        process: std::process::id(),
        group: u32::try_from(group).unwrap_or_default(),
        rule: None,
    })?;
    let Some(rule) = rule else {
        eprintln!(
            "Error: the script has no rule for `{}`",
            arguments.join(" ")
        );
        return Ok(64);
    };
    let mut player = Player {
        name: name.to_owned(),
        arguments,
        place,
        stdin: BufReader::new(stdin()),
        stdout: stdout(),
        term: None,
        children: 0,
    };
    for act in &script.rules[rule].acts {
        if let Some(code) = player.act(act).await? {
            return Ok(code);
        }
    }
    Ok(0)
}

struct Player {
    name: PathBuf,
    arguments: Vec<String>,
    place: Place,
    stdin: BufReader<Stdin>,
    stdout: Stdout,
    term: Option<Signal>,
    children: usize,
}

impl Player {
    async fn act(&mut self, act: &Act) -> std::io::Result<Option<u8>> {
        match act {
            Act::Stdout(text) => self.write(text.as_bytes()).await?,
            Act::StdoutBytes(bytes) => self.write(bytes).await?,
            Act::Stderr(text) => complain(text.as_bytes()).await?,
            Act::StderrBytes(bytes) => complain(bytes).await?,
            Act::Flood(count) => self.flood(*count).await?,
            Act::Option(flag) => {
                let at = self.arguments.iter().position(|word| word == flag);
                let value = at.and_then(|at| self.arguments.get(at + 1));
                let line = format!("{}\n", value.map_or("", String::as_str));
                self.write(line.as_bytes()).await?;
            }
            Act::LastWord => {
                let line = format!("{}\n", self.arguments.last().map_or("", String::as_str));
                self.write(line.as_bytes()).await?;
            }
            Act::Echo => {
                tokio::io::copy(&mut self.stdin, &mut self.stdout).await?;
                self.stdout.flush().await?;
            }
            Act::ReadLine => {
                let mut line = String::new();
                self.stdin.read_line(&mut line).await?;
                self.place.line(line.trim_end_matches('\n'))?;
            }
            Act::Wait(milliseconds) => sleep(Duration::from_millis(*milliseconds)).await,
            Act::Hang => pending().await,
            Act::IgnoreTerm => self.term = Some(signal(SignalKind::terminate())?),
            Act::UntilTerm => {
                let mut term = match self.term.take() {
                    Some(term) => term,
                    None => signal(SignalKind::terminate())?,
                };
                term.recv().await;
            }
            Act::Mark => self.place.mark()?,
            Act::Child => {
                self.children += 1;
                let name = format!("{}-{}", std::process::id(), self.children);
                // The child holds the lock by its standard input.
                Command::new(&self.name)
                    .env(CHILD, "1")
                    .stdin(self.place.stay(&name)?)
                    .spawn()?;
            }
            Act::Die => {
                let _ = rustix::process::kill_process(
                    rustix::process::getpid(),
                    rustix::process::Signal::KILL,
                );
                pending::<()>().await;
            }
            Act::Exit(code) => return Ok(Some(*code)),
        }
        Ok(None)
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stdout.write_all(bytes).await?;
        self.stdout.flush().await
    }

    async fn flood(&mut self, count: usize) -> std::io::Result<()> {
        let line = [[b'x'; 63].as_slice(), b"\n"].concat();
        let block = line.repeat(256);
        let mut left = count;
        while left > 0 {
            let part = &block[..left.min(block.len())];
            self.write(part).await?;
            complain(part).await?;
            left -= part.len();
        }
        Ok(())
    }
}

/// Writes to standard error, and returns only when it is written: the program may kill itself next.
async fn complain(bytes: &[u8]) -> std::io::Result<()> {
    let mut stderr = tokio::io::stderr();
    stderr.write_all(bytes).await?;
    stderr.flush().await
}
