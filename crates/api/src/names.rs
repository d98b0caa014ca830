// SPDX-License-Identifier: Apache-2.0
//! Names for what was created without one: a Greek letter, a number, the kind.

const LETTERS: [&str; 24] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "omicron", "pi",
    "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
];

/// `gamma-12-cluster`: random, not unique.
pub(crate) fn generate(kind: &str) -> String {
    let random = uuid::Uuid::new_v4();
    let bytes = random.as_bytes();
    let letter = LETTERS.get(usize::from(bytes[0]) % LETTERS.len()).copied().unwrap_or("alpha");
    format!("{letter}-{}-{kind}", 1 + bytes[1] % 24)
}
