//! The program apple-k8s.

fn main() {}
