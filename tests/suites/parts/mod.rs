//! Parts of the suites, by what they are about.
#![allow(dead_code)] // no suite uses all of them

pub(crate) mod access;
pub(crate) mod images;
pub(crate) mod network;
pub(crate) mod storage;
