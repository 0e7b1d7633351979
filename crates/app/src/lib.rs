//! Recado's use cases, one file each.
