//! Edits of real and odd files: what was added goes again to the byte, all else stays.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{corpus, entry};
use kubeconfig::Document;

/// Formats that can't say in a comment what an empty list was: their nulls come back as `[]`.
fn is_json(name: &str) -> bool {
    name.ends_with(".json")
}

#[test]
fn adding_and_removing_gives_the_same_bytes() {
    for (name, text) in corpus() {
        for context in ["apple-k8s-demo", "77", "with space", "it's \"quoted\""] {
            let added = Document::parse(&text)
                .expect(&name)
                .with_entry(&entry(context));
            let added = added.unwrap_or_else(|fault| panic!("{name}: {fault}"));
            let document = Document::parse(&added).expect(&name);
            assert!(
                document.mentions(context),
                "{name}: nothing was added:\n{added}"
            );
            let removed = document
                .without(context)
                .unwrap_or_else(|fault| panic!("{name}: {fault}\n{added}"));
            assert_eq!(removed, text, "{name} with {context}, by way of:\n{added}");
        }
    }
}
