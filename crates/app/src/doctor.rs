//! The check list of what nodes need.

use serde::Serialize;
use ts_rs::TS;

/// One thing that is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Stays the same between releases.
    pub id: String,
    /// What is checked, in a few words.
    pub title: String,
    /// How it stands.
    pub state: CheckState,
    /// What was found.
    pub detail: String,
    /// What puts it right with one click.
    pub fix: Option<CheckFix>,
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CheckState {
    /// Well.
    Ok,
    /// Works, with a limit.
    Warning,
    /// Clusters can't run.
    Failed,
    /// Could not be told.
    Unknown,
    /// Is being put right.
    Busy,
}

/// What puts a check right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CheckFix {
    /// For the command.
    pub id: String,
    /// Text of the button.
    pub label: String,
}
