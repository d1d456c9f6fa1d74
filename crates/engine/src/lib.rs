//! Clusters: create, delete, start, stop, load, observe.
