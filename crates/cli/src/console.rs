//! Where words go: results to standard output, everything else to standard error, and with
//! `--output json` one object a line to standard output.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use engine::{Error, ErrorCode, Result};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::args::{Format, Globals};
use crate::progress::{Form, Progress, room};
use crate::style::{Style, Tone, dumb, harmless};

/// How this run of the program speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    format: Format,
    quiet: bool,
    form: Form,
    out: Style,
    err: Style,
    /// Where our own sentences are broken on standard error.
    width: usize,
}

/// One line of `--output json`.
#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    r#type: &'static str,
    #[serde(flatten)]
    value: &'a T,
}

#[derive(Serialize)]
struct Warning<'a> {
    message: &'a str,
}

impl Console {
    /// What the options and the streams make of it.
    pub(crate) fn new(globals: &Globals) -> Self {
        let form = match globals.output {
            _ if globals.quiet => Form::Silent,
            Format::Json => Form::Json,
            // Log lines would tear a picture apart.
            Format::Text if globals.verbose == 0 && io::stderr().is_terminal() && !dumb() => {
                Form::Picture
            }
            Format::Text => Form::Lines,
        };
        Self {
            format: globals.output,
            quiet: globals.quiet,
            form,
            out: Style::of(&io::stdout()),
            err: Style::of(&io::stderr()),
            width: if io::stderr().is_terminal() {
                room().columns
            } else {
                usize::MAX
            },
        }
    }

    /// Whether only names and errors are wanted.
    pub(crate) const fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Whether people read along, to whom a plan is told before it is carried out.
    pub(crate) fn says_plan(self) -> bool {
        matches!(self.form, Form::Lines | Form::Picture)
    }

    /// How words on standard error are painted.
    pub(crate) const fn err_style(self) -> Style {
        self.err
    }

    /// Whether a picture is painted, so that a sudden end must restore the terminal.
    pub(crate) fn paints(self) -> bool {
        self.form == Form::Picture
    }

    /// Says what begins, and shows its progress.
    pub(crate) fn progress(
        self,
        title: &str,
        cluster: &str,
        cancel: CancellationToken,
    ) -> Progress {
        if matches!(self.form, Form::Lines | Form::Picture) {
            note(&self.err.paint(Tone::Strong, title));
        }
        Progress::begin(self.form, cluster, self.err, cancel)
    }

    /// The one result of a command: its value in JSON, or the text made of it.
    pub(crate) fn result<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(Style) -> String,
    ) -> Result<()> {
        match self.format {
            Format::Json => print(&line("result", value)?),
            Format::Text => print(&text(self.out)),
        }
    }

    /// Something doubtful that stops nothing.
    pub(crate) fn warn(self, message: &str) {
        match self.format {
            Format::Json => json_line("warning", &Warning { message }),
            Format::Text => {
                // Not broken: it may show a line of a file with a mark below it.
                let label = self.err.paint(Tone::Doubtful, "Warning:");
                note(&format!("{label} {}", harmless(message)));
            }
        }
    }

    /// A failed command.
    pub(crate) fn error(self, error: &Error) {
        match self.format {
            Format::Json => json_line("error", error),
            Format::Text => note(error_text(error, self.width, self.err).trim_end()),
        }
    }
}

/// A line on standard error, for people.
pub(crate) fn note(text: &str) {
    // Standard error closed: nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes one JSON line. A reader that went away does not end an operation half-way.
pub(crate) fn json_line<T: Serialize>(kind: &'static str, value: &T) {
    if let Ok(line) = line(kind, value) {
        let _ = print(&line);
    }
}

/// An error for people: what happened, the original words, what to do, where the logs are. Our
/// own sentences are broken between words to fit a width; words of others stay as they are.
pub(crate) fn error_text(error: &Error, width: usize, style: Style) -> String {
    let message = harmless(&error.message);
    let mut text = if error.code == ErrorCode::Cancelled {
        // Wanted by the user: nothing to be alarmed about.
        format!(
            "{}\n",
            style.paint(Tone::Doubtful, &crate::phase::sentence(&message))
        )
    } else {
        labelled("Error:", Tone::Bad, &message, width, style)
    };
    for line in error
        .detail
        .as_deref()
        .map(harmless)
        .unwrap_or_default()
        .trim_end()
        .lines()
    {
        text.push_str(format!("  {line}").trim_end());
        text.push('\n');
    }
    if let Some(hint) = &error.hint {
        text.push_str(&labelled(
            "Hint:",
            Tone::Strong,
            &harmless(hint),
            width,
            style,
        ));
    }
    if let Some(logs) = &error.logs {
        // One piece, whatever its length: it is there to be copied.
        text.extend([
            &style.paint(Tone::Strong, "Logs:"),
            " ",
            &logs.display().to_string(),
            "\n",
        ]);
    }
    text
}

/// A label and a text beside it, whose further lines begin below its first.
fn labelled(label: &str, tone: Tone, text: &str, width: usize, style: Style) -> String {
    let indent = label.len() + 1;
    let lines = text
        .lines()
        .flat_map(|line| wrapped(line, width.saturating_sub(indent)));
    let lines: Vec<String> = lines.collect();
    let between = format!("\n{}", " ".repeat(indent));
    format!("{} {}\n", style.paint(tone, label), lines.join(&between))
}

/// Lines of at most `width` characters, broken at spaces; a longer word stays in one piece.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split(' ') {
        let more = word.chars().count();
        if length > 0 && length + 1 + more > width {
            lines.push(String::new());
            length = 0;
        }
        if let Some(line) = lines.last_mut() {
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
            length += more;
        }
    }
    lines
}

fn line<T: Serialize>(kind: &'static str, value: &T) -> Result<String> {
    let mut text = serde_json::to_string(&Line {
        r#type: kind,
        value,
    })
    .map_err(|error| {
        Error::new(
            ErrorCode::Internal,
            format!("a result can't be written as JSON: {error}"),
        )
    })?;
    text.push('\n');
    Ok(text)
}

/// Writes to standard output. A reader that has read enough, such as `head`, is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::io("write to", Path::new("standard output"), &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_why_what_next_and_where() {
        let error = Error::new(ErrorCode::NodeFailed, "node demo-worker did not join")
            .detail("kubeadm: \x1b[31mno route\x1b[0m\n\nto host\n")
            .hint("try again")
            .logs(Some("/tmp/logs".into()));
        assert_eq!(
            error_text(&error, usize::MAX, Style::PLAIN),
            "Error: node demo-worker did not join\n  kubeadm: no route\n\n  to host\n\
             Hint: try again\nLogs: /tmp/logs\n"
        );
        assert_eq!(
            error_text(&Error::cancelled(), 80, Style::PLAIN),
            "Cancelled\n"
        );
    }

    #[test]
    fn a_json_line_is_one_line_with_its_type_first() {
        let error = Error::new(ErrorCode::PortInUse, "taken").detail("a\nb");
        assert_eq!(
            line("error", &error).expect("JSON"),
            "{\"type\":\"error\",\"code\":\"PortInUse\",\"message\":\"taken\",\"detail\":\"a\\nb\"}\n"
        );
    }

    #[test]
    fn our_sentences_fit_the_terminal_and_words_of_others_stay() {
        let error = Error::new(ErrorCode::RuntimeMissing, "one two three four five")
            .detail("a line of others that is longer")
            .hint("see https://example.invalid/long/path now");
        assert_eq!(
            error_text(&error, 20, Style::PLAIN),
            "Error: one two three\n       four five\n  a line of others that is longer\n\
             Hint: see\n      https://example.invalid/long/path\n      now\n"
        );
    }
}
