//! The command line on the search path: a link to the program that comes with the app.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde::Serialize;
use ts_rs::TS;

use crate::error::{Error, ErrorCode, Result};

/// Name of the program and of its link.
const PROGRAM: &str = "apple-k8s";
/// The app's program, which lies beside it wherever both come from one package.
const APP_PROGRAM: &str = "apple-k8s-app";
/// Where the program lies in the app on a Mac.
const IN_BUNDLE: &str = "apple-k8s.app/Contents/MacOS";

/// What is found where the link would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum LinkState {
    /// Nothing: the command is not on the search path.
    Absent,
    /// Our link, to the program of this app.
    Linked,
    /// Our link, to a program that is gone or belongs to another copy of the app.
    Stale {
        /// Where it leads.
        target: PathBuf,
    },
    /// Something of somebody else, which is left alone.
    Taken {
        /// What it is, in a few words.
        what: String,
    },
    /// The program is on the search path without a link of ours: a package put it there.
    Installed {
        /// Where.
        path: PathBuf,
    },
    /// There is no program beside the app that a link could lead to.
    NoProgram,
}

/// The link to one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLink {
    link: PathBuf,
    program: PathBuf,
    searched: Vec<PathBuf>,
}

impl CommandLink {
    /// The link of this user: `/usr/local/bin/apple-k8s` on a Mac, `~/.local/bin/apple-k8s` on
    /// Linux, to the program beside the one that runs.
    ///
    /// # Errors
    /// When the user's home folder or the running program's place is not known.
    pub fn of_user() -> Result<Self> {
        let running = std::env::current_exe()
            .map_err(|error| Error::io("find", Path::new("the running program"), &error))?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut searched: Vec<PathBuf> = std::env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .collect();
        // An app that was not started by a shell knows little of the user's search path.
        searched.extend(["/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
        Ok(Self {
            link: user_link()?,
            program: running.with_file_name(PROGRAM),
            searched,
        })
    }

    /// A link with everything handed in.
    pub fn at(link: PathBuf, program: PathBuf, searched: Vec<PathBuf>) -> Self {
        Self {
            link,
            program,
            searched,
        }
    }

    /// Where the link is, or would be.
    pub fn link(&self) -> &Path {
        &self.link
    }

    /// The program that it leads to, or would.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Whether a shell of this user finds what lies in the link's folder.
    pub fn is_searched(&self) -> bool {
        self.link
            .parent()
            .is_some_and(|folder| self.searched.iter().any(|searched| searched == folder))
    }

    /// What is there now.
    pub fn state(&self) -> LinkState {
        match found(&self.link) {
            Found::Link(target) if self.leads_to_program(&target) => return LinkState::Linked,
            Found::Link(target) if is_ours(&target) => return LinkState::Stale { target },
            Found::Link(target) => {
                let what = format!("a link to {}", target.display());
                return LinkState::Taken { what };
            }
            // The package itself put the program here.
            Found::Other(_) if self.link == self.program => {}
            Found::Other(what) => return LinkState::Taken { what: what.into() },
            Found::Nothing => {}
        }
        if !self.program.is_file() {
            return LinkState::NoProgram;
        }
        match self.installed() {
            Some(path) => LinkState::Installed { path },
            None => LinkState::Absent,
        }
    }

    /// Makes the link, or leads a stale one of ours here. Done again, it changes nothing.
    ///
    /// # Errors
    /// [`ErrorCode::PermissionDenied`] when something else is there, or the folder may not be
    /// written, [`ErrorCode::ChangeImpossible`] when the app does not run from where it lies;
    /// nothing is changed then.
    pub fn install(&self) -> Result<()> {
        match self.state() {
            LinkState::Linked | LinkState::Installed { .. } => Ok(()),
            LinkState::Absent | LinkState::Stale { .. } if is_translocated(&self.program) => {
                Err(translocated())
            }
            LinkState::Absent => {
                let folder = self.link.parent().unwrap_or(Path::new("/"));
                fs::create_dir_all(folder)
                    .map_err(|error| self.refused("create the folder", folder, &error))?;
                // Fails where something came to be meanwhile.
                symlink(&self.program, &self.link)
                    .map_err(|error| self.refused("make the link", &self.link, &error))
            }
            LinkState::Stale { .. } => self.replace(),
            LinkState::Taken { what } => Err(Error::new(
                ErrorCode::PermissionDenied,
                format!("{} is {what}, and is left alone", self.link.display()),
            )
            .hint("move it away, then try again")),
            LinkState::NoProgram => Err(Error::new(
                ErrorCode::Internal,
                format!("{} is missing", self.program.display()),
            )
            .hint("install apple-k8s again: its command line belongs beside the app")),
        }
    }

    /// Removes the link if it is ours; anything else stays. Whether there was one.
    ///
    /// # Errors
    /// When the folder may not be written.
    pub fn remove(&self) -> Result<bool> {
        if !matches!(self.state(), LinkState::Linked | LinkState::Stale { .. }) {
            return Ok(false);
        }
        match fs::remove_file(&self.link) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(self.refused("remove the link", &self.link, &error))
            }
            _ => Ok(true),
        }
    }

    /// Puts a new link in the place of the old one in one step.
    fn replace(&self) -> Result<()> {
        let aside = self
            .link
            .with_file_name(format!(".{PROGRAM}.{}", std::process::id()));
        let renamed = symlink(&self.program, &aside).and_then(|()| fs::rename(&aside, &self.link));
        renamed.map_err(|error| {
            // Nothing leads there; a failure to remove it changes nothing.
            let _ = fs::remove_file(&aside);
            self.refused("replace the link", &self.link, &error)
        })
    }

    fn leads_to_program(&self, target: &Path) -> bool {
        self.program.is_file() && same_file(&self.whole(target), &self.program)
    }

    /// Where on the search path this very program is found without our link.
    fn installed(&self) -> Option<PathBuf> {
        self.searched
            .iter()
            .map(|folder| folder.join(PROGRAM))
            .find(|path| *path != self.link && same_file(path, &self.program))
            .or_else(|| (self.link == self.program).then(|| self.link.clone()))
    }

    /// A link's target as seen from the link's folder.
    fn whole(&self, target: &Path) -> PathBuf {
        self.link.parent().unwrap_or(Path::new("/")).join(target)
    }

    fn refused(&self, what: &str, path: &Path, error: &std::io::Error) -> Error {
        let refused = Error::io(what, path, error);
        if refused.code != ErrorCode::PermissionDenied {
            return refused;
        }
        refused.hint(format!(
            "an administrator can do it: sudo ln -s {} {}",
            self.program.display(),
            self.link.display()
        ))
    }
}

/// Whether macOS made this path up. An app that is opened where it was downloaded runs from a copy
/// below a folder of this name, which is gone once the app ends: nothing may lead there.
pub fn is_translocated(path: &Path) -> bool {
    let mut parts = path.components();
    parts.any(|part| part.as_os_str() == "AppTranslocation")
}

/// Why nothing can lead to the running app, and what helps.
pub fn translocated() -> Error {
    Error::new(
        ErrorCode::ChangeImpossible,
        "macOS runs the app from a temporary copy, because it was opened where it was downloaded",
    )
    .hint("quit the app, move it to the Applications folder with Finder, and open it there")
}

/// Where this user's link is, whoever made it.
pub(crate) fn user_link() -> Result<PathBuf> {
    if cfg!(target_os = "macos") {
        return Ok(Path::new("/usr/local/bin").join(PROGRAM));
    }
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    home.map(|home| home.join(".local/bin").join(PROGRAM))
        .ok_or_else(|| {
            Error::new(
                ErrorCode::Internal,
                "the home folder of this user is not known",
            )
            .hint("set HOME")
        })
}

/// Whether a link there is one that the app made.
pub(crate) fn is_our_link(link: &Path) -> bool {
    matches!(found(link), Found::Link(target) if is_ours(&target))
}

enum Found {
    Nothing,
    Link(PathBuf),
    Other(&'static str),
}

fn found(path: &Path) -> Found {
    match fs::symlink_metadata(path) {
        Err(_) => Found::Nothing,
        Ok(data) if data.is_symlink() => match fs::read_link(path) {
            Ok(target) => Found::Link(target),
            Err(_) => Found::Other("a link that can't be read"),
        },
        Ok(data) if data.is_dir() => Found::Other("a folder"),
        Ok(_) => Found::Other("a file of its own"),
    }
}

/// Whether a link to there is one that an app made: into an app on a Mac, else to a program that
/// lies beside the app's, or that is gone.
fn is_ours(target: &Path) -> bool {
    let named = target.file_name() == Some(OsStr::new(PROGRAM)) && target.is_absolute();
    let in_bundle = target
        .parent()
        .is_some_and(|folder| folder.ends_with(IN_BUNDLE));
    let beside_app = target.with_file_name(APP_PROGRAM).is_file();
    named && (in_bundle || beside_app || !target.exists())
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        folder: tempfile::TempDir,
        link: CommandLink,
    }

    /// An app in `app/`, a search path of `bin/` and `other/`, and a link in `bin/`.
    fn bench() -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["app", "other"] {
            fs::create_dir(path(name)).expect("a folder");
        }
        for name in ["app/apple-k8s", "app/apple-k8s-app"] {
            fs::write(path(name), "").expect("a program");
        }
        let link = CommandLink::at(
            path("bin/apple-k8s"),
            path("app/apple-k8s"),
            vec![path("bin"), path("other")],
        );
        Bench { folder, link }
    }

    #[test]
    fn a_link_is_made_once_and_removed_again() {
        let Bench { folder, link } = bench();
        assert_eq!(link.state(), LinkState::Absent);
        assert!(!link.remove().expect("nothing to do"));
        for _ in 0..2 {
            link.install().expect("made");
            assert_eq!(link.state(), LinkState::Linked);
        }
        let target = fs::read_link(folder.path().join("bin/apple-k8s")).expect("a link");
        assert_eq!(target, folder.path().join("app/apple-k8s"));
        assert!(link.is_searched());
        assert!(link.remove().expect("removed"));
        assert_eq!(link.state(), LinkState::Absent);
        assert!(link.program().is_file(), "only the link goes");
    }

    #[test]
    fn nothing_leads_to_a_copy_that_macos_made_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let bundle = |place: &str| {
            let bundle = folder.path().join(place).join(IN_BUNDLE);
            fs::create_dir_all(&bundle).expect("a folder");
            fs::write(bundle.join("apple-k8s"), "").expect("a program");
            bundle.join("apple-k8s")
        };
        let made_up = bundle("T/AppTranslocation/613DF902-6BE1-4C37-A4C2-349AA050923C/d");
        let place = folder.path().join("bin/apple-k8s");
        let link = CommandLink::at(place.clone(), made_up.clone(), vec![]);
        let refused = link.install().expect_err("refused");
        assert_eq!(refused.code, ErrorCode::ChangeImpossible);
        assert!(refused.to_string().contains("temporary copy"), "{refused}");
        assert!(!folder.path().join("bin").exists(), "nothing is changed");

        // The link of an app in its place stays as it is, and can be removed.
        let good = bundle("Applications");
        let own = CommandLink::at(place.clone(), good.clone(), vec![]);
        own.install().expect("made");
        assert!(matches!(link.state(), LinkState::Stale { .. }));
        link.install().expect_err("refused");
        assert_eq!(fs::read_link(&place).expect("a link"), good);
        assert!(link.remove().expect("removed"));
        assert!(!is_translocated(&good) && is_translocated(&made_up));
    }

    #[test]
    fn what_is_not_ours_stays_as_it_is() {
        let Bench { folder, link } = bench();
        fs::create_dir(folder.path().join("bin")).expect("a folder");
        let theirs = folder.path().join("other/apple-k8s");
        fs::write(&theirs, "theirs").expect("a file");
        let put: [&dyn Fn(&Path); 3] = [
            &|at| fs::write(at, "mine").expect("a file"),
            &|at| symlink(&theirs, at).expect("a link"),
            &|at| symlink("/usr/bin/env", at).expect("a link"),
        ];
        for put in put {
            put(link.link());
            let before = fs::read(link.link()).expect("readable");
            assert!(matches!(link.state(), LinkState::Taken { .. }));
            let refused = link.install().expect_err("refused");
            assert_eq!(refused.code, ErrorCode::PermissionDenied);
            assert!(!link.remove().expect("left alone"));
            assert_eq!(fs::read(link.link()).expect("still there"), before);
            fs::remove_file(link.link()).expect("removed");
        }
    }

    #[test]
    fn a_link_that_leads_nowhere_or_to_another_copy_is_led_here() {
        let Bench { folder, link } = bench();
        fs::create_dir_all(folder.path().join("bin")).expect("a folder");
        let copy = folder.path().join("elsewhere/apple-k8s.app/Contents/MacOS");
        fs::create_dir_all(&copy).expect("a folder");
        fs::write(copy.join("apple-k8s"), "").expect("a program");
        for target in [
            copy.join("apple-k8s"),
            folder.path().join("gone/apple-k8s"),
            PathBuf::from("/Applications/apple-k8s.app/Contents/MacOS/apple-k8s"),
        ] {
            symlink(&target, link.link()).expect("a link");
            assert_eq!(link.state(), LinkState::Stale { target });
            link.install().expect("led here");
            assert_eq!(link.state(), LinkState::Linked);
            let left = fs::read_dir(folder.path().join("bin")).expect("there");
            assert_eq!(left.count(), 1, "nothing else was left there");
            link.remove().expect("removed");
        }
        symlink("/nowhere/other-program", link.link()).expect("a link");
        assert!(matches!(link.state(), LinkState::Taken { .. }));
    }

    #[test]
    fn a_program_that_a_package_put_on_the_path_needs_no_link() {
        let Bench { folder, link } = bench();
        let path = folder.path().join("other/apple-k8s");
        symlink(link.program(), &path).expect("a link of a package");
        assert_eq!(link.state(), LinkState::Installed { path });
        link.install().expect("nothing to do");
        assert!(!link.link().exists());
        // The app's own folder is searched, as with /usr/bin.
        let own = CommandLink::at(
            link.link().to_owned(),
            link.program().to_owned(),
            vec![folder.path().join("app")],
        );
        assert!(matches!(own.state(), LinkState::Installed { .. }));
    }

    #[test]
    fn without_a_program_there_is_nothing_to_link() {
        let Bench {
            folder: _kept,
            link,
        } = bench();
        fs::remove_file(link.program()).expect("removed");
        assert_eq!(link.state(), LinkState::NoProgram);
        assert!(link.install().is_err());
        assert!(fs::symlink_metadata(link.link()).is_err());
    }
}
