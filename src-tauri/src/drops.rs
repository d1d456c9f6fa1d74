//! Files that are dragged over a window: taken here, so that a page never sees a path.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use app::drops::{DropEvent, DropKind, DroppedFile};
use tauri::{DragDropEvent, Emitter, Manager, Runtime, Window};

use crate::{desk, windows};

/// The token of what is dragged over each window.
#[derive(Debug, Default)]
pub(crate) struct Dragged(Mutex<HashMap<String, String>>);

impl Dragged {
    fn take(&self, window: &str) -> Option<String> {
        self.tokens().remove(window)
    }

    fn get(&self, window: &str) -> Option<String> {
        self.tokens().get(window).cloned()
    }

    fn set(&self, window: &str, token: &str) {
        self.tokens().insert(window.to_owned(), token.to_owned());
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes one event of the system; the settings take nothing.
pub(crate) fn on_event<R: Runtime>(window: &Window<R>, event: &DragDropEvent) {
    if window.label() != windows::label(app::wire::WindowName::Main) {
        return;
    }
    let dragged = window.state::<Dragged>();
    let (kind, place) = match event {
        DragDropEvent::Enter { position, .. } => (DropKind::Enter, *position),
        DragDropEvent::Over { position } => (DropKind::Over, *position),
        DragDropEvent::Drop { position, .. } => (DropKind::Drop, *position),
        _ => (DropKind::Leave, tauri::PhysicalPosition::default()),
    };
    let (token, files) = match event {
        DragDropEvent::Enter { paths, .. } => enter(window, paths),
        DragDropEvent::Over { .. } => (dragged.get(window.label()), Vec::new()),
        // Some systems tell the files only now.
        DragDropEvent::Drop { paths, .. } => {
            if let Some(token) = dragged.take(window.label()) {
                known(window, token)
            } else {
                let entered = enter(window, paths);
                dragged.take(window.label());
                entered
            }
        }
        _ => {
            if let Some(token) = dragged.take(window.label()) {
                desk(window).drop_forget(&token);
            }
            (None, Vec::new())
        }
    };
    let place = place.to_logical::<f64>(window.scale_factor().unwrap_or(1.0));
    let event = DropEvent {
        kind,
        x: place.x,
        y: place.y,
        looking: kind == DropKind::Enter && token.is_some(),
        token,
        files,
    };
    if let Err(error) = window.emit_to(window.label(), "drop", &event) {
        tracing::warn!(%error, "a window was not told of a drop");
    }
}

fn enter<R: Runtime>(window: &Window<R>, paths: &[PathBuf]) -> (Option<String>, Vec<DroppedFile>) {
    if paths.is_empty() {
        return (None, Vec::new());
    }
    // Needs the runtime, as the look is a task; waits for nothing.
    let desk = desk(window);
    let entered = tauri::async_runtime::block_on(async { desk.drop_enter(paths.to_vec()) });
    match entered {
        Ok(dropped) => {
            window
                .state::<Dragged>()
                .set(window.label(), &dropped.token);
            (Some(dropped.token), dropped.files)
        }
        Err(error) => {
            tracing::warn!(%error, "dragged files are not taken");
            (None, Vec::new())
        }
    }
}

fn known<R: Runtime>(window: &Window<R>, token: String) -> (Option<String>, Vec<DroppedFile>) {
    let files = desk(window).drop_files(&token).unwrap_or_default();
    (Some(token), files)
}
