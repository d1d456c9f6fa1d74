//! Files that are opened with the app: by a double click, by "Open with", or named when it is
//! started. What becomes of them is what would if they were dropped on the window.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::desk::Desk;
use app::wire::WindowName;
use tauri::{AppHandle, Manager, Runtime};

use crate::{desk, windows};

/// The files among the words that a program is started with, its own name first.
pub(crate) fn named(words: impl IntoIterator<Item = OsString>, folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut words = words.into_iter().skip(1);
    while let Some(word) = words.next() {
        if word == "--" {
            files.extend(words.map(|word| folder.join(word)));
            break;
        }
        if !word.as_encoded_bytes().starts_with(b"-") {
            files.push(folder.join(word));
        }
    }
    files
}

/// Brings the main window to the front, with these files if there are any. Before the app is set
/// up they are kept.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>, files: Vec<PathBuf>) {
    keep(app, files);
    if app.try_state::<Arc<Desk>>().is_some() {
        windows::open(app, WindowName::Main);
    }
}

/// Keeps files until the main window's page listens, which may be now.
pub(crate) fn keep<R: Runtime>(app: &AppHandle<R>, files: Vec<PathBuf>) {
    if let Some(files) = app.state::<windows::Pending>().keep(files) {
        hand_over(app, files);
    }
}

/// The page learns of files, and takes them.
pub(crate) fn hand_over<R: Runtime>(app: &AppHandle<R>, files: Vec<PathBuf>) {
    if files.is_empty() {
        return;
    }
    let desk = desk(app);
    tauri::async_runtime::spawn(async move {
        if let Err(error) = desk.drop_opened(files) {
            tracing::warn!(%error, "opened files are not taken");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_the_words_that_are_no_options() {
        let files = |words: &[&str]| {
            let words = words.iter().map(OsString::from);
            named(words, Path::new("/home/me"))
        };
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(
            files(&["app", "--background", "shop.tar", "/tmp/cluster.yaml"]),
            paths(&["/home/me/shop.tar", "/tmp/cluster.yaml"])
        );
        assert_eq!(
            files(&["app", "--", "--background", "a.yaml"]),
            paths(&["/home/me/--background", "/home/me/a.yaml"])
        );
        assert_eq!(files(&["app"]), paths(&[]));
        assert_eq!(files(&[]), paths(&[]));
    }
}
