//! The host's switch for forwarding packets: on while a started service lets containers out, and
//! then what it was before. Several services share it; callers hold the host's lock.

use std::fs;

use crate::error::{Context, Result};
use crate::world::{World, write_atomic};

const SWITCH: &str = "/proc/sys/net/ipv4/ip_forward";

/// Name of the file that keeps the host's own setting.
const BEFORE: &str = "before";

/// Turns forwarding on for a service.
pub(super) fn take(world: &World) -> Result<()> {
    let folder = World::forwarding();
    fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
    let before = folder.join(BEFORE);
    if !before.exists() {
        let now = fs::read(SWITCH).context(|| format!("cannot read {SWITCH}"))?;
        write_atomic(&before, &now)?;
    }
    write_atomic(&folder.join(&world.key), b"")?;
    fs::write(SWITCH, "1").context(|| format!("cannot write {SWITCH}"))
}

/// Gives it back; the last service to do so restores what was before.
pub(super) fn give_back(world: &World) -> Result<()> {
    let folder = World::forwarding();
    if fs::remove_file(folder.join(&world.key)).is_err() {
        return Ok(());
    }
    let before = folder.join(BEFORE);
    let others = fs::read_dir(&folder).map_or(0, |files| files.flatten().count());
    if let (1, Ok(text)) = (others, fs::read(&before)) {
        fs::write(SWITCH, text).context(|| format!("cannot write {SWITCH}"))?;
        let _ = fs::remove_file(before);
    }
    Ok(())
}
