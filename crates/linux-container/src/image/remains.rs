//! What work on images leaves when it is killed: containers that a build worked in, with all that
//! its steps wrote, and temporary files.
//!
//! Steps that a killed build had finished stay: they are what the next build goes on from.

use std::fs;

use crate::error::Result;
use crate::lock::Lock;
use crate::podman::Podman;
use crate::store::Store;
use crate::world::World;

/// Part of the names that podman's builder gives the containers of its steps.
const STEP: &str = "working-container";

/// What podman's temporary files are named by, before a number.
const TEMPORARY: [&str; 3] = ["buildah", "storage", "container_images_storage"];

/// Removes what killed work left, unless other work goes on: then it cannot be told from that.
pub(crate) fn clear(world: &World) -> Result<()> {
    let Some(_alone) = Lock::try_images_alone(world) else {
        return Ok(());
    };
    let steps: Vec<String> = Store::new(world)
        .containers()?
        .into_keys()
        // One that a user gave such a name has a record.
        .filter(|name| name.contains(STEP) && !world.container(name).exists())
        .collect();
    if !steps.is_empty() {
        let words = ["rm", "--ignore", "--force", "--time", "0"];
        let words = words.into_iter().map(str::to_owned);
        Podman::new(world).run(words.chain(steps))?;
    }
    for entry in fs::read_dir(world.temporary())
        .into_iter()
        .flatten()
        .flatten()
    {
        if is_temporary(&entry.file_name().to_string_lossy()) {
            let path = entry.path();
            // What cannot be removed now is removed by the next one.
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
    }
    Ok(())
}

/// Whether this is one of podman's temporary files, and not what it keeps for later builds.
fn is_temporary(name: &str) -> bool {
    TEMPORARY.iter().any(|prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::is_temporary;

    #[test]
    fn caches_of_builds_are_not_temporary() {
        assert!(is_temporary("buildah2885020693") && is_temporary("storage1197292552"));
        for kept in [
            "buildah-cache",
            "buildah-cache-0",
            "buildah",
            "scratch-1",
            "storage",
        ] {
            assert!(!is_temporary(kept), "{kept}");
        }
    }
}
