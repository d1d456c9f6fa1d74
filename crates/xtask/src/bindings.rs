//! TypeScript types of what the app and its windows say to each other.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/lib/bindings");

/// Writes all modules; one that is no longer needed goes.
pub(crate) fn run() -> Result<()> {
    let folder = Path::new(FOLDER);
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let modules = app::bindings::modules();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if modules
            .iter()
            .all(|(name, _)| entry.file_name() != name.as_str())
        {
            fs::remove_file(entry.path())?;
        }
    }
    for (name, text) in modules {
        let path = folder.join(name);
        // A file that stays as it is keeps its time: nothing is built anew for it.
        if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}
