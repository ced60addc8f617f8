//! Turning measurements into figures: percentiles, units, the machine's name.

use std::time::Duration;

/// The value that the share `quantile` of sorted `values` does not exceed.
pub fn percentile(values: &[Duration], quantile: f64) -> Duration {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a short list"
    )]
    let index = (values.len().saturating_sub(1) as f64 * quantile).round() as usize;
    values.get(index).copied().unwrap_or_default()
}

/// A duration in milliseconds with two digits.
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

/// Cores and processor, as the system names them.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    format!("{cores} cores, {name}")
}
