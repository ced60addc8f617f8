//! Charts, drawn by the server: the same for who has no script, and within a few KiB.
//!
//! Owns: stacked bars of outcomes, lines of answer times, their axes, their words and tables.
//! Refuses: choosing what is charted.
//!
//! # Why the numbers beside a drawing are not in it
//! A drawing is stretched to the room it has, and text in it would be stretched along: too small on
//! a phone, too large on a wall. So the drawing holds shapes only.

mod axis;
mod bars;
mod lines;

pub use bars::{BARS_MAX, Bars};
pub use lines::Lines;
