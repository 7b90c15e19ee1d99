//! The root package holds the end-to-end tests (see `tests/`); it exports nothing.
