//! The command line on the search path, which the app puts there when its user says so.

use std::process::Stdio;

use engine::{CommandLink, Error, ErrorCode, LinkState, Result};
use tokio::process::Command;

use super::Desk;
use crate::terminal::Platform;
use crate::wire::CommandLine;

/// What a Mac runs after it asked for an administrator's password: the link and the program come
/// as arguments, and are quoted by the language itself.
const MAKE: [&str; 3] = [
    "on run {program, place, folder}",
    "do shell script \"/bin/mkdir -p \" & quoted form of folder & \" && /bin/ln -sfh \" & \
     quoted form of program & \" \" & quoted form of place with administrator privileges",
    "end run",
];
const REMOVE: [&str; 3] = [
    "on run {program, place, folder}",
    "do shell script \"/bin/rm \" & quoted form of place with administrator privileges",
    "end run",
];

/// What the language says when the user did not want to.
const DECLINED: &str = "(-128)";

impl Desk {
    /// Whether a terminal finds the command line.
    pub fn command_line(&self) -> Result<CommandLine> {
        Ok(CommandLine::of(&CommandLink::of_user()?))
    }

    /// Puts the command line on the search path, or takes it off; what is not ours stays. On a Mac
    /// an administrator may have to agree.
    pub async fn command_line_set(&self, installed: bool) -> Result<CommandLine> {
        let link = CommandLink::of_user()?;
        let done = if installed {
            link.install()
        } else {
            link.remove().map(drop)
        };
        if let Err(error) = done {
            let allowed = Platform::here() == Platform::Mac && needs_rights(&link, &error);
            if !allowed {
                return Err(error);
            }
            as_administrator(&link, if installed { MAKE } else { REMOVE }).await?;
        }
        Ok(CommandLine::of(&link))
    }
}

/// Whether only rights are missing, and nothing of somebody else is in the way.
fn needs_rights(link: &CommandLink, error: &Error) -> bool {
    let ours = matches!(
        link.state(),
        LinkState::Absent | LinkState::Linked | LinkState::Stale { .. }
    );
    error.code == ErrorCode::PermissionDenied && ours
}

async fn as_administrator(link: &CommandLink, script: [&str; 3]) -> Result<()> {
    let failed = |words: String| {
        Error::new(
            ErrorCode::PermissionDenied,
            format!("{} was not changed", link.link().display()),
        )
        .detail(words)
    };
    let output = Command::new("/usr/bin/osascript")
        .args(arguments(link, script))
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| failed(error.to_string()))?;
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(())
    } else if words.contains(DECLINED) {
        Err(Error::cancelled())
    } else {
        Err(failed(words.into_owned()))
    }
}

fn arguments(link: &CommandLink, script: [&str; 3]) -> Vec<std::ffi::OsString> {
    let folder = link.link().parent().unwrap_or(link.link());
    let lines = script.iter().flat_map(|line| ["-e", line]);
    let places = [link.program(), link.link(), folder];
    lines
        .map(Into::into)
        .chain(places.map(|path| path.as_os_str().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn link(folder: &std::path::Path) -> CommandLink {
        let program = folder.join("apple-k8s");
        std::fs::write(&program, "").unwrap();
        CommandLink::at(folder.join("bin/apple-k8s"), program, vec![])
    }

    #[test]
    fn an_administrator_is_asked_only_where_nobody_elses_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let link = link(folder.path());
        let denied = Error::new(ErrorCode::PermissionDenied, "no");
        assert!(needs_rights(&link, &denied));
        assert!(!needs_rights(
            &link,
            &Error::new(ErrorCode::NoSpace, "full")
        ));
        assert!(!needs_rights(&link, &engine::translocated()));
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        std::fs::write(link.link(), "theirs").unwrap();
        assert!(!needs_rights(&link, &denied), "it would be overwritten");
    }

    /// A path is never part of the script, whatever is in it.
    #[test]
    fn paths_are_arguments() {
        let odd = PathBuf::from("/a b/\"; rm -rf ~; \"/apple-k8s");
        let link = CommandLink::at("/usr/local/bin/apple-k8s".into(), odd.clone(), vec![]);
        for script in [MAKE, REMOVE] {
            let all = arguments(&link, script);
            assert_eq!(all[6], odd);
            assert_eq!(all[7..], ["/usr/local/bin/apple-k8s", "/usr/local/bin"]);
            let words = all[..6].iter().map(|word| word.to_str().unwrap());
            assert_eq!(words.filter(|word| *word == "-e").count(), 3);
            assert!(
                all[..6]
                    .iter()
                    .all(|word| !word.to_str().unwrap().contains("/usr/local"))
            );
        }
    }
}
