// SPDX-License-Identifier: Apache-2.0
//! What the three databases spell differently. All SQL of this crate is one text; [`translate`] makes a dialect's of it.
//!
//! The text uses `?` for arguments, `"…"` for names (MySQL sessions have `ANSI_QUOTES`), and these marks:
//! `column == ?` compares text byte for byte, also where the column's collation takes `A` for `a`;
//! `{update}` and `{share}` lock the rows of a `SELECT` until the transaction ends; `{int}` is the widest integer of a `CAST`;
//! `{now}` is the database's own time in milliseconds since 1970, the same for all processes whatever their clocks say.

use crate::sql::Arg;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
    /// Also MariaDB.
    Mysql,
}

impl Dialect {
    /// The name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
            Dialect::Mysql => "MySQL",
        }
    }

    /// The marks of statements and of the schema's steps, in this dialect's words.
    pub(crate) fn words(self) -> [(&'static str, &'static str); 10] {
        let [pk, boolean, time, long, magnum, ours, int, update, share] = match self {
            // One writer at a time: there is nobody to lock out.
            Dialect::Sqlite => ["INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "BOOLEAN", "DATETIME", "TEXT", "", "", "INTEGER", "", ""],
            Dialect::Postgres => {
                let time = "TIMESTAMP WITHOUT TIME ZONE";
                ["SERIAL NOT NULL PRIMARY KEY", "BOOLEAN", time, "TEXT", "", "", "BIGINT", "FOR UPDATE", "FOR SHARE"]
            }
            Dialect::Mysql => {
                let magnum = " ENGINE=InnoDB DEFAULT CHARSET=utf8";
                let ours = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
                let pk = "INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT";
                [pk, "BOOLEAN", "DATETIME", "LONGTEXT", magnum, ours, "SIGNED", "FOR UPDATE", "LOCK IN SHARE MODE"]
            }
        };
        [
            ("{pk}", pk),
            ("{bool}", boolean),
            ("{time}", time),
            ("{long}", long),
            ("{magnum}", magnum),
            ("{ours}", ours),
            ("{int}", int),
            ("{update}", update),
            ("{share}", share),
            ("{now}", self.now()),
        ]
    }

    fn now(self) -> &'static str {
        match self {
            Dialect::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
            Dialect::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
            Dialect::Mysql => "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
        }
    }

    /// A text column so that it sorts and compares by its bytes, the same on all three.
    pub(crate) fn bytewise(self, column: &str) -> String {
        match self {
            Dialect::Sqlite => column.to_owned(),
            Dialect::Postgres => format!("{column} COLLATE \"C\""),
            Dialect::Mysql => format!("CAST({column} AS BINARY)"),
        }
    }
}

/// The statement and its arguments as the dialect wants them. Our statements hold no `?` inside quotes.
pub(crate) fn translate(sql: &str, args: Vec<Arg>, dialect: Dialect) -> (String, Vec<Arg>) {
    let mut sql = sql.to_owned();
    if sql.contains('{') {
        for (mark, word) in dialect.words() {
            sql = sql.replace(mark, word);
        }
    }
    match dialect {
        Dialect::Sqlite => (sql.replace(" == ?", " = ?"), args),
        Dialect::Postgres => (numbered(&sql.replace(" == ?", " = ?")), args),
        Dialect::Mysql if sql.contains(" == ?") => exact(&sql, args),
        Dialect::Mysql => (sql, args),
    }
}

/// `?` as `$1`, `$2` and so on.
fn numbered(sql: &str) -> String {
    let mut parts = sql.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        text.push_str(&format!("${}{part}", index + 1));
    }
    text
}

/// `column == ?` as two comparisons: the first finds by the index, the second keeps what is really the same.
fn exact(sql: &str, args: Vec<Arg>) -> (String, Vec<Arg>) {
    let (mut text, mut given) = (String::with_capacity(sql.len() + 64), Vec::with_capacity(args.len() + 4));
    let mut args = args.into_iter();
    let mut rest = sql;
    while let Some(at) = rest.find('?') {
        let (before, after) = rest.split_at(at);
        let arg = args.next();
        match before.strip_suffix(" == ") {
            Some(head) => {
                let start = head.rfind([' ', '(']).map_or(0, |space| space + 1);
                let (head, column) = head.split_at(start);
                // A character that utf8mb3 lacks cannot be compared with such a column, but its bytes can.
                let is_rare = matches!(&arg, Some(Arg::Text(text)) if text.chars().any(|c| c > '\u{ffff}'));
                let found = if is_rare { String::new() } else { format!("{column} = ? AND ") };
                text.push_str(&format!("{head}({found}CAST({column} AS BINARY) = CAST(? AS BINARY))"));
                given.extend(arg.clone().filter(|_| !is_rare));
            }
            None => text.push_str(&format!("{before}?")),
        }
        given.extend(arg);
        rest = &after[1..];
    }
    text.push_str(rest);
    (text, given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sql: &str, dialect: Dialect) -> String {
        translate(sql, vec![], dialect).0
    }

    #[test]
    fn one_text_becomes_each_dialects() {
        let sql = r#"UPDATE "t" SET "a" = ? WHERE "b" = ?"#;
        assert_eq!(text(sql, Dialect::Postgres), r#"UPDATE "t" SET "a" = $1 WHERE "b" = $2"#);
        assert_eq!(text(sql, Dialect::Sqlite), sql);
        assert_eq!(text(sql, Dialect::Mysql), sql);
        let sql = r#"SELECT 1 FROM "t" r WHERE (r."p" == ? OR r."n" = ?) {update}"#;
        assert_eq!(text(sql, Dialect::Postgres), r#"SELECT 1 FROM "t" r WHERE (r."p" = $1 OR r."n" = $2) FOR UPDATE"#);
        assert_eq!(text(sql, Dialect::Sqlite).trim_end(), r#"SELECT 1 FROM "t" r WHERE (r."p" = ? OR r."n" = ?)"#);
    }

    #[test]
    fn an_exact_comparison_gives_mysql_its_argument_twice() {
        let args = vec![Arg::Int(1), Arg::Text("P".to_owned()), Arg::Int(2)];
        let (sql, args) = translate(r#"SELECT ? FROM "t" r WHERE (r."p" == ? OR r."n" = ?)"#, args, Dialect::Mysql);
        assert_eq!(sql, r#"SELECT ? FROM "t" r WHERE ((r."p" = ? AND CAST(r."p" AS BINARY) = CAST(? AS BINARY)) OR r."n" = ?)"#);
        let (rare, once) = translate("r.\"p\" == ?", vec![Arg::Text("\u{1f680}".to_owned())], Dialect::Mysql);
        assert_eq!((rare.as_str(), once.len()), ("(CAST(r.\"p\" AS BINARY) = CAST(? AS BINARY))", 1));
        let shown: Vec<String> = args.iter().map(|arg| format!("{arg:?}")).collect();
        assert_eq!(shown, [r#"Int(1)"#, r#"Text("P")"#, r#"Text("P")"#, r#"Int(2)"#]);
    }
}
