//! From the tree to the cluster: fields, types and keywords. What values mean together is
//! checked afterwards (`check`).

mod field;
mod gates;
mod kind;
mod problems;
mod similar;
mod v1alpha1;
mod value;

use std::path::Path;

pub(crate) use field::{Fields, Item, Keyword};
pub(crate) use problems::{Dialect, Problems};
pub(crate) use similar::did_you_mean;

use crate::source::{Places, Source};
use crate::yaml::{self, Content, Fault, Tree};
use crate::{Cluster, SpecError};

/// `apiVersion` of our own format.
pub(crate) const API_VERSION: &str = "apple-k8s.dev/v1alpha1";

/// `apiVersion` of kind's format.
pub(crate) const KIND_API_VERSION: &str = "kind.x-k8s.io/v1alpha4";

/// Reads a text. The cluster is only good when the problems hold no error; where there is one,
/// a default stands for what could not be read.
pub(crate) fn read(bytes: &[u8], base_dir: &Path) -> (Option<Cluster>, Problems) {
    let source = match Source::new(bytes) {
        Ok(source) => source,
        Err(error) => return (None, Problems::only(bytes, error)),
    };
    let mut faults = Vec::new();
    let (tree, fatal) = match yaml::read(&source, &mut faults) {
        Ok(tree) => (tree, None),
        Err(fault) => (None, Some(fault)),
    };
    let broken = fatal.is_some();
    let mut problems = Problems::new(Places::new(source, tree.clone()), dialect(tree.as_ref()));
    for fault in faults.into_iter().chain(fatal) {
        problems.error(yaml_error(fault));
    }
    match tree {
        _ if broken => (None, problems),
        None => {
            problems.error(empty());
            (None, problems)
        }
        Some(tree) => {
            let cluster = document(&tree, base_dir, &mut problems);
            (cluster, problems)
        }
    }
}

fn empty() -> SpecError {
    SpecError::new("", "the file is empty").expected(format!(
        "a Cluster: apiVersion {API_VERSION}, kind Cluster, metadata, spec"
    ))
}

fn yaml_error(fault: Fault) -> SpecError {
    let mut error = SpecError::new("", fault.message);
    error.place = Some(fault.place);
    error.hint = fault.hint.map(str::to_owned);
    error
}

/// The format, by `apiVersion`; where that is missing or unknown, by the fields.
fn dialect(tree: Option<&Tree>) -> Dialect {
    let Some(tree) = tree else {
        return Dialect::Own;
    };
    match tree.get("apiVersion").and_then(Tree::as_text) {
        Some(API_VERSION) => Dialect::Own,
        Some(version) if version.starts_with("kind.") => Dialect::Kind,
        _ if tree.get("spec").is_none() && tree.get("metadata").is_none() => {
            let of_kind = tree.get("nodes").is_some() || tree.get("networking").is_some();
            if of_kind { Dialect::Kind } else { Dialect::Own }
        }
        _ => Dialect::Own,
    }
}

fn document(tree: &Tree, base_dir: &Path, problems: &mut Problems) -> Option<Cluster> {
    if !matches!(tree.content, Content::Map(_)) {
        problems.error(SpecError::new("", "this is no Cluster").expected("a mapping of fields"));
        return None;
    }
    let mut fields = Fields::of(String::new(), tree)?;
    read_header(&mut fields, problems);
    Some(match problems.dialect() {
        Dialect::Own => v1alpha1::read(fields, base_dir, problems),
        Dialect::Kind => kind::read(fields, base_dir, problems),
    })
}

/// Checks `apiVersion` and `kind`.
fn read_header(fields: &mut Fields<'_>, problems: &mut Problems) {
    let accepted = match problems.dialect() {
        Dialect::Own => [API_VERSION, KIND_API_VERSION],
        Dialect::Kind => [KIND_API_VERSION, API_VERSION],
    };
    for (name, accepted) in [("apiVersion", &accepted[..]), ("kind", &["Cluster"])] {
        let Some(item) = fields.require(name, &accepted.join(" or "), problems) else {
            continue;
        };
        let Some(text) = item.text(problems) else {
            continue;
        };
        if !accepted.contains(&text.as_str()) {
            let error = SpecError::new(&item.path, format!("unknown {name} {text:?}"))
                .value(&text)
                .expected(accepted.join(" or "));
            problems.error(did_you_mean(error, &text, accepted));
        }
    }
}
