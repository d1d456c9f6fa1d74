//! Builds the node image from its recipe with container build.
