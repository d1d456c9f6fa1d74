//! The bill of what we ship, held against what the programs are built with.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{cache, said};

/// The bill of what we ship names the crates in Rust's standard library: those of the sources that
/// the Mac's programs are built with.
#[test]
#[ignore = "reads the sources of the standard library"]
fn the_bill_promises_the_crates_that_the_standard_library_locks() {
    let list = include_str!("../../../distribution/src/standard-library.txt");
    let mut lines = list.lines().filter(|line| !line.starts_with('#'));
    let release = lines.next().and_then(|line| line.strip_prefix("rust "));
    let release = release.expect("a release comes first");
    // Where the toolchain has sources of its own, the build takes those.
    let sysroot = said(Command::new("rustc").args(["--print", "sysroot"]));
    let own = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock");
    let place = format!("darwin/rust-{release}/usr/src/rustc-{release}/library/Cargo.lock");
    let lock = fs::read_to_string(own).or_else(|_| fs::read_to_string(cache().join(place)));
    let lock = lock.expect("the sources are there once the programs are checked");
    let mut count = 0;
    for line in lines {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let entry = format!("name = \"{}\"\nversion = \"{}\"\n", words[0], words[1]);
        let (_, rest) = lock.split_once(&entry).unwrap_or_else(|| panic!("{line}"));
        let digest = rest.lines().nth(1).unwrap();
        assert_eq!(digest, format!("checksum = \"{}\"", words[2]), "{line}");
        count += 1;
    }
    assert!(count > 5);
}
