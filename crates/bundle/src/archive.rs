//! A zip archive of a bundle, the same for the same bundle: sorted, with modes and links, and with
//! the time that the bundle has.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::Verified;
use crate::contents::INFORMATION;

/// The name that the archive of an app is published under.
pub fn name(verified: &Verified) -> String {
    format!("apple-k8s-{}-arm64.zip", verified.version)
}

/// Writes the archive of a bundle, whole or not at all.
///
/// # Errors
/// When the bundle can't be read, or the archive not written.
pub fn write(bundle: &Path, archive: &Path) -> Result<()> {
    let folder = archive.parent().context("an archive lies in a folder")?;
    let name = bundle.file_name().and_then(|name| name.to_str());
    let name = name.context("a bundle has a name")?;
    let time = time(&bundle.join(INFORMATION))?;
    let file = tempfile::NamedTempFile::new_in(folder)?;
    let mut zip = ZipWriter::new(file);
    add(&mut zip, bundle, name, time)?;
    let file = zip.finish()?;
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(0o644))?;
    file.persist(archive)
        .with_context(|| format!("writing {}", archive.display()))?;
    Ok(())
}

fn add<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    path: &Path,
    name: &str,
    time: DateTime,
) -> Result<()> {
    let kind = fs::symlink_metadata(path)?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(time)
        .unix_permissions(kind.permissions().mode() & 0o777);
    if kind.is_symlink() {
        let target = fs::read_link(path)?;
        zip.add_symlink(name, target.to_string_lossy(), options)?;
    } else if kind.is_dir() {
        zip.add_directory(name, options)?;
        let mut entries: Vec<_> = fs::read_dir(path)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let within = entry.file_name();
            let within = within.to_str().context("a name that is no text")?;
            add(zip, &entry.path(), &format!("{name}/{within}"), time)?;
        }
    } else {
        zip.start_file(name, options)?;
        std::io::copy(&mut File::open(path)?, zip)?;
    }
    Ok(())
}

/// The time of a file, as archives have it: in UTC, from 1980 on.
fn time(path: &Path) -> Result<DateTime> {
    let time = fs::metadata(path)
        .and_then(|file| file.modified())
        .with_context(|| format!("reading {}", path.display()))?;
    let time = jiff::Timestamp::try_from(time)?.to_zoned(jiff::tz::TimeZone::UTC);
    let part = |part: i8| u8::try_from(part).unwrap_or_default();
    Ok(DateTime::from_date_and_time(
        u16::try_from(time.year()).unwrap_or_default(),
        part(time.month()),
        part(time.day()),
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
    )
    .unwrap_or_default())
}
