//! Which windows a person can see, and the cluster in each: what is not seen is not followed.

use std::collections::{BTreeMap, BTreeSet};

use super::Desk;
use crate::world::Fact;

/// The windows by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Windows {
    visible: BTreeSet<String>,
    focused: BTreeSet<String>,
    clusters: BTreeMap<String, String>,
}

impl Windows {
    /// Whether any can be seen.
    pub fn any_visible(&self) -> bool {
        !self.visible.is_empty()
    }

    /// Whether any is in front.
    pub fn any_focused(&self) -> bool {
        !self.focused.is_empty()
    }

    /// Clusters in windows that can be seen.
    pub fn clusters(&self) -> BTreeSet<String> {
        self.clusters
            .iter()
            .filter(|(window, _)| self.visible.contains(*window))
            .map(|(_, cluster)| cluster.clone())
            .collect()
    }
}

impl Desk {
    /// The windows as they are.
    pub fn windows(&self) -> Windows {
        self.windows.borrow().clone()
    }

    /// A window came to be seen, or no longer is.
    pub fn window_visible(&self, window: &str, visible: bool) {
        self.windows.send_if_modified(|windows| {
            if visible {
                windows.visible.insert(window.to_owned())
            } else {
                windows.focused.remove(window);
                windows.visible.remove(window)
            }
        });
        if visible {
            self.look.notify_one();
        }
    }

    /// A window came to the front, or no longer is.
    pub fn window_focused(&self, window: &str, focused: bool) {
        self.windows.send_if_modified(|windows| {
            if focused {
                windows.focused.insert(window.to_owned())
            } else {
                windows.focused.remove(window)
            }
        });
    }

    /// A window is gone, and with it what it showed.
    pub fn window_gone(&self, window: &str) {
        self.windows.send_modify(|windows| {
            windows.visible.remove(window);
            windows.focused.remove(window);
            windows.clusters.remove(window);
        });
    }

    /// A window shows a cluster, or none.
    pub fn view_watch(&self, window: &str, cluster: Option<&str>) {
        self.windows.send_modify(|windows| match cluster {
            Some(cluster) => {
                windows
                    .clusters
                    .insert(window.to_owned(), cluster.to_owned());
            }
            None => {
                windows.clusters.remove(window);
            }
        });
        if let Some(cluster) = cluster {
            self.store.tell(Fact::Used(cluster.to_owned()));
            self.resend(cluster);
        }
    }
}
