//! Values of flags, with the exact texts of Apple's tool when they are wrong.

pub(crate) mod capability;
pub(crate) mod environment;
pub(crate) mod mount;
pub(crate) mod name;
pub(crate) mod network;
pub(crate) mod platform;
pub(crate) mod publish;
pub(crate) mod reference;
pub(crate) mod signal;
pub(crate) mod size;
pub(crate) mod user;
