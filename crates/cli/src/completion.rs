//! What a shell offers when a word is completed. The script that `apple-k8s completion` prints asks
//! this program each time, which so knows the clusters that there are.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Arg, Command, CommandFactory};
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::env::Shells;
use engine::{Error, ErrorCode, Home, Result};

use crate::args::Cli;

/// Names the shell that asks; set by the script alone.
const VARIABLE: &str = "APPLE_K8S_COMPLETE";

const NAME: &str = "apple-k8s";

/// Where zsh finds the script in a folder of completions, it runs it as the completion itself, once:
/// without this, the first word would be completed to nothing.
const ZSH_FIRST: &str = "
if [ \"${funcstack[1]}\" = _apple-k8s ]; then
    _clap_dynamic_completer_apple_k8s \"$@\"
fi
";

/// The script that has a shell ask this program.
pub(crate) fn script(shell: &str) -> Result<Vec<u8>> {
    let failed = |error: &str| {
        Error::new(
            ErrorCode::Internal,
            format!("no completion for {shell}: {error}"),
        )
    };
    let shells = Shells::builtins();
    let completer = shells.completer(shell).ok_or_else(|| failed("unknown"))?;
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, NAME, NAME, &this_program(), &mut script)
        .map_err(|error| failed(&error.to_string()))?;
    if shell == "zsh" {
        script.extend_from_slice(ZSH_FIRST.as_bytes());
    }
    Ok(script)
}

/// Answers a shell that asks; false when none does.
pub(crate) fn answer() -> io::Result<bool> {
    let Some(shell) = std::env::var_os(VARIABLE) else {
        return Ok(false);
    };
    let shells = Shells::builtins();
    let Some(shell) = shell.to_str().and_then(|name| shells.completer(name)) else {
        return Ok(false);
    };
    let words: Vec<OsString> = std::env::args_os()
        .skip_while(|word| word != "--")
        .skip(1)
        .collect();
    let mut answer = Vec::new();
    let folder = std::env::current_dir().ok();
    shell.write_complete(&mut command(), words, folder.as_deref(), &mut answer)?;
    io::stdout().write_all(&answer)?;
    Ok(true)
}

/// How the script calls this program: as it was called now, from every folder.
fn this_program() -> String {
    let called = std::env::args_os().next().map(PathBuf::from);
    let called = called.unwrap_or_else(|| NAME.into());
    let path = if called.components().count() > 1 {
        std::path::absolute(&called).unwrap_or(called)
    } else {
        called
    };
    path.to_string_lossy().into_owned()
}

/// The command line, with the clusters for each name of one. A new cluster needs a new name.
fn command() -> Command {
    Cli::command().mut_subcommands(|command| {
        if command.get_name() == "create" {
            command
        } else {
            offering_clusters(command)
        }
    })
}

fn offering_clusters(command: Command) -> Command {
    command
        .mut_args(|arg| {
            if names_cluster(&arg) {
                arg.add(ArgValueCandidates::new(clusters))
            } else {
                arg
            }
        })
        .mut_subcommands(offering_clusters)
}

fn names_cluster(arg: &Arg) -> bool {
    arg.get_value_names()
        .is_some_and(|names| names.len() == 1 && names[0] == "NAME")
}

/// What this program remembers, which takes no call of `container`.
fn clusters() -> Vec<CompletionCandidate> {
    let names = Home::of_user().and_then(|home| home.cluster_names());
    let names = names.unwrap_or_default().into_iter();
    names.map(CompletionCandidate::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_with_its_names() {
        let mut command = command();
        command.build();
        let names = |words: [&str; 2]| {
            let found = words
                .iter()
                .fold(&command, |at, word| at.find_subcommand(word).expect(word));
            found
                .get_arguments()
                .filter(|arg| names_cluster(arg))
                .count()
        };
        for words in [
            ["delete", "clusters"],
            ["load", "image"],
            ["stop", "cluster"],
        ] {
            assert!(names(words) > 0, "{words:?}");
        }
    }
}
