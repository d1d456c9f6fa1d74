//! `system df`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::super::{format, print};
use crate::cli::Matches;
use crate::container::Container;
use crate::error::{Outcome, Result};
use crate::model::{DiskUsage, DiskUse};
use crate::output::{self, Format, Layout};
use crate::store::Store;
use crate::volume;
use crate::world::World;

pub(in crate::command) fn df(world: &World, matches: &Matches) -> Outcome {
    let format = format(matches)?;
    let usage = usage(world)?;
    if format != Format::Table {
        print(&output::render(
            &usage,
            format,
            Layout::Pretty,
            world.version,
        )?);
        return Ok(());
    }
    let row = |name: &str, part: DiskUse| {
        let percent = (part.reclaimable * 100)
            .checked_div(part.size_in_bytes)
            .unwrap_or(0);
        vec![
            name.to_owned(),
            part.total.to_string(),
            part.active.to_string(),
            output::size(part.size_in_bytes),
            format!("{} ({percent}%)", output::size(part.reclaimable)),
        ]
    };
    let rows = [
        row("Images", usage.images),
        row("Containers", usage.containers),
        row("Local Volumes", usage.volumes),
    ];
    print(&output::table(
        &["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"],
        &rows,
    ));
    Ok(())
}

fn usage(world: &World) -> Result<DiskUsage> {
    let store = Store::new(world);
    let sizes = store.sizes()?;
    let all = Container::all(world)?;
    let mut containers = DiskUse {
        total: all.len() as u64,
        ..DiskUse::default()
    };
    for one in &all {
        let size = folder_size(&store.upper(&one.stored)) + folder_size(&world.container(one.id()));
        containers.size_in_bytes += size;
        if one.is_running() {
            containers.active += 1;
        } else {
            containers.reclaimable += size;
        }
    }
    let stored = store.images()?;
    let used = |id: &str| all.iter().any(|c| c.stored.image == id);
    let tops = |wanted: &dyn Fn(&str) -> bool| {
        sizes.union(
            stored
                .iter()
                .filter(|i| wanted(&i.id))
                .map(|i| i.layer.as_str()),
        )
    };
    let whole = tops(&|_| true);
    let named: Vec<_> = stored
        .iter()
        .filter(|i| i.names.iter().flatten().count() > 0)
        .collect();
    let images = DiskUse {
        total: named.len() as u64,
        active: named.iter().filter(|i| used(&i.id)).count() as u64,
        size_in_bytes: whole,
        reclaimable: whole - tops(&used),
    };
    let mut volumes = DiskUse::default();
    for one in volume::all(world) {
        let size = folder_size(&volume::folder(world, &one.id));
        volumes.total += 1;
        volumes.size_in_bytes += size;
        if volume::users(world, &one.id)?.is_empty() {
            volumes.reclaimable += size;
        } else {
            volumes.active += 1;
        }
    }
    Ok(DiskUsage {
        containers,
        images,
        volumes,
    })
}

/// Bytes on disk below a folder, links not followed.
pub(in crate::command) fn folder_size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_size(&entry.path()),
            Ok(meta) => meta.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}
