// SPDX-License-Identifier: Apache-2.0
//! A memory of bounded size and age. Keys are digests, so that no token can be read from it.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// SHA-256 of a token.
pub(crate) type Key = [u8; 32];

/// What was learnt, each for the same time; when it is full the oldest goes.
pub(crate) struct Memory<V> {
    entries: HashMap<Key, Entry<V>>,
    /// Keys in the order in which they were learnt, with the number of the entry; one that was learnt again stands there twice.
    order: VecDeque<(Key, u64)>,
    next: u64,
    capacity: usize,
    age: Duration,
}

struct Entry<V> {
    value: V,
    until: Instant,
    number: u64,
}

impl<V: Clone> Memory<V> {
    pub fn new(capacity: usize, age: Duration) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), next: 0, capacity, age }
    }

    pub fn get(&self, key: &Key, now: Instant) -> Option<V> {
        self.entries.get(key).filter(|entry| now < entry.until).map(|entry| entry.value.clone())
    }

    pub fn insert(&mut self, key: Key, value: V, now: Instant) {
        if self.capacity == 0 || self.age.is_zero() {
            return;
        }
        let number = self.next;
        self.next += 1;
        self.entries.insert(key, Entry { value, until: now + self.age, number });
        self.order.push_back((key, number));
        while let Some((oldest, number)) = self.order.front().copied() {
            let current = self.entries.get(&oldest).filter(|entry| entry.number == number);
            let room = self.entries.len() <= self.capacity && self.order.len() <= 2 * self.capacity;
            if room && current.is_some_and(|entry| now < entry.until) {
                break;
            }
            if current.is_some() {
                self.entries.remove(&oldest);
            }
            self.order.pop_front();
        }
    }

    pub fn remove(&mut self, key: &Key) {
        self.entries.remove(key);
    }

    #[cfg(test)]
    fn len(&self) -> (usize, usize) {
        (self.entries.len(), self.order.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        [number; 32]
    }

    #[test]
    fn what_is_old_is_forgotten_and_when_it_is_full_the_oldest_goes() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut memory = Memory::new(3, Duration::from_secs(10));
        for number in 0..5 {
            memory.insert(key(number), number, at(u64::from(number)));
        }
        assert_eq!((0..5).map(|n| memory.get(&key(n), at(5))).collect::<Vec<_>>(), [None, None, Some(2), Some(3), Some(4)]);
        assert_eq!(memory.get(&key(2), at(11)), Some(2));
        assert_eq!(memory.get(&key(2), at(12)), None);
        memory.insert(key(9), 9, at(30));
        assert_eq!(memory.len(), (1, 1));
    }

    #[test]
    fn what_is_learnt_again_lives_on_and_takes_no_more_room() {
        let start = Instant::now();
        let mut memory = Memory::new(2, Duration::from_secs(10));
        for round in 0..1000 {
            memory.insert(key(1), round, start + Duration::from_millis(round));
        }
        memory.insert(key(2), 7, start + Duration::from_secs(2));
        assert_eq!(memory.get(&key(1), start + Duration::from_secs(2)), Some(999));
        assert!(memory.len().1 <= 4, "{:?}", memory.len());
        memory.insert(key(3), 8, start + Duration::from_secs(3));
        assert_eq!(memory.get(&key(1), start + Duration::from_secs(3)), None);
        assert_eq!(memory.len(), (2, 2));
        memory.remove(&key(3));
        assert_eq!(memory.get(&key(3), start + Duration::from_secs(3)), None);
    }

    #[test]
    fn an_age_or_room_of_nothing_keeps_nothing() {
        let now = Instant::now();
        for (capacity, age) in [(0, 10), (10, 0)] {
            let mut memory = Memory::new(capacity, Duration::from_secs(age));
            memory.insert(key(1), 1, now);
            assert_eq!((memory.get(&key(1), now), memory.len()), (None, (0, 0)));
        }
    }
}
