//! The fuzz target's function, on the corpus, on mutilated pieces of it and on random kubeconfigs.

mod common;
#[path = "../fuzz/target.rs"]
mod target;

use common::corpus;
use proptest::prelude::*;

#[test]
fn the_corpus_holds() {
    for (_, text) in corpus() {
        target::edit(text.as_bytes());
    }
}

#[test]
fn every_beginning_of_the_corpus_holds() {
    for (_, text) in corpus() {
        for end in (0..text.len()).step_by(7) {
            target::edit(&text.as_bytes()[..end]);
        }
    }
}

/// Pieces that YAML and kubeconfigs are made of.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "clusters:",
        "contexts:",
        "users:",
        "current-context:",
        "kind: Config",
        "apiVersion: v1",
        "name: demo",
        "name: a",
        "cluster:",
        "context:",
        "user: {}",
        "{name: a, user: {}}",
        "[]",
        "[",
        "]",
        "{",
        "}",
        ",",
        "null",
        "~",
        "- ",
        "-",
        ": ",
        ":",
        "\n",
        "\n",
        "\n",
        "\n\n",
        "\r\n",
        "  ",
        "  ",
        "    ",
        "\t",
        "# c",
        " #null",
        " #empty",
        "#[]",
        " #added",
        "\"",
        "'",
        "\"\"",
        "''",
        "&a ",
        "*a",
        "!!str ",
        "<<: *a",
        "|\n",
        ">-\n",
        "|+\n",
        "---\n",
        "...\n",
        "? ",
        "é",
        "☸",
        "\u{2028}",
        "\\",
        "%YAML 1.2\n",
        "demo",
        "\u{feff}",
    ];
    prop_oneof![
        20 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ]
}

/// As many as `PROPTEST_CASES` says, and never few.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(1000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_in_any_order_hold(pieces in prop::collection::vec(piece(), 0..40)) {
        target::edit(pieces.concat().as_bytes());
    }

    #[test]
    fn any_text_holds(text in "\\PC{0,200}") {
        target::edit(text.as_bytes());
    }

    #[test]
    fn a_corpus_file_with_pieces_in_it_holds(
        file in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, piece()), 1..6),
    ) {
        let files = corpus();
        let mut text: Vec<char> = file.get(&files).1.chars().collect();
        for (at, cut, piece) in edits {
            let start = at.index(text.len() + 1);
            let end = (start + cut).min(text.len());
            text.splice(start..end, piece.chars());
        }
        target::edit(text.into_iter().collect::<String>().as_bytes());
    }
}
