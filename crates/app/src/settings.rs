//! What a user has chosen.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Everything a user can choose; kept in `settings.json` of the app's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a check box of its own"
)]
pub struct Settings {
    /// Version of this form.
    pub version: u32,
    /// Start the app, without a window, when the user logs in.
    pub start_at_login: bool,
    /// Clusters to start with the app.
    pub start_clusters: Vec<String>,
    /// Show the icon in the menu bar.
    pub show_in_menu_bar: bool,
    /// Light or dark.
    pub appearance: Appearance,
    /// Notify when long work ends and no window is in front.
    pub notify: bool,
    /// When kubectl's context changes with what the app does.
    pub follow: Follow,
    /// Whether the user was asked about that at the first creation.
    pub follow_asked: bool,
    /// What a new cluster is like.
    pub new_cluster: NewCluster,
    /// The `container` program; none for the usual places.
    pub container_path: Option<String>,
    /// The kubeconfig file; none for those that kubectl uses.
    pub kubeconfig: Option<String>,
    /// Look for newer versions.
    pub check_for_updates: bool,
}

/// Version of [`Settings`] that this program writes.
pub const SETTINGS_VERSION: u32 = 1;

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: SETTINGS_VERSION,
            start_at_login: false,
            start_clusters: Vec::new(),
            show_in_menu_bar: true,
            appearance: Appearance::System,
            notify: true,
            follow: Follow::Never,
            follow_asked: false,
            new_cluster: NewCluster::default(),
            container_path: None,
            kubeconfig: None,
            check_for_updates: false,
        }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Appearance {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// When kubectl's context changes with what the app does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Follow {
    /// Only when the user chooses a context.
    #[default]
    Never,
    /// Also when a cluster was created.
    WhenCreated,
    /// Also when a cluster was started.
    Always,
}

/// What a new cluster is like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NewCluster {
    /// Its name.
    pub name: String,
    /// Workers beside the control plane.
    pub workers: u32,
    /// Processors of each node; none for the usual ones.
    pub cpus: Option<u32>,
    /// Memory of each node as a Kubernetes quantity; none for the usual one.
    pub memory: Option<String>,
    /// Kubernetes version; none for the newest that is known.
    pub kubernetes_version: Option<String>,
}

impl Default for NewCluster {
    fn default() -> Self {
        Self {
            name: "dev".into(),
            workers: 0,
            cpus: None,
            memory: None,
            kubernetes_version: None,
        }
    }
}
