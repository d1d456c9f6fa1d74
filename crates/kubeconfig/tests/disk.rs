//! Files on disk: modes, owners, links, locks, and everything that must be left as it is.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use common::{Folder, TEXT, add, entry, files};
use kubeconfig::{CurrentContext, Error};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_new_file_is_its_owners_alone_and_goes_with_its_last_entry() {
    let folder = Folder::new();
    let path = folder.path("new/.kube/config");
    let added = add(&path).unwrap();
    assert!(added.current && !added.replaced);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&folder.path("new")), 0o700);
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .starts_with("# Created by apple-k8s")
    );

    files(&path)
        .add(&entry("second"), CurrentContext::Keep)
        .unwrap();
    files(&path).remove("demo").unwrap();
    assert!(path.exists());
    files(&path).remove("second").unwrap();
    assert!(!path.exists());
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
}

#[test]
fn a_file_of_ours_that_its_owner_changed_stays() {
    let folder = Folder::new();
    let path = folder.path("config");
    add(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}# a note\n")).unwrap();
    files(&path).remove("demo").unwrap();
    let left = fs::read_to_string(&path).unwrap();
    assert!(left.ends_with("kind: Config\n# a note\n"), "{left}");
}

#[test]
fn an_empty_file_stays_an_empty_file() {
    let folder = Folder::new();
    let path = folder.write("config", "");
    add(&path).unwrap();
    files(&path).remove("demo").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn the_mode_stays() {
    for bits in [0o600, 0o640, 0o644, 0o400 | 0o200, 0o660, 0o4600] {
        let folder = Folder::new();
        let path = folder.write("config", TEXT);
        fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
        add(&path).unwrap();
        assert_eq!(mode(&path), bits);
        files(&path).remove("demo").unwrap();
        assert_eq!(mode(&path), bits);
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
    }
}

#[test]
fn the_owner_stays() {
    let folder = Folder::new();
    let path = folder.write("config", TEXT);
    if std::os::unix::fs::chown(&path, Some(4321), Some(8765)).is_err() {
        // Only the superuser can give files away; for others there is nothing to keep.
        assert_ne!(fs::metadata(&path).unwrap().uid(), 0);
        return;
    }
    add(&path).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (4321, 8765));
}

#[test]
fn links_stay_and_the_file_behind_them_changes() {
    let folder = Folder::new();
    fs::create_dir(folder.path("dotfiles")).unwrap();
    let real = folder.write("dotfiles/kube", TEXT);
    symlink("dotfiles/kube", folder.path("one")).unwrap();
    symlink(folder.path("one"), folder.path("config")).unwrap();
    let path = folder.path("config");
    add(&path).unwrap();
    assert_eq!(fs::read_link(&path).unwrap(), folder.path("one"));
    assert_eq!(
        fs::read_link(folder.path("one")).unwrap(),
        Path::new("dotfiles/kube")
    );
    assert!(fs::read_to_string(&real).unwrap().contains("name: demo"));
    files(&path).remove("demo").unwrap();
    assert_eq!(fs::read_to_string(&real).unwrap(), TEXT);
    assert_eq!(folder.names(), ["config", "dotfiles", "one"]);
    assert_eq!(fs::read_dir(folder.path("dotfiles")).unwrap().count(), 1);
}

#[test]
fn a_link_to_a_file_that_is_not_there_yet_leads_to_it() {
    let folder = Folder::new();
    symlink("later/config", folder.path("config")).unwrap();
    let path = folder.path("config");
    add(&path).unwrap();
    assert!(folder.path("later/config").is_file());
    files(&path).remove("demo").unwrap();
    assert!(!folder.path("later/config").exists());
    assert!(path.is_symlink());
}

#[test]
fn links_in_a_circle_are_refused() {
    let folder = Folder::new();
    symlink("b", folder.path("a")).unwrap();
    symlink("a", folder.path("b")).unwrap();
    assert!(matches!(
        add(&folder.path("a")),
        Err(Error::Unreadable { .. })
    ));
}

#[test]
fn hard_links_are_not_parted() {
    let folder = Folder::new();
    let path = folder.write("config", TEXT);
    fs::hard_link(&path, folder.path("other")).unwrap();
    let error = add(&path).unwrap_err();
    assert!(error.to_string().contains("2 hard links"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
    assert_eq!(folder.names(), ["config", "other"]);
}

/// Adds to, removes from and switches in a file that must refuse all of it, and stay as it is.
fn refused(folder: &Folder, path: &Path) -> Error {
    let before = fs::read(path).unwrap_or_default();
    let names = folder.names();
    let error = add(path).unwrap_err();
    assert_eq!(error.path(), Some(path));
    assert!(
        error.to_string().contains(&path.display().to_string()),
        "{error}"
    );
    assert!(error.to_string().contains("left as it is"), "{error}");
    assert!(
        files(path)
            .add(&entry("demo"), CurrentContext::Keep)
            .is_err()
    );
    assert!(files(path).use_context("a").is_err());
    assert_eq!(fs::read(path).unwrap_or_default(), before);
    assert_eq!(folder.names(), names);
    error
}

#[test]
fn what_can_not_be_understood_is_refused_with_its_place() {
    for (text, line, column) in [
        ("a: b\nclusters:\n- name: [\n", 4, 1),
        ("a: b\n\tc: d\n", 1, 4),
        ("- a\n", 1, 1),
        ("text", 1, 1),
        ("kind: Pod\n", 1, 7),
        ("apiVersion: v2\n", 1, 13),
        ("kind: Config\nclusters: {a: b}\n", 2, 11),
        ("users:\n- a\n", 2, 3),
        ("contexts: text\n", 1, 11),
        ("current-context: [a]\n", 1, 18),
        ("ünï: [}\n", 1, 7),
    ] {
        let folder = Folder::new();
        let path = folder.write("config", text);
        let error = refused(&folder, &path);
        assert!(
            matches!(error, Error::Invalid { .. }),
            "{text:?}: {error:?}"
        );
        let place = error.place().unwrap();
        assert_eq!(
            (place.line, place.column),
            (line, column),
            "{text:?}: {error}"
        );
        assert!(
            error
                .to_string()
                .contains(&format!("config:{line}:{column}: ")),
            "{error}"
        );
        assert!(files(&path).remove("demo").is_err());
        assert!(files(&path).contexts().is_err());
    }
}

#[test]
fn what_can_not_be_edited_with_certainty_is_refused_with_its_place() {
    for (text, line, column) in [
        ("a: b\n---\nc: d\n", 2, 1),
        ("clusters: []\nusers: []\nclusters: []\n", 3, 1),
        ("a: &a {kind: Config}\n<<: *a\n", 2, 1),
        ("a: b\rc: d\r", 1, 5),
        ("# a\nä: \u{2028}b\n", 2, 4),
        ("%ä x\n---\na: b\n", 2, 1),
        ("clusters:\n  null\n", 2, 3),
        ("x: &l\n- name: a\nclusters: *l\n", 3, 11),
        ("clusters: &l\n- name: a\nx: *l\n", 1, 11),
        ("users: !!seq\n- name: a\n", 1, 8),
        ("current-context: |\n  a\n", 2, 3),
        ("x: &n a\ncurrent-context: *n\n", 2, 18),
    ] {
        let folder = Folder::new();
        let path = folder.write("config", text);
        let before = folder.names();
        let error = add(&path).unwrap_err();
        assert!(
            matches!(error, Error::Unsupported { .. }),
            "{text:?}: {error:?}"
        );
        if !text.contains("current-context") {
            assert!(files(&path).rehearse_add().is_err(), "{text:?}");
        }
        let place = error.place().unwrap();
        assert_eq!(
            (place.line, place.column),
            (line, column),
            "{text:?}: {error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(folder.names(), before);
    }
}

#[test]
fn what_is_no_text_file_is_refused() {
    let folder = Folder::new();
    let path = folder.write("config", b"a: b\nc: \xff\xfe\n");
    let error = refused(&folder, &path);
    assert!(
        error.to_string().contains("not UTF-8 text (line 2)"),
        "{error}"
    );

    let path = folder.write("config", b"\xff\xfea\0:\0");
    assert!(refused(&folder, &path).to_string().contains("not UTF-8"));

    let path = folder.write("config", vec![b'#'; 17 << 20]);
    assert!(
        refused(&folder, &path)
            .to_string()
            .contains("larger than 16 MiB")
    );

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(
        refused(&folder, &path)
            .to_string()
            .contains("it is a folder")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_no_regular_file_is_never_waited_for() {
    let folder = Folder::new();
    let path = folder.path("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let error = add(&path).unwrap_err();
    assert!(error.to_string().contains("no regular file"), "{error}");

    // A habit for "no kubeconfig at all".
    let null = files(Path::new("/dev/null"));
    assert!(null.contexts().unwrap().is_empty());
    assert_eq!(null.remove("demo").unwrap(), kubeconfig::Removed::default());
    assert!(matches!(
        null.add(&entry("demo"), CurrentContext::Keep),
        Err(Error::Unreadable { .. } | Error::Unwritable { .. })
    ));
    assert!(!Path::new("/dev/null.lock").exists());
}

#[test]
fn a_byte_order_mark_stays() {
    let folder = Folder::new();
    let text = format!("\u{feff}{TEXT}");
    let path = folder.write("config", &text);
    add(&path).unwrap();
    assert!(fs::read_to_string(&path).unwrap().starts_with(&text[..20]));
    files(&path).remove("demo").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_read_only_file_is_not_replaced() {
    let folder = Folder::new();
    let path = folder.write("config", TEXT);
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let error = refused(&folder, &path);
    assert!(matches!(error, Error::Unwritable { .. }), "{error:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_reported() {
    let error = add(Path::new("/sys/config")).unwrap_err();
    assert!(matches!(error, Error::Unwritable { .. }), "{error:?}");
}

#[test]
fn nothing_is_written_where_nothing_changes() {
    let folder = Folder::new();
    let path = folder.write("config", TEXT);
    add(&path).unwrap();
    let before = fs::metadata(&path).unwrap();
    add(&path).unwrap();
    files(&path).remove("not there").unwrap();
    files(&path).use_context("demo").unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!(
        (before.ino(), before.mtime_nsec()),
        (after.ino(), after.mtime_nsec())
    );
}

#[test]
fn what_a_killed_writer_left_is_swept_away() {
    let folder = Folder::new();
    let path = folder.write("config", TEXT);
    folder.write(".config.apple-k8s-new-99999-0", "half");
    folder.write(".other.apple-k8s-new-99999-0", "not ours to judge");
    add(&path).unwrap();
    assert_eq!(folder.names(), [".other.apple-k8s-new-99999-0", "config"]);
}
