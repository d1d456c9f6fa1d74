//! What the app remembers by itself: nothing that a user chose, nothing that can be read from the
//! runtime. Losing it costs a few words on the screen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::saved::{self, Loaded};
use crate::snapshot::OperationKind;

/// Remembered between runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Memory {
    /// The cluster that was worked with last.
    pub(crate) used: Option<String>,
    /// When clusters ran last, milliseconds since 1970.
    pub(crate) last_run: BTreeMap<String, i64>,
    /// How long operations took last time, milliseconds, by [`duration_key`].
    pub(crate) took: BTreeMap<String, u64>,
}

impl Memory {
    /// What was remembered; nothing when it can't be read.
    pub(crate) fn load(place: &Place) -> Self {
        match saved::load(&place.memory_file()) {
            Ok(Loaded::Read(memory)) => memory,
            Ok(Loaded::Absent | Loaded::Corrupt(_)) => Self::default(),
            Err(error) => {
                tracing::warn!(%error, "what was remembered is lost");
                Self::default()
            }
        }
    }

    /// Remembers it.
    pub(crate) fn save(&self, place: &Place) {
        if let Err(error) = saved::save(&place.memory_file(), self) {
            tracing::warn!(%error, "nothing is remembered");
        }
    }
}

/// What takes about the same time again: the same work on the same cluster.
pub(crate) fn duration_key(kind: OperationKind, cluster: Option<&str>) -> String {
    format!("{kind:?} {}", cluster.unwrap_or_default())
}
