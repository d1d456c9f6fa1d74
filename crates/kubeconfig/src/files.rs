//! The kubeconfig files in kubectl's order of precedence.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::document::Document;
use crate::store::{self, Outcome};
use crate::{Entry, Error};

/// What to do with the current context when an entry is added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CurrentContext {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Make the added context current only when none is.
    SetIfUnset,
    /// Make the added context current.
    Set,
}

/// What an [`Files::add`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The file that holds the entry.
    pub file: PathBuf,
    /// Whether the entry's context is the current one now.
    pub current: bool,
    /// Whether an entry of that name was there before.
    pub replaced: bool,
}

/// What a [`Files::remove`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The files that held something of that name and were changed.
    pub files: Vec<PathBuf>,
    /// Whether the removed context was the current one (no context is current now).
    pub was_current: bool,
}

/// One context, as kubectl would see it over all files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Name of the context.
    pub name: String,
    /// Name of its cluster; empty where none is given.
    pub cluster: String,
    /// Name of its user; empty where none is given.
    pub user: String,
    /// Its namespace; `None` means `default`.
    pub namespace: Option<String>,
    /// Address of its cluster's API server, where the cluster is known.
    pub server: Option<String>,
    /// Whether it is the current context.
    pub current: bool,
    /// The file it stands in.
    pub file: PathBuf,
}

/// The kubeconfig files in use, in kubectl's order of precedence (client-go's loading rules).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    paths: Vec<PathBuf>,
}

impl Files {
    /// The files that kubectl would use in this process's environment: `explicit` alone if given;
    /// else every file of `$KUBECONFIG` (empty parts and repeats dropped); else `~/.kube/config`.
    ///
    /// # Errors
    /// [`Error::NoHome`].
    pub fn from_env(explicit: Option<&Path>) -> Result<Self, Error> {
        Self::resolve(
            explicit,
            std::env::var_os("KUBECONFIG").as_deref(),
            std::env::home_dir().as_deref(),
        )
    }

    /// As [`Files::from_env`], with the environment handed in.
    ///
    /// # Errors
    /// [`Error::NoHome`].
    pub fn resolve(
        explicit: Option<&Path>,
        kubeconfig: Option<&OsStr>,
        home: Option<&Path>,
    ) -> Result<Self, Error> {
        if let Some(explicit) = explicit {
            return Ok(Self {
                paths: vec![explicit.to_owned()],
            });
        }
        let mut paths: Vec<PathBuf> = Vec::new();
        for path in std::env::split_paths(kubeconfig.unwrap_or_default()) {
            if !path.as_os_str().is_empty() && !paths.contains(&path) {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            let home = home
                .filter(|home| !home.as_os_str().is_empty())
                .ok_or(Error::NoHome)?;
            paths.push(home.join(".kube").join("config"));
        }
        Ok(Self { paths })
    }

    /// The files, first wins. Never empty; a file need not exist.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Where a new entry goes: the first file that exists, else the last one.
    pub fn target(&self) -> &Path {
        let existing = self.paths.iter().find(|path| path.exists());
        existing
            .or(self.paths.last())
            .map_or(Path::new(""), PathBuf::as_path)
    }

    /// Adds `entry`, replacing cluster, user and context of that name in place. A context of that
    /// name which leads to them already keeps its namespace.
    ///
    /// The current context is written to the file that holds one already, else to
    /// [`Files::target`].
    ///
    /// # Errors
    /// Any but [`Error::Guest`] and [`Error::NoContext`]; the file in question is unchanged then.
    pub fn add(&self, entry: &Entry, current: CurrentContext) -> Result<Added, Error> {
        let (target, held) = (self.target(), self.held_context()?);
        let name = entry.name();
        let switch = match current {
            CurrentContext::Keep => false,
            CurrentContext::Set => true,
            CurrentContext::SetIfUnset => held.is_none(),
        };
        let holder = held.as_ref().map_or(target, |held| held.file.as_path());
        let switch_here = switch && holder == target;
        let mut replaced = false;
        store::change(target, &mut |text| {
            let document = Document::parse(text)?;
            replaced = document.holds(name);
            let mut after = document.with_entry(entry)?;
            if switch_here {
                after = Document::parse(&after)?.with_current_context(name)?;
            }
            Ok(Outcome::Text(after))
        })?;
        if switch && !switch_here {
            write_current(holder, name)?;
        }
        let current = switch || held.is_some_and(|held| held.context == name);
        Ok(Added {
            file: target.to_owned(),
            current,
            replaced,
        })
    }

    /// Finds out whether [`Files::add`] could work now, changing nothing: whoever makes something
    /// costly asks before, not after.
    ///
    /// # Errors
    /// Those that [`Files::add`] would have.
    pub fn rehearse_add(&self) -> Result<(), Error> {
        self.contexts()?;
        store::rehearse(self.target())
    }

    /// Removes context, cluster and user called `name` from all files. What is not there is no
    /// error. The current context is cleared where it was `name`. Files that hold nothing of that
    /// name are only read.
    ///
    /// # Errors
    /// The first problem met. All other files are done then, and calling again does the rest.
    pub fn remove(&self, name: &str) -> Result<Removed, Error> {
        let was_current = self
            .held_context()
            .ok()
            .flatten()
            .is_some_and(|held| held.context == name);
        let mut removed = Removed {
            files: Vec::new(),
            was_current,
        };
        let mut problem = None;
        for path in &self.paths {
            match remove_from(path, name) {
                Ok(true) => removed.files.push(path.clone()),
                Ok(false) => {}
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        problem.map_or(Ok(removed), Err)
    }

    /// All contexts as kubectl sees them: of two with one name, the first counts.
    ///
    /// # Errors
    /// The first file that can't be read or understood.
    pub fn contexts(&self) -> Result<Vec<Context>, Error> {
        let mut contexts: Vec<Context> = Vec::new();
        let mut servers: Vec<(String, String)> = Vec::new();
        let mut current = None;
        for path in &self.paths {
            let Some(text) = store::read_settled(path)? else {
                continue;
            };
            let document = store::parse(path, &text)?;
            current = current.or_else(|| document.current_context().map(str::to_owned));
            servers.extend(document.servers());
            for found in document.contexts() {
                if contexts.iter().all(|context| context.name != found.name) {
                    contexts.push(Context {
                        name: found.name,
                        cluster: found.cluster,
                        user: found.user,
                        namespace: found.namespace,
                        server: None,
                        current: false,
                        file: path.clone(),
                    });
                }
            }
        }
        for context in &mut contexts {
            context.current = current.as_deref() == Some(&context.name);
            let server = servers
                .iter()
                .find(|(cluster, _)| *cluster == context.cluster);
            context.server = server.map(|(_, server)| server.clone());
        }
        Ok(contexts)
    }

    /// The current context, as kubectl sees it: the first file that names one counts. It need not
    /// exist.
    ///
    /// # Errors
    /// The first file that can't be read or understood.
    pub fn current_context(&self) -> Result<Option<String>, Error> {
        Ok(self.held_context()?.map(|held| held.context))
    }

    /// Makes `name` the current context and returns the file that says so. It is the file that
    /// named the current context before, else [`Files::target`].
    ///
    /// # Errors
    /// [`Error::NoContext`], or why the file can't be changed.
    pub fn use_context(&self, name: &str) -> Result<PathBuf, Error> {
        if self.contexts()?.iter().all(|context| context.name != name) {
            return Err(Error::NoContext {
                name: name.to_owned(),
                files: self.paths.clone(),
            });
        }
        let file = self
            .held_context()?
            .map_or(self.target().to_owned(), |held| held.file);
        write_current(&file, name)?;
        Ok(file)
    }

    /// The current context and the file that names it.
    fn held_context(&self) -> Result<Option<HeldContext>, Error> {
        for path in &self.paths {
            let Some(text) = store::read_settled(path)? else {
                continue;
            };
            if let Some(context) = store::parse(path, &text)?.current_context() {
                return Ok(Some(HeldContext {
                    context: context.to_owned(),
                    file: path.clone(),
                }));
            }
        }
        Ok(None)
    }
}

struct HeldContext {
    context: String,
    file: PathBuf,
}

fn remove_from(path: &Path, name: &str) -> Result<bool, Error> {
    let Some(text) = store::read_settled(path)? else {
        return Ok(false);
    };
    if !store::parse(path, &text)?.mentions(name) {
        return Ok(false);
    }
    store::change(path, &mut |text| {
        let document = Document::parse(text)?;
        if document.mentions(name) {
            Ok(Outcome::Text(document.without(name)?))
        } else {
            Ok(Outcome::Unchanged)
        }
    })
}

fn write_current(file: &Path, name: &str) -> Result<(), Error> {
    store::change(file, &mut |text| {
        Ok(Outcome::Text(
            Document::parse(text)?.with_current_context(name)?,
        ))
    })?;
    Ok(())
}
