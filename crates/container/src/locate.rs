//! Where the program is, and the environment it gets.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Environment variable that names the program.
pub const PROGRAM_VARIABLE: &str = "APPLE_K8S_CONTAINER";

const NAME: &str = "container";

/// Folders of the signed package and of Homebrew.
const FOLDERS: [&str; 2] = ["/usr/local/bin", "/opt/homebrew/bin"];

/// The search path handed on: enough for system tools, nothing of the user's shell.
const SEARCH_PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin";

/// Variables handed on besides `CONTAINER_*`, `XDG_*` and `LC_*`.
const HANDED_ON: [&str; 6] = ["HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "TZ"];

/// What the search depends on, so that tests need not change the process's own environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    pub(crate) variable: Option<OsString>,
    pub(crate) executable: Option<PathBuf>,
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) path: Option<OsString>,
}

impl Surroundings {
    pub(crate) fn of_this_process() -> Self {
        Self {
            variable: std::env::var_os(PROGRAM_VARIABLE).filter(|value| !value.is_empty()),
            executable: beside(),
            folders: FOLDERS.iter().map(PathBuf::from).collect(),
            path: std::env::var_os("PATH"),
        }
    }

    /// The program: an explicit path, then the variable, then (on Linux) beside the running
    /// program, then the folders it is installed in, then the search path. A path that was asked
    /// for by name is never passed over in silence.
    pub(crate) fn find(&self, explicit: Option<&Path>) -> Result<PathBuf> {
        let asked = explicit.or(self.variable.as_deref().map(Path::new));
        let places: Vec<PathBuf> = match asked {
            Some(path) => vec![path.to_owned()],
            None => self.usual_places().collect(),
        };
        match places.iter().find(|path| is_program(path)) {
            Some(path) => absolute(path),
            None => Err(Error::NotFound { looked_at: places }),
        }
    }

    fn usual_places(&self) -> impl Iterator<Item = PathBuf> {
        let beside = self
            .executable
            .as_deref()
            .and_then(Path::parent)
            .map(Path::to_owned);
        let searched = self
            .path
            .iter()
            .flat_map(std::env::split_paths)
            // An empty or relative entry would make the result depend on the current folder.
            .filter(|folder| folder.is_absolute());
        let mut places: Vec<PathBuf> = Vec::new();
        for folder in beside
            .into_iter()
            .chain(self.folders.clone())
            .chain(searched)
        {
            let place = folder.join(NAME);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places.into_iter()
    }
}

/// The running program, where ours has its own `container` beside it. On a Mac only Apple's is
/// looked for.
fn beside() -> Option<PathBuf> {
    if cfg!(target_os = "linux") {
        std::env::current_exe().ok()
    } else {
        None
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|e| Error::io(format!("resolve {}", path.display()), &e))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// The environment of every call: this process's, cut to what the program needs.
pub(crate) fn environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let mut kept: Vec<_> = variables.filter(|(name, _)| is_handed_on(name)).collect();
    kept.push(("PATH".into(), SEARCH_PATH.into()));
    kept
}

fn is_handed_on(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    HANDED_ON.contains(&name)
        || ["CONTAINER_", "XDG_", "LC_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn program(folder: &Path) -> PathBuf {
        let path = folder.join(NAME);
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn explicit_path_wins_and_is_never_replaced() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (first, second) = (program(a.path()), program(b.path()));
        let around = Surroundings {
            variable: Some(second.clone().into()),
            ..Surroundings::default()
        };
        assert_eq!(around.find(Some(&first)).unwrap(), first);
        assert_eq!(around.find(None).unwrap(), second);
        let missing = a.path().join("missing");
        assert_eq!(
            around.find(Some(&missing)),
            Err(Error::NotFound {
                looked_at: vec![missing]
            })
        );
    }

    #[test]
    fn usual_places_in_order() {
        let (beside, folder, path) = (
            tempfile::tempdir().unwrap(),
            tempfile::tempdir().unwrap(),
            tempfile::tempdir().unwrap(),
        );
        let around = Surroundings {
            variable: None,
            executable: Some(beside.path().join("apple-k8s")),
            folders: vec![folder.path().to_owned()],
            path: Some(std::env::join_paths([Path::new("relative"), path.path()]).unwrap()),
        };
        let Err(Error::NotFound { looked_at }) = around.find(None) else {
            panic!("nothing is there yet");
        };
        let all = [beside.path(), folder.path(), path.path()].map(|p| p.join(NAME));
        assert_eq!(looked_at, all);
        for folder in [path.path(), folder.path(), beside.path()] {
            let expected = program(folder);
            assert_eq!(around.find(None).unwrap(), expected);
        }
    }

    #[test]
    fn a_file_without_execute_permission_is_no_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        std::fs::write(&path, "").unwrap();
        assert!(Surroundings::default().find(Some(&path)).is_err());
    }

    #[test]
    fn environment_is_cut_to_what_is_needed() {
        let given = [
            ("HOME", "/h"),
            ("PATH", "/evil"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("LD_PRELOAD", "x"),
            ("CONTAINER_APP_ROOT", "/r"),
            ("XDG_RUNTIME_DIR", "/run"),
            ("LC_ALL", "C"),
        ];
        let kept = environment(given.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        let names: Vec<_> = kept.iter().map(|(k, _)| k.to_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "HOME",
                "CONTAINER_APP_ROOT",
                "XDG_RUNTIME_DIR",
                "LC_ALL",
                "PATH"
            ]
        );
        assert_eq!(kept[4].1, SEARCH_PATH);
    }
}
