//! What every generated VM shares at run time.
