//! The engine's side of a node: the lines exchanged with its node program.

pub(crate) mod protocol;
pub(crate) mod session;
