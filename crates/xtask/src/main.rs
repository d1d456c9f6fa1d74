//! Developer tasks: setup, sample image, benchmark.

fn main() {}
