//! A shell in the user's terminal: which programs with which arguments, as data.
//!
//! Nothing of it is ever joined into a line by a shell on Linux. On a Mac, a terminal
//! takes no arguments but a file to run: there every word is quoted, and the file removes itself.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use engine::{Engine, Error, ErrorCode, Result};

use crate::wire::TerminalTarget;

/// Runs the better shell of a container that has two.
const SHELL: &str = "command -v bash >/dev/null 2>&1 && exec bash || exec sh";

/// Terminals that are tried, and the word after which the command follows.
const TERMINALS: [(&str, &str); 7] = [
    ("x-terminal-emulator", "-e"),
    ("gnome-terminal", "--"),
    ("konsole", "-e"),
    ("xfce4-terminal", "-x"),
    ("kitty", "--"),
    ("alacritty", "-e"),
    ("xterm", "-e"),
];

/// The systems whose terminals differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// A terminal is given a file to run.
    Mac,
    /// Many terminals, which take a command.
    Linux,
}

impl Platform {
    /// The one this program was made for.
    pub fn here() -> Self {
        if std::env::consts::OS == "macos" {
            Self::Mac
        } else {
            Self::Linux
        }
    }

    /// Its name for windows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mac => "macos",
            Self::Linux => "linux",
        }
    }
}

/// What choosing a terminal depends on.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `$TERMINAL`.
    pub terminal: Option<OsString>,
    /// `$PATH`.
    pub path: Option<OsString>,
    /// `$SHELL`.
    pub shell: Option<OsString>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            terminal: variable("TERMINAL"),
            path: variable("PATH"),
            shell: variable("SHELL"),
        }
    }

    fn find(&self, program: &OsStr) -> Option<PathBuf> {
        let named = Path::new(program);
        if named.is_absolute() {
            return is_program(named).then(|| named.to_owned());
        }
        std::env::split_paths(self.path.as_deref()?)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(program))
            .find(|path| is_program(path))
    }
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// A program to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Its absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// A file that must be there first, and its text.
    pub script: Option<(PathBuf, String)>,
}

/// The command that runs in the terminal.
pub fn command(
    target: &TerminalTarget,
    engine: &Engine,
    surroundings: &Surroundings,
) -> Result<Vec<OsString>> {
    let container = engine.container().program().as_os_str().to_owned();
    let words = |words: &[&str]| -> Vec<OsString> {
        let exec = ["exec", "--interactive", "--tty"];
        let all = exec.iter().chain(words).map(OsString::from);
        std::iter::once(container.clone()).chain(all).collect()
    };
    Ok(match target {
        TerminalTarget::Node { node, .. } => {
            checked(&[node])?;
            words(&[node, "/bin/bash", "--login"])
        }
        TerminalTarget::Pod {
            cluster,
            namespace,
            pod,
            container,
        } => {
            checked(&[cluster, namespace, pod])?;
            let plane = Engine::control_plane(cluster);
            let mut all = vec![
                plane.as_str(),
                "kubectl",
                "--kubeconfig",
                engine::ADMIN_KUBECONFIG,
                "exec",
                "--stdin",
                "--tty",
                "--namespace",
                namespace,
                pod,
            ];
            if let Some(container) = container {
                checked(&[container])?;
                all.extend(["--container", container]);
            }
            all.extend(["--", "/bin/sh", "-c", SHELL]);
            words(&all)
        }
        TerminalTarget::Cluster { cluster } => {
            checked(&[cluster])?;
            let file = engine.home().kubeconfig_file(cluster);
            let mut variable = OsString::from("KUBECONFIG=");
            variable.push(file);
            let shell = surroundings.shell.as_deref().unwrap_or(OsStr::new("sh"));
            let shell = surroundings
                .find(shell)
                .unwrap_or_else(|| PathBuf::from("/bin/sh"));
            vec!["/usr/bin/env".into(), variable, shell.into()]
        }
    })
}

/// Names as Kubernetes has them: none can be taken for an option or a path.
fn checked(names: &[&str]) -> Result<()> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 253
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
    };
    match names.iter().find(|name| !is_name(name)) {
        None => Ok(()),
        Some(name) => Err(Error::new(
            ErrorCode::Usage,
            format!("{name:?} is no name of a cluster, node, pod or container"),
        )),
    }
}

/// How a command comes into a terminal. `scripts` is a folder for files that a terminal on a
/// Mac runs; `unique` tells one from the others.
pub fn launch(
    platform: Platform,
    surroundings: &Surroundings,
    command: &[OsString],
    scripts: &Path,
    unique: u64,
) -> Result<Launch> {
    if platform == Platform::Mac {
        let file = scripts.join(format!("shell-{unique}.command"));
        return Ok(Launch {
            program: "/usr/bin/open".into(),
            // In the terminal that the user chose for such files: Terminal at first.
            arguments: vec![file.clone().into()],
            script: Some((file, script(command))),
        });
    }
    let own = surroundings
        .terminal
        .as_deref()
        .and_then(|name| Some((surroundings.find(name)?, "-e")));
    let known = || {
        TERMINALS
            .iter()
            .find_map(|(name, flag)| Some((surroundings.find(OsStr::new(name))?, *flag)))
    };
    let Some((program, flag)) = own.or_else(known) else {
        return Err(
            Error::new(ErrorCode::Usage, "no terminal was found on this computer")
                .hint("install one, such as xterm, or set TERMINAL to its path"),
        );
    };
    let mut arguments = vec![OsString::from(flag)];
    arguments.extend_from_slice(command);
    Ok(Launch {
        program,
        arguments,
        script: None,
    })
}

/// A script that removes itself and becomes the command.
fn script(command: &[OsString]) -> String {
    let mut text = String::from("#!/bin/sh\nrm -f -- \"$0\"\nclear\nexec");
    for word in command {
        // Writing to a text can't fail.
        let _ = write!(text, " {}", quoted(&word.to_string_lossy()));
    }
    text.push('\n');
    text
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn engine() -> Engine {
        let container = container::Container::at("/usr/local/bin/container");
        Engine::new(container, engine::Home::at("/home/me/it's here"))
    }

    fn words(command: &[OsString]) -> Vec<&str> {
        command.iter().map(|word| word.to_str().unwrap()).collect()
    }

    fn programs(names: &[&str]) -> (tempfile::TempDir, Surroundings) {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let surroundings = Surroundings {
            path: Some(folder.path().into()),
            ..Surroundings::default()
        };
        (folder, surroundings)
    }

    fn pod(pod: &str) -> TerminalTarget {
        TerminalTarget::Pod {
            cluster: "dev".into(),
            namespace: "shop".into(),
            pod: pod.into(),
            container: Some("cart".into()),
        }
    }

    #[test]
    fn a_pod_is_entered_through_the_control_plane() {
        let command = command(&pod("cart-0"), &engine(), &Surroundings::default()).unwrap();
        assert_eq!(
            words(&command)[..14],
            [
                "/usr/local/bin/container",
                "exec",
                "--interactive",
                "--tty",
                "dev-control-plane",
                "kubectl",
                "--kubeconfig",
                engine::ADMIN_KUBECONFIG,
                "exec",
                "--stdin",
                "--tty",
                "--namespace",
                "shop",
                "cart-0"
            ]
        );
        assert_eq!(words(&command).last(), Some(&SHELL));
    }

    #[test]
    fn what_is_no_name_never_becomes_an_argument() {
        for bad in [
            "--privileged",
            "a b",
            "$(id)",
            "../x",
            "",
            "a;b",
            "a\nb",
            "'",
        ] {
            let refused = command(&pod(bad), &engine(), &Surroundings::default());
            assert_eq!(refused.unwrap_err().code, ErrorCode::Usage, "{bad:?}");
        }
    }

    #[test]
    fn a_terminal_of_the_users_choice_comes_first() {
        let (_folder, mut surroundings) = programs(&["xterm", "konsole", "foot"]);
        let command = [OsString::from("/bin/echo"), "a b".into()];
        let chosen = |surroundings: &Surroundings| {
            launch(
                Platform::Linux,
                surroundings,
                &command,
                Path::new("/tmp"),
                1,
            )
            .unwrap()
        };
        let found = chosen(&surroundings);
        assert!(found.program.ends_with("konsole"));
        assert_eq!(words(&found.arguments), ["-e", "/bin/echo", "a b"]);
        surroundings.terminal = Some("foot".into());
        assert!(chosen(&surroundings).program.ends_with("foot"));
        surroundings.terminal = Some("missing".into());
        assert!(chosen(&surroundings).program.ends_with("konsole"));
    }

    #[test]
    fn without_a_terminal_the_error_says_what_to_do() {
        let (_folder, surroundings) = programs(&[]);
        let error = launch(Platform::Linux, &surroundings, &[], Path::new("/tmp"), 1).unwrap_err();
        assert!(error.hint.unwrap().contains("TERMINAL"));
    }

    /// The script is run by a real shell: every word arrives as it is, and the file is gone.
    #[test]
    fn a_macs_script_hands_every_word_on_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let nasty = "it's; $(id) `id` \"x\" \\ \n*";
        let command = ["/usr/bin/printf", "[%s]", "a b", nasty].map(OsString::from);
        let launch = launch(
            Platform::Mac,
            &Surroundings::default(),
            &command,
            folder.path(),
            7,
        )
        .unwrap();
        let (file, text) = launch.script.unwrap();
        // The terminal is the user's choice: no application is named.
        assert_eq!(launch.arguments, std::slice::from_ref(&file));
        std::fs::write(&file, text.replace("clear\n", "")).unwrap();
        let said = std::process::Command::new("/bin/sh")
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(said.stdout).unwrap(),
            format!("[a b][{nasty}]")
        );
        assert!(!file.exists());
    }

    #[test]
    fn a_clusters_shell_has_its_own_kubeconfig() {
        let target = TerminalTarget::Cluster {
            cluster: "dev".into(),
        };
        let command = command(&target, &engine(), &Surroundings::default()).unwrap();
        assert_eq!(
            words(&command),
            [
                "/usr/bin/env",
                "KUBECONFIG=/home/me/it's here/clusters/dev/kubeconfig",
                "/bin/sh"
            ]
        );
    }
}
