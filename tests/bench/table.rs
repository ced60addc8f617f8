//! Figures of several rounds, side by side: the medians of each.

use std::collections::HashMap;

/// What was measured, in the order in which each figure came first.
#[derive(Default)]
pub struct Table {
    names: Vec<&'static str>,
    values: HashMap<(&'static str, &'static str), Vec<f64>>,
}

impl Table {
    /// Takes a figure of one of the two in.
    pub fn note(&mut self, name: &'static str, of: &'static str, value: f64) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
        self.values.entry((name, of)).or_default().push(value);
    }

    /// Takes a figure in that only hookpost has.
    #[expect(clippy::cast_precision_loss, reason = "a figure needs no last digit")]
    pub fn note_count(&mut self, name: &'static str, value: usize) {
        self.note(name, "hookpost", value as f64);
    }

    /// Prints all of it, with the ratio where both have the figure.
    pub fn print(&self) {
        println!(
            "{:<50} {:>10} {:>10} {:>7}",
            "", "hookpost", "relay", "ratio"
        );
        for name in &self.names {
            let ours = self.median(name, "hookpost");
            let theirs = self.median(name, "relay");
            let shown = |value: Option<f64>, digits| {
                value.map_or_else(String::new, |value| format!("{value:.digits$}"))
            };
            let digits = if ours.is_some_and(|value| value < 100.0) {
                2
            } else {
                0
            };
            let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
            println!(
                "{name:<50} {:>10} {:>10} {:>7}",
                shown(ours, digits),
                shown(theirs, digits),
                shown(ratio, 2),
            );
        }
    }

    fn median(&self, name: &'static str, of: &'static str) -> Option<f64> {
        let mut values = self.values.get(&(name, of))?.clone();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }
}
