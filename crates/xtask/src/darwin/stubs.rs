//! Stubs of Apple's libraries: what a linker has to know of them, as text.
//!
//! A stub exports just the symbols that the programs are known to need, so that a name that no
//! library has fails the link. `tests/darwin/symbols.rs` holds the list against the published bindings.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Libraries by the path they are loaded from, each followed by its symbols.
const SYMBOLS: &str = include_str!("symbols.txt");

/// A library of macOS.
#[derive(Debug, PartialEq, Eq)]
struct Library<'a> {
    /// Path on a Mac.
    install_name: &'a str,
    /// What we need of it.
    symbols: Vec<&'a str>,
}

/// Writes the stubs into a folder; a file that is right already is left alone.
pub(super) fn write(folder: &Path) -> Result<()> {
    for library in libraries(SYMBOLS)? {
        let (path, text) = (folder.join(library.file()?), library.text());
        if fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        let parent = path.parent().context("a stub lies in a folder")?;
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

fn libraries(list: &str) -> Result<Vec<Library<'_>>> {
    let mut libraries: Vec<Library<'_>> = Vec::new();
    let lines = list
        .lines()
        .map(|line| line.split('#').next().unwrap_or(line));
    for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('/') {
            libraries.push(Library {
                install_name: line,
                symbols: Vec::new(),
            });
        } else {
            let library = libraries
                .last_mut()
                .with_context(|| format!("{line} belongs to no library"))?;
            library.symbols.push(line);
        }
    }
    Ok(libraries)
}

impl Library<'_> {
    /// Where a linker looks for it, below the stubs' folder.
    fn file(&self) -> Result<PathBuf> {
        let name = Path::new(self.install_name).file_name();
        let name = name.and_then(|name| name.to_str()).context("no name")?;
        Ok(match name.strip_suffix(".dylib") {
            // `libobjc.A.dylib` is asked for as `objc`.
            Some(name) => {
                let name = name.split('.').next().unwrap_or(name);
                format!("{name}.tbd")
            }
            None => format!("{name}.framework/{name}.tbd"),
        }
        .into())
    }

    fn text(&self) -> String {
        let mut text = format!(
            "--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-macos ]\ninstall-name: '{}'\n",
            self.install_name
        );
        if !self.symbols.is_empty() {
            // Writing to a text can't fail.
            let _ = writeln!(
                text,
                "exports:\n  - targets: [ arm64-macos ]\n    symbols: [ {} ]",
                self.symbols
                    .iter()
                    .map(|symbol| format!("'{symbol}'"))
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        text + "...\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# why\n/System/Library/Frameworks/AppKit.framework/Versions/C/AppKit\n  \
                        _NSApp\n\n/usr/lib/libobjc.A.dylib\n  _objc_retain # by hand\n  _objc_release\n";

    #[test]
    fn a_stub_exports_its_librarys_symbols_and_no_other() {
        let libraries = libraries(LIST).unwrap();
        let [appkit, objc] = &libraries[..] else {
            panic!("{libraries:?}")
        };
        assert_eq!(
            appkit.file().unwrap(),
            Path::new("AppKit.framework/AppKit.tbd")
        );
        assert_eq!(objc.file().unwrap(), Path::new("libobjc.tbd"));
        assert_eq!(
            objc.text(),
            "--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-macos ]\n\
             install-name: '/usr/lib/libobjc.A.dylib'\nexports:\n  - targets: [ arm64-macos ]\n    \
             symbols: [ '_objc_retain', '_objc_release' ]\n...\n"
        );
    }

    #[test]
    fn a_symbol_without_a_library_is_refused() {
        assert!(libraries("_objc_retain").is_err());
    }

    #[test]
    fn the_list_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        assert!(folder.path().join("libobjc.tbd").is_file());
    }
}
