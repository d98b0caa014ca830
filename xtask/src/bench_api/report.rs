// SPDX-License-Identifier: Apache-2.0
//! The table, as it is printed and as it stands in docs/scoreboard.md.

use crate::sh;
use anyhow::Result;
use std::process::Command;

/// One line of the table.
pub struct Row {
    pub what: String,
    /// What Python Magnum comes to, or why that is not known.
    pub python: String,
    pub ours: String,
    pub need: Need,
    pub load: String,
}

/// What is required of ours.
pub enum Need {
    /// Nothing: it is only said.
    Nothing,
    Met(String),
    Missed(String),
}

impl Need {
    pub fn met(is_met: bool, what: &str) -> Self {
        if is_met { Self::Met(what.to_owned()) } else { Self::Missed(what.to_owned()) }
    }

    pub fn at_least(value: f64, required: f64, unit: &str) -> Self {
        Self::met(value >= required, &format!("≥ {}{unit}", grouped(required)))
    }

    pub fn at_most(value: f64, required: f64, unit: &str) -> Self {
        Self::met(value <= required, &format!("≤ {}{unit}", grouped(required)))
    }

    pub fn is_met(&self) -> bool {
        !matches!(self, Self::Missed(_))
    }
}

/// A number with as many digits as it deserves, thousands apart.
pub fn grouped(value: f64) -> String {
    match value {
        v if v < 10.0 && v.fract() != 0.0 => format!("{v:.1}"),
        v => {
            let digits = format!("{v:.0}");
            let mut text = String::new();
            for (index, digit) in digits.chars().enumerate() {
                if index > 0 && (digits.len() - index) % 3 == 0 {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
    }
}

pub fn table(rows: &[Row]) -> String {
    let mut text = "| request | Python Magnum 15.0.1 | ours | required | load |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for Row { what, python, ours, need, load } in rows {
        let (verdict, need) = match need {
            Need::Nothing => ("", "–"),
            Need::Met(need) => ("", need.as_str()),
            Need::Missed(need) => (" **missed**", need.as_str()),
        };
        text.push_str(&format!("| {what} | {python} | {ours}{verdict} | {need} | {load} |\n"));
    }
    text
}

#[allow(clippy::print_stdout)]
pub fn print(table: &str) {
    println!("{table}");
}

/// The table with the day and the commit.
pub fn section(table: &str) -> Result<String> {
    let git = |words: &[&str]| sh::read(Command::new("git").current_dir(sh::root()).args(words));
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = if git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty() { "" } else { ", with changes" };
    let day = sh::read(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    Ok(format!("{}, commit {}{changed}, release build.\n\n{table}", day.trim(), commit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable_and_a_missed_one_is_told() {
        let said = [grouped(2.34), grouped(999.6), grouped(20_000.0), grouped(1_234_567.0), grouped(60.0)];
        assert_eq!(said, ["2.3", "1,000", "20,000", "1,234,567", "60"]);
        let row = |need| Row { what: "GET /".into(), python: "727/s".into(), ours: "5/s".into(), need, load: "1.0".into() };
        let text = table(&[row(Need::at_least(5.0, 20_000.0, "/s")), row(Need::Nothing)]);
        assert!(text.contains("| GET / | 727/s | 5/s **missed** | ≥ 20,000/s | 1.0 |") && text.ends_with("| 5/s | – | 1.0 |\n"), "{text}");
        assert!(Need::at_most(0.0, 0.0, "").is_met() && !Need::at_most(1.0, 0.0, "").is_met());
    }
}
