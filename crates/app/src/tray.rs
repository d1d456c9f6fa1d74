//! The tray's menu: a pure function of the snapshot.
//!
//! It always has the same twelve rows; only texts, ticks and what can be clicked change, so that
//! an open menu stays open. The adapter draws it once and then applies differences.

mod rows;

use std::fmt;
use std::str::FromStr;

pub use rows::menu;

use crate::snapshot::Snapshot;

/// Milliseconds for which the menu stays as it is while nothing happens: until an age in it is
/// another. None when there is none.
pub fn fresh_for(snapshot: &Snapshot, now: i64) -> Option<i64> {
    const MINUTE: i64 = 60_000;
    let shown = menu(snapshot, now);
    let clusters = snapshot.clusters.iter();
    let since = clusters.flat_map(|cluster| [cluster.started, cluster.last_run]);
    let turns = since.flatten().flat_map(|since| {
        let units = [MINUTE, 60 * MINUTE, 24 * 60 * MINUTE].into_iter();
        units.map(move |unit| unit - (now - since).rem_euclid(unit))
    });
    let mut turns: Vec<i64> = turns.collect();
    turns.sort_unstable();
    turns
        .into_iter()
        .find(|turn| menu(snapshot, now + turn) != shown)
}

/// The whole menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayMenu {
    /// The picture, told by shape.
    pub icon: TrayIcon,
    /// The same in words, where a tray shows them.
    pub tooltip: String,
    /// The rows with the lines between them.
    pub rows: Vec<Row>,
}

/// The tray's pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrayIcon {
    /// No cluster runs.
    Stopped,
    /// A cluster runs.
    Running,
    /// Something is under way.
    Busy,
    /// A cluster's own parts or the runtime need a look.
    Attention,
}

impl TrayIcon {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Stopped, Self::Running, Self::Busy, Self::Attention];

    /// Name of the picture's file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Running => "running",
            Self::Busy => "busy",
            Self::Attention => "attention",
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A line.
    Line,
    /// Something to read or click.
    Item(Item),
    /// A menu of its own.
    Menu(Submenu),
}

/// Something to read or click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Stays while the text changes.
    pub id: MenuId,
    /// What it says.
    pub text: String,
    /// What a click does; without it the row is off.
    pub action: Option<Action>,
    /// Whether it is ticked; none when it can't be.
    pub checked: Option<bool>,
}

/// A menu in the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submenu {
    /// Stays while the text changes.
    pub id: MenuId,
    /// What it says.
    pub text: String,
    /// What it holds.
    pub rows: Vec<Row>,
}

/// What a click asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make the default cluster.
    Create,
    /// Start a cluster, or what does not run of it.
    Start(String),
    /// Stop it.
    Stop(String),
    /// Stop and start it.
    Restart(String),
    /// Cancel an operation.
    Cancel(u64),
    /// Choose an image and load it.
    LoadImage(String),
    /// Show the cluster.
    Show(String),
    /// Open a shell for it.
    Shell(String),
    /// Copy the path of its kubeconfig.
    CopyKubeconfig(String),
    /// Ask whether to delete it.
    Delete(String),
    /// Start the runtime's service.
    StartService,
    /// Make this context kubectl's.
    UseContext(String),
    /// Show all contexts.
    AllContexts,
    /// Describe a new cluster.
    New,
    /// Show the main window.
    Open,
    /// Show the settings.
    Settings,
    /// Show the check list.
    Diagnostics,
    /// Quit.
    Quit,
}

/// What a row is, as text in the native menu and back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MenuId {
    /// First row.
    Status,
    /// Second row.
    Detail,
    /// Third row: start, stop, cancel, repair.
    Primary,
    /// Fourth row.
    Restart,
    /// Fifth row.
    Load,
    /// The menu of clusters.
    Clusters,
    /// The menu of one cluster.
    Cluster(String),
    /// A row of it.
    OfCluster(ClusterRow, String),
    /// The menu of contexts.
    Contexts,
    /// A context.
    Context(String),
    /// All contexts.
    AllContexts,
    /// What a menu without entries says.
    Empty(Emptiness),
    /// New cluster.
    New,
    /// Open the main window.
    Open,
    /// Settings.
    Settings,
    /// The check list.
    Diagnostics,
    /// Quit.
    Quit,
}

/// Rows of a cluster's menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClusterRow {
    /// Start or stop.
    Toggle,
    /// Show it.
    Open,
    /// A shell.
    Shell,
    /// The path of its kubeconfig.
    Copy,
    /// An image.
    Load,
    /// Delete.
    Delete,
}

/// Which menu is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Emptiness {
    /// No clusters.
    Clusters,
    /// No contexts.
    Contexts,
}

impl ClusterRow {
    const ALL: [Self; 6] = [
        Self::Toggle,
        Self::Open,
        Self::Shell,
        Self::Copy,
        Self::Load,
        Self::Delete,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Toggle => "toggle",
            Self::Open => "open",
            Self::Shell => "shell",
            Self::Copy => "copy",
            Self::Load => "load",
            Self::Delete => "delete",
        }
    }
}

/// Rows that there is one of, and their texts.
const SINGLE: [(MenuId, &str); 14] = [
    (MenuId::Status, "status"),
    (MenuId::Detail, "detail"),
    (MenuId::Primary, "primary"),
    (MenuId::Restart, "restart"),
    (MenuId::Load, "load"),
    (MenuId::Clusters, "clusters"),
    (MenuId::Contexts, "contexts"),
    (MenuId::AllContexts, "all-contexts"),
    (MenuId::Empty(Emptiness::Clusters), "no-clusters"),
    (MenuId::Empty(Emptiness::Contexts), "no-contexts"),
    (MenuId::New, "new"),
    (MenuId::Open, "open"),
    (MenuId::Settings, "settings"),
    (MenuId::Diagnostics, "diagnostics"),
];
const QUIT: &str = "quit";

impl fmt::Display for MenuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(name) => write!(f, "cluster:{name}"),
            Self::OfCluster(row, name) => write!(f, "{}:{name}", row.word()),
            Self::Context(name) => write!(f, "context:{name}"),
            single => {
                let known = SINGLE.iter().find(|(id, _)| id == single);
                f.write_str(known.map_or(QUIT, |(_, word)| word))
            }
        }
    }
}

/// A text that is no row of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchRow(pub String);

impl fmt::Display for NoSuchRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the tray has no row {:?}", self.0)
    }
}

impl std::error::Error for NoSuchRow {}

impl FromStr for MenuId {
    type Err = NoSuchRow;

    fn from_str(text: &str) -> Result<Self, NoSuchRow> {
        let unknown = || NoSuchRow(text.to_owned());
        // A name may hold any character, also a colon.
        if let Some((kind, name)) = text.split_once(':') {
            let name = name.to_owned();
            return match kind {
                "cluster" => Ok(Self::Cluster(name)),
                "context" => Ok(Self::Context(name)),
                word => ClusterRow::ALL
                    .into_iter()
                    .find(|row| row.word() == word)
                    .map(|row| Self::OfCluster(row, name))
                    .ok_or_else(unknown),
            };
        }
        if text == QUIT {
            return Ok(Self::Quit);
        }
        let single = SINGLE.into_iter().find(|(_, word)| *word == text);
        single.map(|(id, _)| id).ok_or_else(unknown)
    }
}

impl TrayMenu {
    /// What a click on a row asks for now; nothing when the row is off or gone.
    pub fn action(&self, id: &MenuId) -> Option<&Action> {
        find(&self.rows, id)?.action.as_ref()
    }
}

fn find<'a>(rows: &'a [Row], id: &MenuId) -> Option<&'a Item> {
    rows.iter().find_map(|row| match row {
        Row::Item(item) if item.id == *id => Some(item),
        Row::Menu(menu) => find(&menu.rows, id),
        Row::Item(_) | Row::Line => None,
    })
}

#[cfg(test)]
mod tests;
