//! Wire formats as data.
