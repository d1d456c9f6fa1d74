//! The current context.

use std::ops::Range;

use super::block::{EMPTY_MARK, strip_mark};
use super::splice::{Lines, Splices};
use super::{Document, Fault};
use crate::yaml::{self, Layout, Node, Style, Value, line_end, line_start};

const KEY: &str = "current-context";
/// Says that the whole line is ours; needed only where the name has to be in quotes.
const ADDED_MARK: &str = " #added";

impl Document<'_> {
    /// Writes the current context in the manner of what is there.
    pub(super) fn set_current(&self, name: &str, splices: &mut Splices<'_>) -> Result<(), Fault> {
        let top = self.top()?;
        let Some((key, value)) = top.pair(KEY) else {
            return match top.layout {
                Layout::Flow => self.new_flow_pair(KEY, &yaml::quote_double(name), splices),
                Layout::Block { column } => {
                    let at = self.new_key_place(column)?;
                    let mark = if yaml::is_plain_text(name) {
                        ""
                    } else {
                        ADDED_MARK
                    };
                    let (name, line_break) = (yaml::write(name), splices.line_break(at));
                    splices.insert_lines(
                        at,
                        Lines::Key,
                        format!("{:column$}{KEY}: {name}{mark}{line_break}", ""),
                    );
                    Ok(())
                }
            };
        };
        let style = self.scalar_style(value)?;
        let span = value.span.clone();
        let written = match style {
            Style::DoubleQuoted => yaml::quote_double(name),
            Style::SingleQuoted => yaml::quote_single(name),
            _ if self.is_flow() => yaml::quote_double(name),
            _ if span.is_empty() => {
                let colon = self.colon_end(key)?;
                splices.replace(colon..colon, format!(" {}{EMPTY_MARK}", yaml::write(name)));
                return Ok(());
            }
            _ if value.is_null() => {
                format!("{} #{}", yaml::write(name), &self.text[span.clone()])
            }
            _ => yaml::write(name),
        };
        splices.replace(span, written);
        Ok(())
    }

    /// Takes the current context out, leaving what was there before [`Self::set_current`].
    pub(super) fn clear_current(&self, splices: &mut Splices<'_>) -> Result<(), Fault> {
        let top = self.top()?;
        let Some((key, value)) = top.pair(KEY) else {
            return Ok(());
        };
        let style = self.scalar_style(value)?;
        let emptied = if style == Style::SingleQuoted {
            "''"
        } else {
            "\"\""
        };
        let before = if splices.keep_keys {
            None
        } else {
            self.before_set(key, value, style)?
        };
        let (range, with) = before.unwrap_or((value.span.clone(), emptied));
        splices.replace(range, with);
        Ok(())
    }

    /// What to put back, and where, if [`Self::set_current`] put the name where there was none.
    fn before_set(
        &self,
        key: &Node,
        value: &Node,
        style: Style,
    ) -> Result<Option<(Range<usize>, &'static str)>, Fault> {
        let name = value.as_str().unwrap_or_default();
        let plain = yaml::is_plain_text(name);
        // A name in quotes it does not need was in quotes before: a comment behind it is no mark.
        if self.is_flow() || style == Style::SingleQuoted || style == Style::DoubleQuoted && plain {
            return Ok(None);
        }
        let Range { start, end } = value.span;
        let rest = &self.text[end..line_end(self.text, end)];
        let colon = self.colon_end(key)?;
        if let Some(mark) = strip_mark(rest, EMPTY_MARK) {
            return Ok(Some((colon..end + mark, "")));
        }
        for (null, mark) in [
            ("null", " #null"),
            ("~", " #~"),
            ("Null", " #Null"),
            ("NULL", " #NULL"),
        ] {
            if let Some(mark) = strip_mark(rest, mark) {
                return Ok(Some((start..end + mark, null)));
            }
        }
        let added = if plain {
            Some(0)
        } else {
            strip_mark(rest, ADDED_MARK)
        };
        let alone = added.is_some_and(|mark| rest[mark..].trim_matches(yaml::is_blank).is_empty());
        let one_line = !self.text[key.span.start..end].contains('\n');
        let line = line_start(self.text, key.span.start)..end + rest.len();
        Ok((alone && one_line).then_some((line, "")))
    }

    fn scalar_style(&self, value: &Node) -> Result<Style, Fault> {
        self.guard(value)?;
        match value.value {
            Value::Scalar(_, style)
                if style != Style::Block && value.anchor == 0 && value.tag.is_none() =>
            {
                Ok(style)
            }
            _ => Err(Fault::unsupported(
                value.place,
                "current-context is written in an unusual way",
            )),
        }
    }
}
