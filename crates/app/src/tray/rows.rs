//! What each of the twelve rows says.

use engine::Health;

use super::{Action, ClusterRow, Emptiness, Item, MenuId, Row, Submenu, TrayIcon, TrayMenu};
use crate::snapshot::{
    Cluster, ClusterState, Context, Operation, OperationKind, OperationState, Runtime,
    RuntimeState, Snapshot,
};
use crate::words;

/// Characters of a reason.
const LONGEST_REASON: usize = 48;
/// Contexts that the menu shows.
const MOST_CONTEXTS: usize = 20;

/// The menu at a moment (milliseconds since 1970): clocks in it run.
pub fn menu(snapshot: &Snapshot, now: i64) -> TrayMenu {
    let mood = Mood::of(snapshot);
    let (status, detail) = (mood.status(), mood.detail(now));
    let rows = vec![
        read(MenuId::Status, status.clone()),
        read(MenuId::Detail, detail),
        Row::Line,
        mood.primary(),
        mood.restart(),
        mood.load(),
        Row::Line,
        clusters(snapshot),
        contexts(snapshot),
        Row::Line,
        click(MenuId::New, "New cluster…", Action::New),
        Row::Line,
        click(MenuId::Open, "Open apple-k8s", Action::Open),
        click(MenuId::Settings, "Settings…", Action::Settings),
        click(MenuId::Diagnostics, "Diagnostics…", Action::Diagnostics),
        Row::Line,
        click(MenuId::Quit, "Quit (clusters keep running)", Action::Quit),
    ];
    TrayMenu {
        icon: icon(snapshot),
        tooltip: status,
        rows,
    }
}

fn icon(snapshot: &Snapshot) -> TrayIcon {
    let works = |operation: &Operation| !operation.state.is_over();
    let unwell = |cluster: &Cluster| matches!(cluster.health, Health::Failed | Health::Degraded);
    let runs =
        |cluster: &Cluster| matches!(cluster.state, ClusterState::Running | ClusterState::Partial);
    if snapshot.operations.iter().any(works) {
        TrayIcon::Busy
    } else if is_down(&snapshot.runtime) || snapshot.clusters.iter().any(unwell) {
        TrayIcon::Attention
    } else if snapshot.clusters.iter().any(runs) {
        TrayIcon::Running
    } else {
        TrayIcon::Stopped
    }
}

fn is_down(runtime: &Runtime) -> bool {
    !matches!(runtime.state, RuntimeState::Ready | RuntimeState::Checking)
}

/// What the first five rows speak of.
enum Mood<'a> {
    Checking,
    Nothing,
    Down(&'a Runtime),
    Busy(&'a Operation),
    Cluster(&'a Cluster),
}

impl<'a> Mood<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let subject = snapshot.subject.as_deref();
        let open = || {
            snapshot
                .operations
                .iter()
                .filter(|one| !one.state.is_over())
        };
        let busy = open()
            .find(|one| one.cluster.is_some() && one.cluster.as_deref() == subject)
            .or_else(|| open().find(|one| one.cluster.is_none()));
        if let Some(operation) = busy {
            return Self::Busy(operation);
        }
        if is_down(&snapshot.runtime) {
            return Self::Down(&snapshot.runtime);
        }
        let cluster = snapshot
            .clusters
            .iter()
            .find(|one| Some(one.name.as_str()) == subject);
        match cluster {
            Some(cluster) => Self::Cluster(cluster),
            None if snapshot.runtime.state == RuntimeState::Checking => Self::Checking,
            None => Self::Nothing,
        }
    }

    fn status(&self) -> String {
        match self {
            Self::Checking => "Looking for clusters".into(),
            Self::Nothing => "No cluster yet".into(),
            Self::Down(runtime) => match runtime.state {
                RuntimeState::Missing => "container was not found".into(),
                RuntimeState::Stopped => "container is not running".into(),
                _ => "container can't be used".into(),
            },
            Self::Busy(operation) => busy_status(operation),
            Self::Cluster(cluster) => cluster_status(cluster),
        }
    }

    fn detail(&self, now: i64) -> String {
        match self {
            Self::Checking => "Asking container".into(),
            Self::Nothing => "Ready to start one".into(),
            Self::Down(runtime) => runtime.problem.as_ref().map_or_else(
                || "Clusters can't start without it".into(),
                |problem| words::line(&problem.message, LONGEST_REASON),
            ),
            Self::Busy(operation) => busy_detail(operation, now),
            Self::Cluster(cluster) => cluster_detail(cluster, now),
        }
    }

    fn primary(&self) -> Row {
        let id = MenuId::Primary;
        match self {
            Self::Checking => off(id, "Start a cluster"),
            Self::Nothing => click(id, "Start a cluster", Action::Create),
            Self::Down(runtime) if runtime.state == RuntimeState::Stopped => {
                click(id, "Start service", Action::StartService)
            }
            Self::Down(_) => click(id, "Show what is missing…", Action::Diagnostics),
            Self::Busy(operation) => cancel(operation),
            Self::Cluster(cluster) => {
                let (verb, action) = cluster_action(cluster);
                let more = if matches!(action, Action::Delete(_)) {
                    "…"
                } else {
                    ""
                };
                click(
                    id,
                    format!("{verb} {}{more}", quoted(&cluster.name)),
                    action,
                )
            }
        }
    }

    fn restart(&self) -> Row {
        let Some(name) = self.cluster_name() else {
            return off(MenuId::Restart, "Restart");
        };
        let text = format!("Restart {}", quoted(name));
        match self {
            Self::Cluster(cluster) if runs(cluster) => {
                click(MenuId::Restart, text, Action::Restart(name.to_owned()))
            }
            _ => off(MenuId::Restart, text),
        }
    }

    fn load(&self) -> Row {
        let Some(name) = self.cluster_name() else {
            return off(MenuId::Load, "Load image…");
        };
        let text = format!("Load image into {}…", quoted(name));
        match self {
            Self::Cluster(cluster) if takes_images(cluster) => {
                click(MenuId::Load, text, Action::LoadImage(name.to_owned()))
            }
            _ => off(MenuId::Load, text),
        }
    }

    fn cluster_name(&self) -> Option<&str> {
        match self {
            Self::Busy(operation) => operation.cluster.as_deref(),
            Self::Cluster(cluster) => Some(&cluster.name),
            Self::Checking | Self::Nothing | Self::Down(_) => None,
        }
    }
}

fn busy_status(operation: &Operation) -> String {
    let doing = doing(operation.kind);
    let mut parts: Vec<String> = match (&operation.cluster, &operation.subject) {
        (Some(cluster), _) => vec![words::name(cluster), doing.to_owned()],
        (None, Some(subject)) => vec![words::line(subject, LONGEST_REASON)],
        (None, None) => vec![doing.to_owned()],
    };
    if !operation.elsewhere && operation.state == OperationState::Running {
        if operation.stages > 1 {
            parts.push(format!("step {} of {}", operation.stage, operation.stages));
        }
        parts.push(format!("{}%", operation.percent));
    }
    parts.join(" · ")
}

fn busy_detail(operation: &Operation, now: i64) -> String {
    let clock = words::clock(now - operation.started);
    match operation.state {
        _ if operation.elsewhere => "By another program".into(),
        OperationState::Waiting => "Waits for other work".into(),
        OperationState::Cancelling => format!("Cleaning up… {clock}"),
        _ => format!("{} · {clock}", operation.stage_name),
    }
}

/// What is going on, as the first row says it.
const fn doing(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Create => "Creating",
        OperationKind::Start => "Starting",
        OperationKind::Stop => "Stopping",
        OperationKind::Restart => "Restarting",
        OperationKind::Delete => "Deleting",
        OperationKind::Change => "Changing",
        OperationKind::Load => "Loading image",
        OperationKind::Apply => "Applying",
        OperationKind::ExportLogs => "Exporting logs",
        OperationKind::BuildImage => "Building the node image",
        OperationKind::Fix => "Repairing",
    }
}

fn cancel(operation: &Operation) -> Row {
    let what = match operation.kind {
        OperationKind::Create => "creation of",
        OperationKind::Start => "start of",
        OperationKind::Stop => "stop of",
        OperationKind::Restart => "restart of",
        OperationKind::Delete => "deletion of",
        OperationKind::Change => "change of",
        OperationKind::Load => "loading into",
        OperationKind::Apply => "applying to",
        OperationKind::ExportLogs => "export of logs of",
        OperationKind::BuildImage | OperationKind::Fix => "",
    };
    let text = match &operation.cluster {
        Some(cluster) => format!("Cancel {what} {}", quoted(cluster)),
        None => "Cancel".into(),
    };
    if operation.cancellable && operation.state != OperationState::Cancelling {
        click(MenuId::Primary, text, Action::Cancel(operation.id))
    } else {
        off(MenuId::Primary, text)
    }
}

fn cluster_status(cluster: &Cluster) -> String {
    let name = words::name(&cluster.name);
    if cluster.state == ClusterState::Incomplete {
        return format!("{name} · Not finished");
    }
    if matches!(cluster.health, Health::Failed | Health::Degraded) {
        let ready = cluster.ready_nodes.unwrap_or(cluster.nodes);
        let unready = cluster.nodes.saturating_sub(ready);
        return match unready {
            0 if cluster.health == Health::Failed => format!("{name} · Failed"),
            0 => format!("{name} · Needs a look"),
            unready => format!(
                "{name} · {unready} of {} not ready",
                words::counted(cluster.nodes, "node")
            ),
        };
    }
    let state = match cluster.state {
        ClusterState::Stopped => return format!("{name} · Stopped"),
        ClusterState::Partial => "Running in part",
        ClusterState::Running | ClusterState::Incomplete => "Running",
    };
    let mut parts = vec![
        name,
        state.to_owned(),
        words::counted(cluster.nodes, "node"),
    ];
    parts.extend(cluster.version.clone());
    parts.join(" · ")
}

fn cluster_detail(cluster: &Cluster, now: i64) -> String {
    if let Some(why) = &cluster.why {
        return words::line(why, LONGEST_REASON);
    }
    if cluster.state == ClusterState::Incomplete {
        return "Its creation did not end".into();
    }
    if cluster.state == ClusterState::Stopped {
        return cluster.last_run.map_or_else(
            || words::counted(cluster.nodes, "node"),
            |last| format!("Last run {}", words::ago(now - last)),
        );
    }
    if let Some(usage) = cluster.usage {
        let cpu = words::percent(usage.cpu_cores, f64::from(usage.cpus));
        let memory = words::bytes_of(usage.memory_bytes, usage.memory_limit_bytes);
        return format!("CPU {cpu} · Memory {memory}");
    }
    cluster.started.map_or_else(
        || "Use is not measured yet".into(),
        |started| format!("Up {}", words::age(now - started)),
    )
}

/// What is most likely wanted of a cluster that nothing works on. The windows' toolbar offers the
/// same: `mainAction` in `ui/src/lib/state/actions.ts`.
fn cluster_action(cluster: &Cluster) -> (&'static str, Action) {
    let name = cluster.name.clone();
    match (cluster.state, cluster.health) {
        (ClusterState::Incomplete, _) => ("Delete", Action::Delete(name)),
        (ClusterState::Stopped, _) => ("Start", Action::Start(name)),
        // A start runs what does not run; a node that runs and says nothing needs a new beginning.
        (ClusterState::Partial, _) => ("Repair", Action::Start(name)),
        (_, Health::Failed) => ("Repair", Action::Restart(name)),
        _ => ("Stop", Action::Stop(name)),
    }
}

fn runs(cluster: &Cluster) -> bool {
    matches!(cluster.state, ClusterState::Running | ClusterState::Partial)
}

fn takes_images(cluster: &Cluster) -> bool {
    cluster.state == ClusterState::Running && cluster.health != Health::Failed
}

fn clusters(snapshot: &Snapshot) -> Row {
    let mut rows: Vec<Row> = snapshot
        .clusters
        .iter()
        .map(|cluster| cluster_menu(snapshot, cluster))
        .collect();
    if rows.is_empty() {
        let id = MenuId::Empty(Emptiness::Clusters);
        rows.push(read(id, "No cluster yet".into()));
    }
    Row::Menu(Submenu {
        id: MenuId::Clusters,
        text: "Clusters".into(),
        rows,
    })
}

fn cluster_menu(snapshot: &Snapshot, cluster: &Cluster) -> Row {
    let name = &cluster.name;
    let id = |row: ClusterRow| MenuId::OfCluster(row, name.clone());
    let busy = snapshot
        .operations
        .iter()
        .find(|one| !one.state.is_over() && one.cluster.as_ref() == Some(name));
    let free = busy.is_none() && !is_down(&snapshot.runtime);
    let when = |possible: bool, action: Action| possible.then_some(action);
    let (verb, toggle) = if runs(cluster) {
        ("Stop", Action::Stop(name.clone()))
    } else {
        ("Start", Action::Start(name.clone()))
    };
    let complete = cluster.state != ClusterState::Incomplete;
    let item = |row: ClusterRow, text: &str, action: Option<Action>| {
        Row::Item(Item {
            id: id(row),
            text: text.to_owned(),
            action,
            checked: None,
        })
    };
    let word = busy.map_or_else(|| state_word(cluster), |operation| doing(operation.kind));
    Row::Menu(Submenu {
        id: MenuId::Cluster(name.clone()),
        text: format!("{} · {word}", words::name(name)),
        rows: vec![
            item(ClusterRow::Toggle, verb, when(free && complete, toggle)),
            item(ClusterRow::Open, "Open", Some(Action::Show(name.clone()))),
            item(
                ClusterRow::Shell,
                "Shell",
                when(runs(cluster), Action::Shell(name.clone())),
            ),
            item(
                ClusterRow::Copy,
                "Copy kubeconfig path",
                when(complete, Action::CopyKubeconfig(name.clone())),
            ),
            item(
                ClusterRow::Load,
                "Load image…",
                when(
                    free && takes_images(cluster),
                    Action::LoadImage(name.clone()),
                ),
            ),
            item(
                ClusterRow::Delete,
                "Delete…",
                when(free, Action::Delete(name.clone())),
            ),
        ],
    })
}

const fn state_word(cluster: &Cluster) -> &'static str {
    match (cluster.state, cluster.health) {
        (ClusterState::Incomplete, _) => "Not finished",
        (ClusterState::Stopped, _) => "Stopped",
        (_, Health::Failed) => "Failed",
        (_, Health::Degraded) => "Degraded",
        (ClusterState::Partial, _) => "Running in part",
        (ClusterState::Running, _) => "Running",
    }
}

fn contexts(snapshot: &Snapshot) -> Row {
    let contexts = &snapshot.contexts;
    let (ours, others): (Vec<&Context>, Vec<&Context>) = contexts
        .entries
        .iter()
        .partition(|context| context.cluster.is_some());
    let current = contexts.current.as_deref();
    let item = |context: &Context| {
        Row::Item(Item {
            id: MenuId::Context(context.name.clone()),
            text: title(context),
            action: Some(Action::UseContext(context.name.clone())),
            checked: Some(current == Some(&context.name)),
        })
    };
    let shown = shown(&ours, &others, current);
    let (ours, others): (Vec<&Context>, Vec<&Context>) =
        shown.iter().partition(|context| context.cluster.is_some());
    let mut rows: Vec<Row> = ours.into_iter().map(item).collect();
    if !rows.is_empty() && !others.is_empty() {
        rows.push(Row::Line);
    }
    rows.extend(others.into_iter().map(item));
    if rows.is_empty() {
        let broken = contexts.files.iter().any(|file| file.problem.is_some());
        let text = if broken {
            "The kubeconfig can't be read"
        } else {
            "No contexts yet"
        };
        rows.push(read(MenuId::Empty(Emptiness::Contexts), text.into()));
    }
    rows.push(Row::Line);
    rows.push(click(
        MenuId::AllContexts,
        "All contexts…",
        Action::AllContexts,
    ));
    let name = current.map_or_else(
        || "none".into(),
        |current| {
            let known = contexts.entries.iter().find(|one| one.name == current);
            known.map_or_else(|| words::name(current), title)
        },
    );
    Row::Menu(Submenu {
        id: MenuId::Contexts,
        text: format!("Context: {name}"),
        rows,
    })
}

/// Ours, then the others, at most [`MOST_CONTEXTS`]; the current one is always among them.
fn shown<'a>(
    ours: &[&'a Context],
    others: &[&'a Context],
    current: Option<&str>,
) -> Vec<&'a Context> {
    let all: Vec<&Context> = ours.iter().chain(others).copied().collect();
    let mut shown: Vec<&Context> = all.iter().copied().take(MOST_CONTEXTS).collect();
    let left_out = all
        .iter()
        .skip(MOST_CONTEXTS)
        .find(|context| Some(context.name.as_str()) == current);
    if let Some(current) = left_out {
        shown.pop();
        shown.push(current);
    }
    shown
}

/// Ours go by the name of their cluster.
fn title(context: &Context) -> String {
    words::name(context.cluster.as_deref().unwrap_or(&context.name))
}

fn quoted(name: &str) -> String {
    format!("“{}”", words::name(name))
}

fn read(id: MenuId, text: String) -> Row {
    off(id, text)
}

fn off(id: MenuId, text: impl Into<String>) -> Row {
    Row::Item(Item {
        id,
        text: text.into(),
        action: None,
        checked: None,
    })
}

fn click(id: MenuId, text: impl Into<String>, action: Action) -> Row {
    Row::Item(Item {
        id,
        text: text.into(),
        action: Some(action),
        checked: None,
    })
}
