//! What commands ask the desktop for: files of the user's choice, programs that stand on their
//! own, the end. Behind a trait, so that every command can be called without a display.

use std::path::PathBuf;

use app::terminal::Launch;
use engine::{Error, ErrorCode, Result};
use tauri::{AppHandle, Runtime};
use tauri_plugin_dialog::{DialogExt, FilePath};
use tauri_plugin_shell::ShellExt;
use tokio::sync::oneshot::{Receiver, channel};

/// The desktop of a user.
pub(crate) trait Desktop: Send + Sync {
    /// Files that the user chooses; none when they changed their mind.
    fn choose_files(&self, title: &str) -> Receiver<Vec<PathBuf>>;

    /// A folder that the user chooses.
    fn choose_folder(&self, title: &str) -> Receiver<Option<PathBuf>>;

    /// Where the user wants something saved.
    fn choose_place(&self, name: &str) -> Receiver<Option<PathBuf>>;

    /// Hands an address or a folder to the program that the user has for it.
    fn open(&self, what: &str) -> Result<()>;

    /// Starts a program that is on its own from then on.
    fn launch(&self, launch: &Launch) -> Result<()>;

    /// Ends the app.
    fn quit(&self);
}

/// The real one.
pub(crate) struct System<R: Runtime>(pub(crate) AppHandle<R>);

impl<R: Runtime> Desktop for System<R> {
    fn choose_files(&self, title: &str) -> Receiver<Vec<PathBuf>> {
        let (chosen, answer) = channel();
        // No filter by name: what a file is, is told by its content.
        let dialog = self.0.dialog().file().set_title(title);
        dialog.pick_files(move |paths| {
            let paths = paths.unwrap_or_default().into_iter().filter_map(path);
            // Whoever asked may be gone.
            let _ = chosen.send(paths.collect());
        });
        answer
    }

    fn choose_folder(&self, title: &str) -> Receiver<Option<PathBuf>> {
        let (chosen, answer) = channel();
        let dialog = self.0.dialog().file().set_title(title);
        dialog.pick_folder(move |folder| {
            let _ = chosen.send(folder.and_then(path));
        });
        answer
    }

    fn choose_place(&self, name: &str) -> Receiver<Option<PathBuf>> {
        let (chosen, answer) = channel();
        let dialog = self.0.dialog().file().set_file_name(name);
        dialog.save_file(move |place| {
            let _ = chosen.send(place.and_then(path));
        });
        answer
    }

    #[expect(
        deprecated,
        reason = "its successor is one more plugin for this one call, which no page may make"
    )]
    fn open(&self, what: &str) -> Result<()> {
        self.0.shell().open(what, None).map_err(|error| {
            Error::new(
                ErrorCode::Internal,
                format!("{what} could not be opened: {error}"),
            )
        })
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        let command = self.0.shell().command(&launch.program);
        let started = command.args(&launch.arguments).spawn();
        started.map(drop).map_err(|error| {
            let program = launch.program.display();
            Error::new(
                ErrorCode::Internal,
                format!("{program} did not start: {error}"),
            )
            .hint("set TERMINAL to the path of a terminal that works")
        })
    }

    fn quit(&self) {
        self.0.exit(0);
    }
}

fn path(chosen: FilePath) -> Option<PathBuf> {
    chosen.into_path().ok()
}
