//! The desk at which everything is asked for: windows, tray and start-up all come here.
//!
//! It owns the engine, the running operations and the one snapshot. Nothing here blocks: whatever
//! asks the runtime is a task of its own, and a runtime that hangs leaves the desk usable.

mod clusters;
mod command_line;
mod configs;
mod contexts;
mod elsewhere;
mod export;
mod files;
mod health;
mod images;
mod keeper;
mod logs;
mod shown;
mod views;
mod work;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{Engine, Error, ErrorCode, Home, Result};
use tokio::sync::{Notify, broadcast, watch};

use crate::drops::{DropEvent, Drops};
use crate::place::Place;
use crate::settings::{self, Settings};
use crate::snapshot::{Operation, Snapshot};
use crate::store::Store;
use crate::wire::{UsageUpdate, ViewUpdate};
use crate::world::Fact;

pub use shown::Windows;
use views::Views;
use work::Work;

/// Events that wait for a slow listener before the oldest are dropped.
const EVENTS: usize = 256;

/// What happens besides the snapshot.
#[derive(Debug, Clone)]
pub enum Event {
    /// A cluster that is shown looks different.
    View(Arc<ViewUpdate>),
    /// A cluster that is shown was measured.
    Usage(Arc<UsageUpdate>),
    /// Dropped files have been looked at.
    Drop(Arc<DropEvent>),
    /// The settings changed.
    Settings(Arc<Settings>),
    /// An operation of this app came to its end.
    Ended(Arc<Operation>),
}

/// Everything behind the windows.
#[derive(Debug)]
pub struct Desk {
    place: Place,
    home: Home,
    /// Found by environment or settings; looked for again as long as it is missing.
    engine: Mutex<Option<Engine>>,
    settings: Mutex<Settings>,
    store: Store,
    events: broadcast::Sender<Event>,
    work: Work,
    views: Views,
    windows: watch::Sender<Windows>,
    drops: Drops,
    /// Files that the user opened or chose to save to.
    chosen: Mutex<HashSet<PathBuf>>,
    logs: logs::Logs,
    /// Folders that exports wrote, by operation.
    exported: Map<u64, PathBuf>,
    /// Asks the keeper to look at the runtime now.
    look: Arc<Notify>,
    /// Asks for the contexts to be read, and their files to be watched anew.
    look_at_contexts: Arc<Notify>,
    /// The context that this app made current last.
    switched: Mutex<Option<String>>,
    /// Names of clusters that other homes have on this machine.
    foreign: Mutex<BTreeSet<String>>,
    /// Clusters that are being asked how they do.
    asking: Mutex<BTreeSet<String>>,
    /// Whether the app quits when its operations have ended.
    leaving: watch::Sender<bool>,
}

impl Desk {
    /// A desk with these folders. Needs a runtime of tokio.
    pub fn at(place: Place, home: Home) -> Result<Arc<Self>> {
        let store = Store::new(&place);
        let found = Settings::load(&place).unwrap_or_else(|error| {
            tracing::warn!(%error, "no settings");
            store.tell(Fact::Notice {
                warning: true,
                text: format!("Defaults are in use: {}.", error.message),
            });
            settings::Found::default()
        });
        if let Some(aside) = &found.corrupt {
            let name = aside.file_name().unwrap_or_default().display();
            store.tell(Fact::Notice {
                warning: true,
                text: format!(
                    "Settings could not be read, so defaults are in use. The old file is kept as {name}."
                ),
            });
        }
        let desk = Arc::new(Self {
            place,
            home,
            engine: Mutex::new(None),
            settings: Mutex::new(found.settings),
            store,
            events: broadcast::channel(EVENTS).0,
            work: Work::default(),
            views: Views::default(),
            windows: watch::channel(Windows::default()).0,
            drops: Drops::default(),
            chosen: Mutex::default(),
            logs: logs::Logs::default(),
            exported: Mutex::default(),
            look: Arc::default(),
            look_at_contexts: Arc::default(),
            switched: Mutex::new(None),
            foreign: Mutex::default(),
            asking: Mutex::default(),
            leaving: watch::channel(false).0,
        });
        tokio::spawn(keeper::keep(Arc::downgrade(&desk)));
        tokio::spawn(contexts::keep(Arc::downgrade(&desk)));
        tokio::spawn(views::keep(Arc::downgrade(&desk)));
        Ok(desk)
    }

    /// The snapshot of now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.store.snapshot()
    }

    /// The snapshots to come.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.store.watch()
    }

    /// What happens besides the snapshot.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// The app's own folders.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// A person has seen a notice.
    pub fn notice_dismiss(&self, id: u64) {
        self.store.tell(Fact::NoticeSeen(id));
    }

    /// Tells a person something once.
    pub fn notice(&self, warning: bool, text: impl Into<String>) {
        self.store.tell(Fact::Notice {
            warning,
            text: text.into(),
        });
    }

    /// The settings in use.
    pub fn settings(&self) -> Settings {
        locked(&self.settings).clone()
    }

    /// Checks settings, keeps them and uses them at once.
    pub fn settings_set(&self, settings: Settings) -> Result<Settings> {
        let settings = settings.check()?;
        let running = std::env::current_exe().unwrap_or_default();
        settings.can_start_at_login(&self.settings(), &running)?;
        settings.save(&self.place)?;
        let before = std::mem::replace(&mut *locked(&self.settings), settings.clone());
        if before.container_path != settings.container_path {
            *locked(&self.engine) = None;
            self.look.notify_one();
        }
        if before.kubeconfig != settings.kubeconfig {
            self.look_at_contexts.notify_one();
        }
        self.send(Event::Settings(Arc::new(settings.clone())));
        Ok(settings)
    }

    /// Puts all settings back to what they were at first.
    pub fn settings_reset(&self) -> Result<Settings> {
        self.settings_set(Settings::default())
    }

    /// The engine, if the `container` program can be found.
    pub(crate) fn engine(&self) -> Result<Engine> {
        let mut known = locked(&self.engine);
        if let Some(engine) = &*known {
            return Ok(engine.clone());
        }
        let program = locked(&self.settings).container_path.clone();
        let container = container::Container::locate(program.as_deref().map(std::path::Path::new))
            .map_err(Error::from)?;
        let engine = Engine::new(container, self.home.clone());
        *known = Some(engine.clone());
        Ok(engine)
    }

    /// The kubeconfig file that the settings name; none for those that kubectl uses.
    pub(crate) fn kubeconfig(&self) -> Option<PathBuf> {
        locked(&self.settings)
            .kubeconfig
            .as_ref()
            .map(PathBuf::from)
    }

    fn send(&self, event: Event) {
        // Without a listener nobody wants to know.
        let _ = self.events.send(event);
    }
}

/// What a lock guards is whole even after a panic: every change is one assignment.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what blocks beside the tasks.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(Error::new(
                ErrorCode::Internal,
                format!("a part of the app failed: {error}"),
            ))
        })
}

/// Things by a number or name.
type Map<K, V> = Mutex<HashMap<K, V>>;
