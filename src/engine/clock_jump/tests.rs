//! How a clock that is set is noticed, and whose rows are moved.

use super::*;

#[test]
fn small_corrections_are_followed_silently_and_never_add_up() {
    let watch = ClockWatch::new(0);
    for offset in (0..10_000).step_by(900) {
        assert!(!watch.was_set(offset));
    }
    assert!(watch.was_set(-100_000));
    let (by_ms, right) = watch.look(-100_000).unwrap();
    assert_eq!((by_ms, right.len()), (-109_900, 0));
}

#[test]
fn what_an_earlier_process_saw_tells_by_how_much_the_clock_was_set_and_how_long_nothing_ran() {
    let reading = |at: i64, offset_ms, boot: &str| ClockReading {
        at: Timestamp::from_millis(1_773_655_500_000 + at * 1000),
        offset_ms: offset_ms * 1000,
        boot: boot.to_owned(),
    };
    let hour = 3600;
    let month = 30 * 24 * hour;
    // What was seen, what is; by how much it was set, and the seconds in between.
    for (earlier, now, by, unwatched) in [
        (reading(0, 0, "a"), reading(20, 0, "a"), 0, 0),
        (reading(0, 0, "a"), reading(hour, 0, "a"), 0, hour),
        (
            reading(0, 0, "a"),
            reading(80 - hour, -hour, "a"),
            -hour,
            80,
        ),
        (
            reading(0, 7, "a"),
            reading(90 + month, 7 + month, "a"),
            month,
            90,
        ),
        (
            reading(0, 7, "a"),
            reading(-month, 7 - month, "a"),
            -month,
            0,
        ),
        (reading(0, 0, "a"), reading(month, 99, "b"), 0, month),
        (reading(0, 0, "a"), reading(-hour, 99, "b"), -hour, 0),
        (reading(0, 0, ""), reading(-hour, 0, ""), -hour, 0),
    ] {
        let watch = ClockWatch::new(now.offset_ms);
        watch.resume(Some(&earlier), &now);
        let found = watch.look(now.offset_ms).map_or(0, |(by_ms, _)| by_ms);
        assert_eq!(found, by * 1000, "{earlier:?} {now:?}");
        let unwatched = (unwatched > 0).then(|| Duration::from_secs(unwatched.unsigned_abs()));
        assert_eq!(watch.seen().unwatched, unwatched, "{earlier:?} {now:?}");
    }
}

#[test]
fn each_row_is_moved_once_whenever_its_attempt_is_recorded() {
    let watch = ClockWatch::new(0);
    let set_ms = 60_000;
    let started = [1, 2, 3].map(|seq| (seq, watch.started(seq)));
    let recorded = |(seq, started_on_ms), recorded_on_ms| {
        watch.recorded(seq, started_on_ms, Some(recorded_on_ms));
        set_by(started_on_ms, recorded_on_ms)
    };
    assert_eq!(recorded(started[0], 500), 0, "before the clock was set");
    assert_eq!(
        recorded(started[1], set_ms),
        set_ms,
        "before that was noticed"
    );
    assert_eq!(watch.look(set_ms), Some((set_ms, HashSet::from([2, 3]))));
    assert_eq!(recorded(started[2], set_ms), set_ms, "afterwards");
    let fourth = (4, watch.started(4));
    assert_eq!(recorded(fourth, set_ms), 0, "on the new clock");
    watch.recorded(5, watch.started(5), None);
    assert_eq!(watch.look(0), Some((-set_ms, HashSet::new())));
}
