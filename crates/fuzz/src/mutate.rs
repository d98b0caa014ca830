// SPDX-License-Identifier: Apache-2.0
//! Changed seeds, as a fuzzer makes them but without its knowledge of the program: the same ones from the same number.

use fastrand::Rng;

/// The most bytes of an input.
const LONGEST: usize = 16 << 10;
/// What the formats here are made of.
const WORDS: &[&str] = &[
    "\n",
    "\r\n",
    "\n ",
    "\t",
    " ",
    "",
    "\"",
    "'",
    "\\",
    "\\u0000",
    "%",
    "%(",
    ")s",
    "$",
    "${",
    "}",
    "{",
    "[",
    "]",
    "(",
    ")",
    ":",
    "=",
    ",",
    ";",
    "/",
    "-",
    "_",
    ".",
    "..",
    "#",
    "0",
    "-1",
    "1.14",
    "4294967296",
    "18446744073709551616",
    "1e400",
    "null",
    "None",
    "true",
    "True",
    "not ",
    " and ",
    " or ",
    "@",
    "!",
    "\u{feff}",
    "\u{a0}",
    "\u{e9}",
    "\u{1f600}",
    "\0",
    "\u{b}",
    "\u{85}",
    "\u{2028}",
];
/// Bytes that are limits somewhere.
const BYTES: &[u8] = &[0, 1, 0x7f, 0x80, 0x81, 0x82, 0xff, 0x30, 0x31, 0xa0, 0x06, 0x0c];

/// One of the seeds with a few changes.
pub(crate) fn changed(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = any(rng, seeds).to_vec();
    for _ in 0..rng.usize(1..6) {
        change(rng, &mut bytes, seeds);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(rng: &mut Rng, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = rng.usize(..=bytes.len());
    match rng.u8(..8) {
        0 => replace(bytes, at, 1, &[1 << rng.u8(..8) ^ bytes.get(at).copied().unwrap_or(0)]),
        1 => replace(bytes, at, 1, &[BYTES[rng.usize(..BYTES.len())]]),
        2 => replace(bytes, at, 1, &[rng.u8(..)]),
        3 => replace(bytes, at, 0, WORDS[rng.usize(..WORDS.len())].as_bytes()),
        4 => replace(bytes, at, rng.usize(..16), WORDS[rng.usize(..WORDS.len())].as_bytes()),
        5 => replace(bytes, at, rng.usize(..64), b""),
        6 => {
            let again = part(rng, &bytes.clone());
            replace(bytes, at, 0, &again);
        }
        _ => {
            let seed = any(rng, seeds);
            let other = part(rng, seed);
            replace(bytes, at, rng.usize(..32), &other);
        }
    }
}

fn any<'a>(rng: &mut Rng, seeds: &'a [Vec<u8>]) -> &'a [u8] {
    if seeds.is_empty() { &[] } else { &seeds[rng.usize(..seeds.len())] }
}

fn part(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let from = rng.usize(..=bytes.len());
    let to = (from + rng.usize(..128)).min(bytes.len());
    bytes[from..to].to_vec()
}

/// Puts `new` in the place of up to `length` bytes.
fn replace(bytes: &mut Vec<u8>, at: usize, length: usize, new: &[u8]) {
    let to = (at + length).min(bytes.len());
    bytes.splice(at..to, new.iter().copied());
}
