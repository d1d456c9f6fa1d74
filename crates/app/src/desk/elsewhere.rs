//! What other programs do with clusters, as it is shown.

use std::time::UNIX_EPOCH;

use engine::{Held, Work};

use crate::snapshot::OperationKind;
use crate::world::Elsewhere;

/// Work of other programs; none for what is over at once, or is about more than one cluster.
pub(super) fn shown(held: Held) -> Option<Elsewhere> {
    let kind = match held.work {
        Work::Create => OperationKind::Create,
        Work::Start => OperationKind::Start,
        Work::Stop | Work::StopServices => OperationKind::Stop,
        Work::Restart => OperationKind::Restart,
        Work::Delete => OperationKind::Delete,
        Work::Change => OperationKind::Change,
        Work::Load => OperationKind::Load,
        Work::Export | Work::Acceptance | Work::Uninstall => return None,
    };
    let since = held.since.duration_since(UNIX_EPOCH).ok()?.as_millis();
    Some(Elsewhere {
        cluster: held.cluster,
        kind,
        since: i64::try_from(since).ok()?,
    })
}
