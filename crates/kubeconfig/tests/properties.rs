//! Kubeconfigs as people write them, at random: what edits promise holds for all of them.

mod common;

use common::entry;
use kubeconfig::Document;
use proptest::prelude::*;
use proptest::sample::select;

/// How a list is written.
#[derive(Clone, Debug)]
enum List {
    Missing,
    Empty(&'static str),
    Block {
        indent: usize,
        items: Vec<Item>,
    },
    Flow {
        items: Vec<Item>,
        lines: bool,
        comma: bool,
    },
}

#[derive(Clone, Debug)]
struct Item {
    name: String,
    quote: &'static str,
    /// Fields of its content; the name comes first or last.
    fields: Vec<(String, String)>,
    name_first: bool,
    comment: Option<String>,
    above: Option<String>,
    blank: bool,
}

#[derive(Clone, Debug)]
struct Config {
    start: &'static str,
    lists: [List; 3],
    current: Option<String>,
    extra: Vec<String>,
    order: Vec<usize>,
    comments: Vec<Option<String>>,
    crlf: bool,
    final_break: bool,
    end: &'static str,
}

fn comment() -> impl Strategy<Value = Option<String>> {
    let text = select(vec![
        "# c",
        "#",
        "# - name: demo",
        "#: {",
        "# clusters:",
        "# it's \"x\" ☸",
    ]);
    prop::option::weighted(0.3, text.prop_map(str::to_owned))
}

fn item() -> impl Strategy<Value = Item> {
    let value = select(vec![
        "https://a.example.com:6443",
        "\"a # b\"",
        "'it''s'",
        "{a: b}",
        "[a, \"b\"]",
        "true",
        "3",
        "ünï",
        "~",
        "a/b=c",
    ]);
    let fields = prop::collection::vec(
        (
            select(vec!["server", "token", "x-y", "cluster", "\"user\""]),
            value,
        ),
        1..4,
    );
    (
        "[a-c]{1,3}",
        select(vec!["", "\"", "'"]),
        fields,
        any::<bool>(),
        comment(),
        comment(),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(name, quote, fields, name_first, comment, above, blank)| {
            let mut fields: Vec<_> = fields
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect();
            fields.sort();
            fields.dedup_by(|a, b| a.0 == b.0);
            Item {
                name,
                quote,
                fields,
                name_first,
                comment,
                above,
                blank,
            }
        })
}

fn list() -> impl Strategy<Value = List> {
    let items = || prop::collection::vec(item(), 1..4);
    prop_oneof![
        Just(List::Missing),
        select(vec!["", "null", "~", "[]", "[ ]", "Null", "NULL"]).prop_map(List::Empty),
        (select(vec![0, 2, 4]), items()).prop_map(|(indent, items)| List::Block { indent, items }),
        (items(), any::<bool>(), any::<bool>()).prop_map(|(items, lines, comma)| List::Flow {
            items,
            lines,
            comma
        }),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let current = prop::option::of(
        select(vec![
            "a", "\"\"", "''", "", "null", "~", "\"b c\"", "'it''s'",
        ])
        .prop_map(str::to_owned),
    );
    let extra = select(vec![
        "apiVersion: v1",
        "preferences: {}",
        "extensions:\n- name: e\n  extension:\n    a: |\n      # text\n\n      more\n",
        "x-note: >-\n  folded\n  text",
        "x-keep: |+\n  kept\n\n",
        "\"x\" : 'y'",
    ]);
    (
        select(vec!["", "---\n", "# top\n", "\n", "%YAML 1.2\n---\n"]),
        [list(), list(), list()],
        current,
        prop::collection::vec(extra.prop_map(str::to_owned), 0..3),
        Just((0..8).collect::<Vec<usize>>()).prop_shuffle(),
        prop::collection::vec(comment(), 8),
        any::<bool>(),
        any::<bool>(),
        select(vec!["", "# end\n", "\n\n", "...\n", "  # deep end\n"]),
    )
        .prop_map(
            |(start, lists, current, extra, order, comments, crlf, final_break, end)| Config {
                start,
                lists,
                current,
                extra,
                order,
                comments,
                crlf,
                final_break,
                end,
            },
        )
}

impl Item {
    fn name(&self) -> String {
        format!("{0}{1}{0}", self.quote, self.name)
    }

    fn block(&self, content: &str, indent: usize) -> String {
        let pad = " ".repeat(indent);
        let comment = self
            .comment
            .as_deref()
            .map(|c| format!("   {c}"))
            .unwrap_or_default();
        let mut lines = Vec::new();
        if self.name_first {
            lines.push(format!("name: {}{comment}", self.name()));
        }
        lines.push(format!("{content}:{comment}"));
        lines.extend(
            self.fields
                .iter()
                .map(|(key, value)| format!("  {key}: {value}{comment}")),
        );
        if !self.name_first {
            lines.push(format!("name: {}{comment}", self.name()));
        }
        let mut text = String::new();
        if let Some(above) = &self.above {
            text.extend([pad.as_str(), above, "\n"]);
        }
        for (index, line) in lines.iter().enumerate() {
            text.extend([
                pad.as_str(),
                if index == 0 { "- " } else { "  " },
                line,
                "
",
            ]);
        }
        if self.blank {
            text += "\n";
        }
        text
    }

    fn flow(&self, content: &str) -> String {
        let fields: Vec<_> = self
            .fields
            .iter()
            .map(|(k, v)| format!("{k}: {v}"))
            .collect();
        format!(
            "{{name: {}, {content}: {{{}}}}}",
            self.name(),
            fields.join(", ")
        )
    }
}

impl List {
    fn write(&self, key: &str, comment: &str) -> String {
        let content = key.trim_end_matches('s');
        match self {
            Self::Missing => String::new(),
            Self::Empty("") => format!("{key}:{comment}\n"),
            Self::Empty(value) => format!("{key}: {value}{comment}\n"),
            Self::Block { indent, items } => {
                let items: String = items
                    .iter()
                    .map(|item| item.block(content, *indent))
                    .collect();
                format!("{key}:{comment}\n{items}")
            }
            Self::Flow {
                items,
                lines,
                comma,
            } => {
                let items: Vec<_> = items.iter().map(|item| item.flow(content)).collect();
                let comma = if *comma { "," } else { "" };
                if *lines {
                    format!("{key}: [\n  {}{comma}\n]{comment}\n", items.join(",\n  "))
                } else {
                    format!("{key}: [{}{comma}]{comment}\n", items.join(", "))
                }
            }
        }
    }
}

impl Config {
    fn text(&self) -> String {
        let comment = |index: usize| {
            self.comments[index]
                .as_ref()
                .map(|c| format!("   {c}"))
                .unwrap_or_default()
        };
        let mut parts = Vec::new();
        for (index, key) in ["clusters", "contexts", "users"].into_iter().enumerate() {
            parts.push(self.lists[index].write(key, &comment(index)));
        }
        if let Some(current) = &self.current {
            parts.push(
                format!("current-context: {current}").trim_end().to_owned() + &comment(3) + "\n",
            );
        }
        let mut extra = self.extra.clone();
        extra.sort();
        extra.dedup();
        parts.extend(extra.into_iter().map(|text| text + "\n"));
        let mut text = self.start.to_owned();
        for index in self.order.iter().filter(|index| **index < parts.len()) {
            text += &parts[*index];
            if let Some(comment) = self.comments[4 + index % 4].as_ref() {
                text.extend([comment, "\n"]);
            }
        }
        text += self.end;
        if !self.final_break && text.ends_with('\n') {
            text.pop();
        }
        if self.crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        }
    }
}

/// Lines of `text`, without their breaks, that are not in `other` in this order.
fn missing<'t>(text: &'t str, other: &str) -> Vec<&'t str> {
    let mut rest = other.lines();
    text.lines()
        .filter(|line| {
            !rest.clone().any(|other| other == *line) || !rest.any(|other| other == *line)
        })
        .collect()
}

/// As many as `PROPTEST_CASES` says, and never few.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_added_goes_without_a_trace(config in config(), name in select(vec!["demo", "on", "x y"])) {
        let text = config.text();
        let document = Document::parse(&text).map_err(|fault| {
            TestCaseError::fail(format!("not understood: {fault}\n{text}"))
        })?;
        let added = document.with_entry(&entry(name)).map_err(|fault| {
            TestCaseError::fail(format!("not edited: {fault}\n{text}"))
        })?;
        let removed = Document::parse(&added).unwrap().without(name).unwrap_or_else(|fault| panic!("{fault}\n{added}"));
        prop_assert_eq!(&removed, &text, "by way of:\n{}", added);

        if document.current_context().is_none() {
            let set = Document::parse(&added).unwrap().with_current_context(name).unwrap();
            let removed = Document::parse(&set).unwrap().without(name).unwrap();
            prop_assert_eq!(&removed, &text, "by way of:\n{}", set);
        }
    }

    /// All lines stay, but for those of a list that was empty or in brackets, and those go on.
    #[test]
    fn other_lines_stay_as_they_are(config in config()) {
        let text = config.text();
        let added = Document::parse(&text).unwrap().with_entry(&entry("demo")).unwrap();
        let changed = missing(&text, &added);
        let may_change = config.lists.iter().filter(|list| matches!(list, List::Empty(_) | List::Flow { .. })).count();
        prop_assert!(changed.len() <= may_change, "{changed:?} of:\n{text}\nare not in:\n{added}");
        for line in changed {
            let (head, comment) = line.split_once("   #").unwrap_or((line, ""));
            let start = head.trim_end_matches([']', '}', ',', ' ']);
            let kept = added.lines().any(|other| {
                let start = start.trim_end_matches("null").trim_end_matches("NULL").trim_end_matches("Null").trim_end_matches(['~', '[', ' ']);
                other.starts_with(start) && other.ends_with(comment)
            });
            prop_assert!(kept, "{line:?} is lost in:\n{added}");
        }
    }

    /// An entry of the same name is replaced where it stands, in whatever manner it is written.
    #[test]
    fn an_entry_of_the_same_name_is_replaced_in_place(config in config(), pick in any::<prop::sample::Index>()) {
        let text = config.text();
        let mut names: Vec<_> = config
            .lists
            .iter()
            .flat_map(|list| match list {
                List::Block { items, .. } | List::Flow { items, .. } => items.clone(),
                _ => Vec::new(),
            })
            .map(|item| item.name)
            .collect();
        names.push("demo".to_owned());
        let name = pick.get(&names);
        let added = Document::parse(&text).unwrap().with_entry(&entry(name)).unwrap();
        let again = Document::parse(&added).unwrap().with_entry(&entry(name)).unwrap();
        prop_assert_eq!(&again, &added);
        let without = |text: &str| match Document::parse(text).unwrap().without(name) {
            Ok(removed) => Ok(Some(removed)),
            // A blank line behind an entry would become content of the text before it.
            Err(fault) if fault.unsupported && text.contains("|+") => Ok(None),

            Err(fault) => Err(TestCaseError::fail(format!("{fault}\n{text}"))),
        };
        let (Some(removed), Some(directly)) = (without(&added)?, without(&text)?) else {
            return Ok(());
        };
        let comments = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
        prop_assert!(!Document::parse(&directly).unwrap().mentions(name));
        prop_assert!(!Document::parse(&removed).unwrap().mentions(name));
        prop_assert_eq!(comments(&directly), comments(&removed));
    }
}
