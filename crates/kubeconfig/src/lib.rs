//! Lossless, locked, atomic edits of kubeconfig files.
