//! Typed client of Apple's container command.
