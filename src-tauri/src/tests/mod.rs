//! Commands as windows call them, over a scripted `container` and without a display.

mod bench;
mod choices;
mod clicks;
mod commands;
mod grants;
mod life;

use std::time::Duration;

/// Longer than anything takes.
const SOON: Duration = Duration::from_secs(10);
