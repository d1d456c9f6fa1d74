//! Apple's container command line on Linux, over podman.

fn main() {}
