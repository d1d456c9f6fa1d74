//! Cluster YAML: parsing, validation with line and column, JSON Schema.
