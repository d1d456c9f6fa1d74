//! Lists the files of the recipe (`node-image/` of the repository) as Rust source, so that an
//! installed program carries them.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?)
        .join("../../node-image")
        .canonicalize()?;
    // Relative: another clone in the same target folder has files of its own.
    println!("cargo::rerun-if-changed=../../node-image");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut source = String::from("pub(crate) const FILES: &[(&str, &[u8])] = &[\n");
    for file in files {
        let name = file.strip_prefix(&root)?.to_string_lossy().into_owned();
        writeln!(
            source,
            "    ({name:?}, include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?}))),",
            format!("/../../node-image/{name}")
        )?;
    }
    source.push_str("];\n");
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("recipe.rs"),
        source,
    )?;
    Ok(())
}

/// Tests and explanations are no part of what is built: a change of them builds nothing anew.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.')
            || name.ends_with("_test.go")
            || path.extension().is_some_and(|kind| kind == "md")
            || name == "testdata"
        {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
