//! What the system knows of a process: memory, time on a processor, how often it woke.

use std::time::Duration;

use anyhow::{Context, Result};

/// Clock ticks a second in `/proc`, on every Linux.
const TICKS: u32 = 100;

/// A process by its number.
#[derive(Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// A memory figure in MiB: `VmRSS` now, `VmHWM` at its peak.
    pub fn memory_mib(self, figure: &str) -> Result<u64> {
        Ok(self.memory_kib(figure)? / 1024)
    }

    /// As [`Process::memory_mib`], in KiB.
    pub fn memory_kib(self, figure: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0))?;
        number_of(&status, figure)
    }

    /// Lets the peak of memory begin anew.
    pub fn forget_peak(self) -> Result<()> {
        const RESET_PEAK: &str = "5";
        Ok(std::fs::write(
            format!("/proc/{}/clear_refs", self.0),
            RESET_PEAK,
        )?)
    }

    /// Time on a processor so far, in the program and in the system for it.
    pub fn cpu(self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        let fields = stat.rsplit_once(')').context("a name in brackets")?.1;
        let ticks = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| Ok(field.parse::<u32>()?));
        let ticks: u32 = ticks.sum::<Result<u32>>()?;
        Ok(Duration::from_secs(1) / TICKS * ticks)
    }

    /// How often any of its threads went to sleep by itself so far.
    pub fn sleeps(self) -> Result<u64> {
        let mut sleeps = 0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.0))? {
            let status = std::fs::read_to_string(thread?.path().join("status"))?;
            sleeps += number_of(&status, "voluntary_ctxt_switches")?;
        }
        Ok(sleeps)
    }
}

fn number_of(status: &str, figure: &str) -> Result<u64> {
    let line = status.lines().find(|line| line.starts_with(figure));
    let value = line.context("a known figure")?.split_whitespace().nth(1);
    Ok(value.context("a number")?.parse()?)
}
