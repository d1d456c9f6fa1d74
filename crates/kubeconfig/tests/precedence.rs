//! Which files are meant, and what goes where among them: client-go's and kind's rules.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use common::entry;
use kubeconfig::{CurrentContext, Error, Files};

fn paths(explicit: Option<&str>, kubeconfig: Option<&str>, home: Option<&str>) -> Vec<String> {
    Files::resolve(
        explicit.map(Path::new),
        kubeconfig.map(OsStr::new),
        home.map(Path::new),
    )
    .unwrap()
    .paths()
    .iter()
    .map(|path| path.display().to_string())
    .collect()
}

#[test]
fn explicit_before_the_environment_before_home() {
    let home = Some("/home/me");
    for (explicit, kubeconfig, expected) in [
        (Some("/x"), Some("/a:/b"), vec!["/x"]),
        (Some("x"), None, vec!["x"]),
        (None, Some("/a"), vec!["/a"]),
        (None, Some("/a:/b:/c"), vec!["/a", "/b", "/c"]),
        (None, Some(":/a::/b:"), vec!["/a", "/b"]),
        (None, Some("/a:/b:/a:/b:/c"), vec!["/a", "/b", "/c"]),
        (None, Some("a b:~/c"), vec!["a b", "~/c"]),
        (None, Some(""), vec!["/home/me/.kube/config"]),
        (None, Some(":::"), vec!["/home/me/.kube/config"]),
        (None, None, vec!["/home/me/.kube/config"]),
    ] {
        assert_eq!(
            paths(explicit, kubeconfig, home),
            expected,
            "{explicit:?} {kubeconfig:?}"
        );
    }
    assert_eq!(paths(Some("/x"), None, None), ["/x"]);
    assert_eq!(paths(None, Some("/a"), None), ["/a"]);
    for home in [None, Some(Path::new(""))] {
        assert!(matches!(
            Files::resolve(None, None, home),
            Err(Error::NoHome)
        ));
    }
}

/// A folder with files, and the list of some of them.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn files(&self, names: &[&str]) -> Files {
        let list = std::env::join_paths(names.iter().map(|name| self.path(name))).unwrap();
        Files::resolve(None, Some(&list), None).unwrap()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

fn config(current: &str, contexts: &[&str]) -> String {
    let list = |content: &dyn Fn(&str) -> String| {
        let items: Vec<_> = contexts
            .iter()
            .map(|name| format!("- name: {name}\n  {}\n", content(name)))
            .collect();
        items.concat()
    };
    let contexts = list(&|name| format!("context: {{cluster: {name}, user: u}}"));
    let clusters = list(&|name| format!("cluster: {{server: \"https://{name}\"}}"));
    format!("current-context: \"{current}\"\ncontexts:\n{contexts}clusters:\n{clusters}")
}

#[test]
fn an_entry_goes_to_the_first_file_that_exists_else_the_last() {
    for (existing, expected) in [
        (&[][..], "c"),
        (&["a", "b", "c"][..], "a"),
        (&["b", "c"][..], "b"),
        (&["c"][..], "c"),
        (&["b"][..], "b"),
    ] {
        let texts: Vec<_> = existing.iter().map(|name| (*name, "")).collect();
        let case = Case::new(&texts);
        let files = case.files(&["a", "b", "c"]);
        assert_eq!(files.target(), case.path(expected), "{existing:?}");
        let added = files.add(&entry("demo"), CurrentContext::Keep).unwrap();
        assert_eq!(added.file, case.path(expected), "{existing:?}");
        assert!(case.text(expected).contains("name: demo"));
        for other in ["a", "b", "c"].iter().filter(|name| **name != expected) {
            assert_eq!(
                case.path(other).exists(),
                existing.contains(other),
                "{existing:?}"
            );
        }
    }
}

#[test]
fn the_first_of_two_contexts_and_of_two_current_ones_counts() {
    let one = config("", &["x", "y"]);
    let two = config("y", &["y", "z"]).replace("https://y", "https://second");
    let case = Case::new(&[("a", &one), ("b", &two), ("c", &config("z", &[]))]);
    let files = case.files(&["a", "missing", "b", "c"]);
    let contexts = files.contexts().unwrap();
    let seen: Vec<_> = contexts
        .iter()
        .map(|c| {
            (
                c.name.as_str(),
                c.server.as_deref().unwrap_or("-"),
                c.current,
                c.file.clone(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("x", "https://x", false, case.path("a")),
            ("y", "https://y", true, case.path("a")),
            ("z", "https://z", false, case.path("b")),
        ],
    );
    assert_eq!(files.current_context().unwrap().as_deref(), Some("y"));
}

#[test]
fn a_context_is_told_with_cluster_user_and_namespace() {
    let text = "contexts:\n- name: a\n  context: {cluster: c, user: u, namespace: n}\n- name: b\n";
    let case = Case::new(&[("a", text)]);
    let contexts = case.files(&["a"]).contexts().unwrap();
    let [a, b] = contexts.as_slice() else {
        panic!("{contexts:?}")
    };
    assert_eq!((a.cluster.as_str(), a.user.as_str()), ("c", "u"));
    assert_eq!(
        (a.namespace.as_deref(), a.server.as_deref()),
        (Some("n"), None)
    );
    assert_eq!(
        (b.cluster.as_str(), b.user.as_str(), b.namespace.as_deref()),
        ("", "", None)
    );
}

#[test]
fn the_current_context_changes_only_when_asked_to() {
    for (before, wish, expected, is_current) in [
        ("", CurrentContext::Keep, None, false),
        ("other", CurrentContext::Keep, Some("other"), false),
        ("demo", CurrentContext::Keep, Some("demo"), true),
        ("", CurrentContext::SetIfUnset, Some("demo"), true),
        ("other", CurrentContext::SetIfUnset, Some("other"), false),
        ("", CurrentContext::Set, Some("demo"), true),
        ("other", CurrentContext::Set, Some("demo"), true),
    ] {
        let case = Case::new(&[("a", &config(before, &["other"]))]);
        let files = case.files(&["a"]);
        let added = files.add(&entry("demo"), wish).unwrap();
        let what = format!("{before:?} {wish:?}");
        assert_eq!(
            files.current_context().unwrap().as_deref(),
            expected,
            "{what}"
        );
        assert_eq!(
            (added.current, added.replaced),
            (is_current, false),
            "{what}"
        );
        assert!(files.add(&entry("demo"), wish).unwrap().replaced);
    }
}

#[test]
fn the_current_context_is_written_to_the_file_that_holds_it() {
    let (one, two) = (config("", &["x"]), config("y", &["y"]));
    for (list, holder) in [(["a", "b"], "b"), (["b", "a"], "b")] {
        let case = Case::new(&[("a", &one), ("b", &two)]);
        let files = case.files(&list);
        assert_eq!(files.use_context("x").unwrap(), case.path(holder));
        assert_eq!(case.text("a"), one);
        assert_eq!(
            case.text("b"),
            two.replace("current-context: \"y\"", "current-context: \"x\"")
        );

        let added = files.add(&entry("demo"), CurrentContext::Set).unwrap();
        assert_eq!(added.file, case.path(list[0]));
        assert!(case.text("b").contains("current-context: \"demo\""));
        assert!(case.text("a").contains("current-context: \"\""));
        assert_eq!(files.current_context().unwrap().as_deref(), Some("demo"));

        let removed = files.remove("demo").unwrap();
        assert!(removed.was_current);
        assert_eq!(case.text("a"), one);
        assert_eq!(
            case.text("b"),
            two.replace("current-context: \"y\"", "current-context: \"\"")
        );
    }
    let case = Case::new(&[("b", &one)]);
    assert_eq!(
        case.files(&["a", "b"]).use_context("x").unwrap(),
        case.path("b")
    );
}

/// Contexts of others, in any of several files, with comments and fields that we know nothing of.
#[test]
fn a_switch_over_several_files_writes_one_value_in_one_of_them() {
    let foreign = "# mine\ncontexts:\n- name: work # do not touch\n  context: {cluster: w, user: w}\n\nextra: [1,   2]\n";
    let holder = "current-context:   home   # set by hand\r\ncontexts:\r\n- {name: home}\r\n";
    let ours = config("", &["apple-k8s-demo"]);
    for order in [["a", "b", "c"], ["c", "b", "a"], ["b", "a", "c"]] {
        let case = Case::new(&[("a", foreign), ("b", holder), ("c", &ours)]);
        let files = case.files(&order);
        for name in ["work", "apple-k8s-demo", "home", "home"] {
            assert_eq!(files.use_context(name).unwrap(), case.path("b"));
            assert_eq!(files.current_context().unwrap().as_deref(), Some(name));
            assert_eq!(
                (case.text("a").as_str(), case.text("c")),
                (foreign, ours.clone())
            );
            let text = case.text("b").replace('"', "");
            assert_eq!(text, holder.replace("  home ", &format!("  {name} ")));
        }
    }
}

#[test]
fn an_unknown_context_is_not_made_current() {
    let case = Case::new(&[("a", &config("x", &["x"]))]);
    let error = case.files(&["a", "b"]).use_context("nope").unwrap_err();
    let Error::NoContext { name, files } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((name.as_str(), files.len()), ("nope", 2));
    assert_eq!(case.text("a"), config("x", &["x"]));
}

#[test]
fn removal_is_from_all_files_and_of_nothing_else() {
    let case = Case::new(&[
        ("a", &config("x", &["x"])),
        ("b", ""),
        ("c", &config("demo", &["z"])),
    ]);
    for file in ["a", "b", "c"] {
        Files::from_env(Some(&case.path(file)))
            .unwrap()
            .add(&entry("demo"), CurrentContext::Keep)
            .unwrap();
    }
    let removed = case
        .files(&["a", "missing", "b", "c"])
        .remove("demo")
        .unwrap();
    assert_eq!(
        removed.files,
        [case.path("a"), case.path("b"), case.path("c")]
    );
    assert!(!removed.was_current, "the first file says x");
    assert_eq!(case.text("a"), config("x", &["x"]));
    assert_eq!(case.text("b"), "");
    assert_eq!(case.text("c"), config("", &["z"]));
    assert!(!case.path("missing").exists());

    let again = case.files(&["a", "b", "c"]).remove("demo").unwrap();
    assert_eq!(again, kubeconfig::Removed::default());
}

#[test]
fn one_broken_file_keeps_no_other_from_being_cleaned() {
    let case = Case::new(&[("a", "demo: ["), ("b", "")]);
    Files::from_env(Some(&case.path("b")))
        .unwrap()
        .add(&entry("demo"), CurrentContext::Keep)
        .unwrap();
    let error = case.files(&["a", "b"]).remove("demo").unwrap_err();
    assert_eq!(error.path(), Some(case.path("a").as_path()));
    assert_eq!(case.text("a"), "demo: [");
    assert_eq!(case.text("b"), "");
}

#[test]
fn new_credentials_take_the_place_of_old_ones_and_the_namespace_stays() {
    let text = "users:
- name: other   # first
  user: {}
- name: demo   # a note that goes with it
  user:
    token: old
- name: last
  user: {}
contexts:
- name: demo   # a note that stays
  context: {cluster: demo, user: demo, namespace: shop}
clusters:
- {name: demo, cluster: {server: \"https://old\", insecure-skip-tls-verify: true}}
";
    let case = Case::new(&[("a", text)]);
    let files = case.files(&["a"]);
    let added = files.add(&entry("demo"), CurrentContext::Keep).unwrap();
    assert!(added.replaced && !added.current);
    let after = case.text("a");
    let (before_user, _) = text.split_once("- name: demo").unwrap();
    assert!(
        after.starts_with(&format!("{before_user}- user:\n    client-cert")),
        "{after}"
    );
    assert!(
        after.contains("  name: demo\n- name: last\n  user: {}\ncontexts:\n- name: demo   # a")
    );
    assert!(
        !after.contains("old") && !after.contains("insecure"),
        "{after}"
    );
    let contexts = files.contexts().unwrap();
    let [demo] = contexts.as_slice() else {
        panic!("{contexts:?}")
    };
    assert_eq!(demo.namespace.as_deref(), Some("shop"));
    assert_eq!(demo.server.as_deref(), Some("https://127.0.0.1:6443"));
}
