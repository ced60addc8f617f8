//! Randomness: the only place where the program rolls dice.
//!
//! Owns: unguessable bytes from the operating system, and cheap fractions for jitter. Refuses: any
//! other use of the cheap ones; whatever must not be guessed is made of [`bytes()`].
//!
//! # Why a missing source of randomness is a panic
//! A key, salt or nonce made of anything else is worse than no answer at all. No caller could do
//! anything sensible with such an error, and on the systems that hookpost runs on it means a
//! broken kernel.

use std::cell::Cell;

/// `N` bytes from the operating system's generator, fit for keys, salts and nonces.
///
/// # Panics
/// If the operating system has no randomness to give.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A fraction from 0 (included) to 1 (excluded), evenly spread, for jitter. Costs a few
/// nanoseconds and no system call; whoever sees enough of them can predict the next.
#[must_use]
pub fn fraction() -> f64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(u64::from_le_bytes(bytes()));
    }
    let random = STATE.with(|state| {
        let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        split_mix(next)
    });
    // The upper 53 bits are exactly what the mantissa of a double can hold.
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

/// The output function of SplitMix64 (Steele, Lea and Flood, 2014).
fn split_mix(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_differ_from_call_to_call() {
        assert_ne!(bytes::<32>(), bytes::<32>());
    }

    #[test]
    fn fractions_stay_in_range_and_spread_evenly() {
        let mut tenths = [0_u32; 10];
        for _ in 0..100_000 {
            let fraction = fraction();
            assert!((0.0..1.0).contains(&fraction), "{fraction}");
            tenths[(fraction * 10.0) as usize] += 1;
        }
        // A fair tenth holds 10,000 with a standard deviation of 95; 600 is beyond six of them.
        assert!(tenths.iter().all(|count| count.abs_diff(10_000) < 600));
    }

    #[test]
    fn the_generator_gives_the_published_first_value() {
        assert_eq!(split_mix(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
    }
}
