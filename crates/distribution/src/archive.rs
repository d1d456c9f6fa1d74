//! The app as an archive that updaters unpack: the same for the same app, whoever packs it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use plist::Dictionary;
use tar::{Builder, EntryType, Header};

use crate::{VERSION, source};

/// An app's folder in a `.tar.gz`: sorted, nobody's, with the time of the commit.
///
/// # Errors
/// When it is no app of this version, or can't be read.
pub fn of(app: &Path) -> Result<Vec<u8>> {
    check(app)?;
    let name = app.file_name().context("an app has a name")?;
    let time = u64::try_from(source::time()?.as_second()).context("a time before 1970")?;
    let mut tar = Builder::new(Vec::new());
    add(&mut tar, app, Path::new(name), time)?;
    source::gzip(&tar.into_inner()?)
}

/// Refuses what is no app of this version: whoever looks for updates goes by the number alone.
fn check(app: &Path) -> Result<()> {
    ensure!(
        app.extension() == Some(OsStr::new("app")),
        "{} is no app: its name does not end in .app",
        app.display()
    );
    let path = app.join("Contents/Info.plist");
    let list: Dictionary =
        plist::from_file(&path).with_context(|| format!("reading {}", path.display()))?;
    let version = list.get("CFBundleShortVersionString");
    let version = version.and_then(plist::Value::as_string).unwrap_or("none");
    ensure!(
        version == VERSION,
        "{} is version {version}, not {VERSION}: make it anew (`make bundle`)",
        app.display()
    );
    Ok(())
}

fn add(tar: &mut Builder<Vec<u8>>, path: &Path, name: &Path, time: u64) -> Result<()> {
    let reading = || format!("reading {}", path.display());
    let kind = fs::symlink_metadata(path).with_context(reading)?;
    let mut header = Header::new_gnu();
    header.set_mtime(time);
    header.set_mode(if kind.permissions().mode() & 0o111 == 0 {
        0o644
    } else {
        0o755
    });
    if kind.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        let target = fs::read_link(path).with_context(reading)?;
        tar.append_link(&mut header, name, target)?;
    } else if kind.is_dir() {
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        tar.append_data(&mut header, name, &[][..])?;
        let entries = fs::read_dir(path).with_context(reading)?;
        let mut names: Vec<_> = entries
            .map(|entry| Ok(entry?.file_name()))
            .collect::<Result<_>>()?;
        names.sort();
        for within in names {
            add(tar, &path.join(&within), &name.join(&within), time)?;
        }
    } else {
        let content = fs::read(path).with_context(reading)?;
        header.set_size(content.len().try_into()?);
        tar.append_data(&mut header, name, &content[..])?;
    }
    Ok(())
}
