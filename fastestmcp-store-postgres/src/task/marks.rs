use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Priorities, the highest first.
pub(super) const LEVELS: [i16; 10] = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

/// How much earlier than now a task may become due without being overlooked: longer than a write takes to be committed
/// once it has read the clock.
const SETTLED: i64 = 1_000;
/// How often a queue is looked at from its beginning.
const FULL: Duration = Duration::from_secs(1);
/// A look that takes long, because somebody's open snapshot keeps what was claimed long ago, is taken less often, so that
/// it costs at most this part of one worker's time.
const SHARE: u32 = 20;
/// Queues to remember at most.
const MAX_QUEUES: usize = 1_024;

/// From when on tasks of a queue may be due, level by level.
///
/// Without it every claim steps over the index entries that earlier claims left behind, and while somebody keeps a
/// snapshot open they pile up without end. What is found below a mark all the same, because its write took longer than
/// [`SETTLED`], is found by a look from the beginning, once a second.
#[derive(Debug, Default)]
pub(super) struct Marks(Mutex<HashMap<String, Queue>>);

#[derive(Debug)]
struct Queue {
    levels: [i64; LEVELS.len()],
    next_full: Instant,
}

impl Marks {
    /// The marks of a queue for one claim, in the order of [`LEVELS`]: zeros if it should look from the beginning.
    pub(super) fn of(&self, queue: &str) -> [i64; LEVELS.len()] {
        let now = Instant::now();
        match self.0.lock().get_mut(queue) {
            Some(known) if now < known.next_full => known.levels,
            Some(known) => {
                known.next_full = now + FULL;
                Default::default()
            }
            None => Default::default(),
        }
    }

    /// Notes what a claim that began at `began` with `marks` saw at `now`: when the first task of each level is due.
    pub(super) fn note(
        &self,
        queue: &str,
        marks: &[i64; LEVELS.len()],
        began: Instant,
        now: i64,
        firsts: impl Iterator<Item = Option<i64>>,
    ) {
        let mut queues = self.0.lock();
        if queues.len() >= MAX_QUEUES && !queues.contains_key(queue) {
            queues.clear();
        }
        let known = queues.entry(queue.to_owned()).or_insert_with(|| Queue { levels: *marks, next_full: began + FULL });
        for (level, first) in known.levels.iter_mut().zip(firsts) {
            *level = (now - SETTLED).min(first.unwrap_or(i64::MAX));
        }
        if *marks == <[i64; LEVELS.len()]>::default() {
            known.next_full = known.next_full.max(Instant::now() + began.elapsed() * SHARE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [Option<i64>; LEVELS.len()] = [None; LEVELS.len()];

    #[test]
    fn a_mark_is_at_the_first_task_and_a_second_behind_at_most() {
        let marks = Marks::default();
        assert_eq!(marks.of("q"), [0; 10]);
        let mut firsts = NONE;
        (firsts[0], firsts[1]) = (Some(3_000), Some(20_000));
        marks.note("q", &[0; 10], Instant::now(), 10_000, firsts.into_iter());
        let of_q = marks.of("q");
        assert_eq!(of_q[..3], [3_000, 9_000, 9_000]);
        assert_eq!(marks.of("other"), [0; 10]);
    }

    #[test]
    fn a_look_from_the_beginning_that_took_long_is_taken_less_often() {
        let marks = Marks::default();
        let long_ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        marks.note("q", &[0; 10], long_ago(2), 10_000, NONE.into_iter());
        assert_eq!(marks.of("q"), [9_000; 10], "it took 2 s: not for 40 s again");
        marks.note("p", &[1; 10], long_ago(2), 10_000, NONE.into_iter());
        assert_eq!(marks.of("p"), [0; 10], "one that began at its marks does not count");
        assert_eq!(marks.of("p"), [9_000; 10], "once a second");
    }

    #[test]
    fn the_memory_is_bounded() {
        let marks = Marks::default();
        for queue in 0..MAX_QUEUES * 2 + 1 {
            marks.note(&queue.to_string(), &[0; 10], Instant::now(), 10_000, NONE.into_iter());
        }
        assert!(marks.0.lock().len() <= MAX_QUEUES);
    }
}
