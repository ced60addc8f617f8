//! The disk: everything that hookpost must still know after the power has gone.

pub mod vault;
