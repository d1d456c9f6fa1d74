//! Edits of real and odd files: what was added goes again to the byte, all else stays.

mod common;

use common::{corpus, entry};
use kubeconfig::Document;

/// Names that need quotes, and one that needs none.
const NAMES: [&str; 4] = ["apple-k8s-demo", "77", "with space", "it's \"quoted\""];

fn add(file: &str, text: &str, name: &str) -> String {
    let document = Document::parse(text).unwrap_or_else(|fault| panic!("{file}: {fault}"));
    document
        .with_entry(&entry(name))
        .unwrap_or_else(|fault| panic!("{file}: {fault}"))
}

fn remove(file: &str, text: &str, name: &str) -> String {
    let document = Document::parse(text).unwrap_or_else(|fault| panic!("{file}: {fault}\n{text}"));
    document
        .without(name)
        .unwrap_or_else(|fault| panic!("{file}: {fault}\n{text}"))
}

#[test]
fn adding_and_removing_gives_the_same_bytes() {
    for (file, text) in corpus() {
        for name in NAMES {
            let added = add(&file, &text, name);
            assert!(
                Document::parse(&added).unwrap().mentions(name),
                "{file}: not there:\n{added}"
            );
            assert_eq!(
                remove(&file, &added, name),
                text,
                "{file}, by way of:\n{added}"
            );
        }
    }
}

#[test]
fn several_entries_come_and_go_in_any_order() {
    for (file, text) in corpus() {
        let first = add(&file, &text, "first");
        let both = add(&file, &first, "second");
        assert_eq!(remove(&file, &both, "second"), first, "{file}");
        let second = remove(&file, &both, "first");
        assert_eq!(
            remove(&file, &second, "second"),
            text,
            "{file}, by way of:\n{second}"
        );
    }
}

#[test]
fn adding_takes_no_byte_away() {
    for (file, text) in corpus() {
        let added = add(&file, &text, "demo");
        let mut rest = added.chars();
        let kept = text.chars().all(|c| rest.any(|other| other == c));
        assert!(kept, "{file}:\n{added}");
    }
}

#[test]
fn comments_survive_every_edit() {
    let mut comments = 0;
    for (file, text) in corpus() {
        let added = add(&file, &text, "demo");
        let set = Document::parse(&added)
            .unwrap()
            .with_current_context("demo")
            .unwrap_or(added);
        for comment in text
            .lines()
            .filter_map(|line| Some(&line[line.find(" #")?..]))
        {
            assert!(set.contains(comment), "{file}: {comment} is lost:\n{set}");
            comments += 1;
        }
    }
    assert!(comments > 30, "too few comments: {comments}");
}

#[test]
fn adding_twice_changes_nothing() {
    for (file, text) in corpus() {
        let added = add(&file, &text, "demo");
        assert_eq!(add(&file, &added, "demo"), added, "{file}");
    }
}

#[test]
fn a_current_context_set_for_an_entry_goes_with_it() {
    let mut exact = 0;
    for (file, text) in corpus() {
        for name in NAMES {
            let added = add(&file, &text, name);
            let document = Document::parse(&added).unwrap();
            let set = match document.with_current_context(name) {
                Ok(set) => set,
                Err(fault) => {
                    assert!(file.starts_with("anchors"), "{file}: {fault}");
                    continue;
                }
            };
            assert_eq!(
                Document::parse(&set).unwrap().current_context(),
                Some(name),
                "{file}"
            );
            let removed = remove(&file, &set, name);
            let left = Document::parse(&removed).unwrap();
            assert_eq!(left.current_context(), None, "{file}");
            // Only a context that was current before can't come back.
            if Document::parse(&text).unwrap().current_context().is_none() {
                assert_eq!(removed, text, "{file}, by way of:\n{set}");
                exact += 1;
            }
        }
    }
    assert!(
        exact > 40,
        "the corpus has too few files without a current context: {exact}"
    );
}

/// Switching is of one value: nothing before it, nothing behind it changes.
#[test]
fn a_switch_changes_one_value_and_nothing_else() {
    let switch = |text: &str, name: &str| Document::parse(text).unwrap().with_current_context(name);
    let mut switched = 0;
    for (file, text) in corpus() {
        let document = Document::parse(&text).unwrap();
        let Some(before) = document.current_context().map(str::to_owned) else {
            continue;
        };
        for name in NAMES {
            let Ok(there) = switch(&text, name) else {
                assert!(file.starts_with("anchors"), "{file}");
                continue;
            };
            let same = text.bytes().zip(there.bytes());
            let start = same.take_while(|(old, new)| old == new).count();
            let behind = text.bytes().rev().zip(there.bytes().rev());
            let end = behind.take_while(|(old, new)| old == new).count();
            let changed = text.get(start..(text.len() - end).max(start)).unwrap();
            assert!(
                changed.len() <= before.len() + 2 && !changed.contains('\n'),
                "{file}: {changed:?} was changed:\n{there}"
            );
            let after = Document::parse(&there).unwrap();
            assert_eq!(after.current_context(), Some(name), "{file}");
            let back = switch(&there, &before).unwrap();
            let meant = Document::parse(&back).unwrap();
            assert_eq!(meant.current_context(), Some(before.as_str()), "{file}");
            // The name may be quoted in another way than before, and nothing else.
            let bare = |text: &str| text.replace(['"', '\''], "").replace("\\t", "\t");
            assert_eq!(bare(&back), bare(&text), "{file}, by way of:\n{there}");
            switched += 1;
        }
    }
    assert!(
        switched > 40,
        "too few files name a current context: {switched}"
    );
}

#[test]
fn every_context_of_the_corpus_can_be_removed_alone() {
    let mut removed = 0;
    for (file, text) in corpus() {
        let text = text.as_str();
        for name in [
            "a",
            "b",
            "one",
            "two",
            "prod",
            "minikube",
            "kind-kind",
            "日本",
            "a b",
        ] {
            let document = Document::parse(text).unwrap();
            if !document.mentions(name) {
                continue;
            }
            match document.without(name) {
                Ok(after) => {
                    let after_document = Document::parse(&after).unwrap();
                    assert!(
                        !after_document.mentions(name),
                        "{file} without {name}:\n{after}"
                    );
                    removed += 1;
                }
                // An alias may need what is to go.
                Err(fault) => assert!(fault.unsupported, "{file} without {name}: {fault}"),
            }
        }
    }
    assert!(removed > 15, "only {removed} removals worked");
}

/// A line that goes would join the blank lines below to the text above.
#[test]
fn blank_lines_do_not_become_content() {
    let text = "users:\n- name: last\n  user:\n    token: |+\ncurrent-context: demo\n\n\n";
    let removed = remove("text", text, "demo");
    assert_eq!(removed, text.replace("demo", "\"\""));
    let text = "x: |+\n  y\nusers:\n- name: demo\n\n";
    assert_eq!(remove("text", text, "demo"), "x: |+\n  y\nusers:\n\n");
}

#[test]
fn the_last_of_two_of_one_name_goes_from_a_text_without_a_last_line_break() {
    for line_break in ["\n", "\r\n"] {
        let text = "users:\n- name: demo\n  user: {}\n- name: demo\n  user: {}";
        let text = text.replace('\n', line_break);
        let added = add("text", &text, "demo");
        let users = added.split("clusters:").next().unwrap();
        assert_eq!(users.matches("name: demo").count(), 1, "{added}");
        assert!(!added.ends_with('\n') && !added.contains("\n\n"), "{added}");
        assert_eq!(remove("text", &added, "demo"), "");
    }
}
