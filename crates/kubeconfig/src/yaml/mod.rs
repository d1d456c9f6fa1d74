//! YAML as a tree that knows where in the text each node stands.

mod parse;
mod scalar;
mod tree;

pub(crate) use parse::{Parsed, is_blank, line_end, line_start, parse};
pub(crate) use scalar::{is_null, is_plain_text, quote_double, quote_single, write};
pub(crate) use tree::{Layout, Node, Style, Value, same};
