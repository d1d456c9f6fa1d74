//! `builder …`. Builds need no machine of their own here: the builder is there when a build is.

use super::{print, show_list};
use crate::cli::Matches;
use crate::error::{Error, Outcome, Result};
use crate::model::Snapshot;
use crate::output::Format;
use crate::world::World;

pub(super) fn status(world: &World, matches: &Matches) -> Outcome {
    if super::format(matches)? == Format::Table && !matches.has("quiet") {
        print("builder is not running");
        return Ok(());
    }
    show_list(
        world,
        matches,
        &Vec::<Snapshot>::new(),
        &[],
        |_| Vec::new(),
        |s| s.id.clone(),
    )
}

/// Removes what builds keep for the next one: cached steps and cache mounts.
pub(super) fn delete(world: &World) -> Result<()> {
    crate::image::remove_dangling(world)?;
    let Ok(entries) = std::fs::read_dir(world.temporary()) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("buildah-cache")
        {
            std::fs::remove_dir_all(entry.path())
                .map_err(|e| Error::internal(format!("cannot remove the build cache: {e}")))?;
        }
    }
    Ok(())
}
