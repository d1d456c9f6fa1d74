//! Usage lines and `--help`.

use super::tables::CommandSpec;
use crate::version::Version;
use std::fmt::Write;

const LEFT: usize = 26;

/// The two lines under a usage error.
pub(crate) fn usage_hint(spec: &CommandSpec, version: Version) -> String {
    let program = program(spec);
    format!(
        "Usage: {}\n  See '{program} --help' for more information.",
        usage_line(spec, version)
    )
}

fn program(spec: &CommandSpec) -> String {
    format!("container {}", spec.path).trim_end().to_owned()
}

fn usage_line(spec: &CommandSpec, version: Version) -> String {
    let mut line = program(spec);
    let flags: Vec<_> = spec.flags().filter(|flag| flag.since <= version).collect();
    if flags.len() > 8 {
        line.push_str(" [<options>]");
    } else {
        for flag in flags {
            let name = flag.long.last().map_or_else(
                || flag.short.map(|c| format!("-{c}")).unwrap_or_default(),
                |_| format!("--{}", flag.long[0]),
            );
            match flag.value {
                Some(value) => drop(write!(line, " [{name} <{value}>]")),
                None => drop(write!(line, " [{name}]")),
            }
        }
    }
    for positional in spec.positionals {
        let text = match (positional.required, positional.many) {
            (true, false) => format!(" <{}>", positional.name),
            (true, true) => format!(" <{}> ...", positional.name),
            (false, false) => format!(" [<{}>]", positional.name),
            (false, true) => format!(" [<{}> ...]", positional.name),
        };
        line.push_str(&text);
    }
    if !spec.subcommands.is_empty() {
        line.push_str(" <subcommand>");
    }
    line
}

/// The whole help of a command.
pub(crate) fn help(spec: &CommandSpec, version: Version) -> String {
    let mut text = format!(
        "OVERVIEW: {}\n\nUSAGE: {}\n",
        spec.overview,
        usage_line(spec, version)
    );
    if !spec.positionals.is_empty() {
        text.push_str("\nARGUMENTS:\n");
        for positional in spec.positionals {
            row(
                &mut text,
                &format!("<{}>", positional.name),
                positional.help,
            );
        }
    }
    for group in spec.groups {
        let mut title = format!("\n{}:\n", group.title);
        for flag in group.flags.iter().filter(|flag| flag.since <= version) {
            text.push_str(&std::mem::take(&mut title));
            row(&mut text, &flag.names(), flag.help);
        }
    }
    if spec.groups.is_empty() {
        text.push_str("\nOPTIONS:\n");
        row(&mut text, "--version", "Show the version.");
    }
    row(&mut text, "-h, --help", "Show help information.");
    if !spec.subcommands.is_empty() {
        text.push_str("\nSUBCOMMANDS:\n");
        for sub in spec.subcommands.iter().filter(|sub| sub.since <= version) {
            let name = sub.path.rsplit(' ').next().unwrap_or(sub.path);
            let mut names = vec![name];
            names.extend(sub.aliases);
            row(&mut text, &names.join(", "), sub.overview);
        }
    }
    text.trim_end().to_owned()
}

/// The left column is 26 wide; a longer one takes a line of its own.
fn row(text: &mut String, left: &str, right: &str) {
    let left = format!("  {left}");
    if left.len() < LEFT {
        let _ = writeln!(text, "{left:LEFT$}{right}");
    } else {
        let _ = write!(text, "{left}\n{:LEFT$}{right}\n", "");
    }
}
