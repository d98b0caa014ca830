// SPDX-License-Identifier: Apache-2.0
//! `magnum node shell`: commands on a node, line by line, over the same request as `node exec`. The directory is
//! kept from line to line; programs that draw on a terminal (editors, `top`) do not work this way.

use super::Node;
use super::exec::on_node;
use crate::context::Context;
use crate::error::Error;

/// Runs one line in the directory `$1` and says where it ended, after the mark `$3`. The line is an argument, never
/// part of this text.
const SCRIPT: &str = r#"cd -- "$1" 2>/dev/null || cd /; eval "$2"; code=$?; printf '%s%s' "$3" "$PWD"; exit $code"#;
const LIMIT_SECONDS: u64 = 600;

pub(crate) async fn run(context: &Context, node: &Node) -> Result<u8, Error> {
    context.printer.note(&format!("commands run on {}, one line at a time; end with exit or Ctrl-D", node.node));
    let mark = uuid::Uuid::new_v4().simple().to_string();
    let (mut directory, mut exit) = ("/root".to_owned(), 0);
    loop {
        let prompt = format!("{}:{directory}# ", node.node);
        let read = |source| Error::File { doing: "reading", path: "standard input".into(), source };
        let Some(line) = context.printer.ask(&prompt).map_err(read)? else { return Ok(exit) };
        match line.trim() {
            "" => continue,
            "exit" | "logout" => return Ok(exit),
            line => {
                let command = ["sh", "-c", SCRIPT, "sh", &directory, line, &mark].map(str::to_owned);
                let ended = on_node(context, node, &command, None, LIMIT_SECONDS).await?;
                let (output, place) = ended.stdout.rsplit_once(mark.as_str()).unwrap_or((ended.stdout.as_str(), directory.as_str()));
                let (output, place) = (output.to_owned(), place.to_owned());
                context.printer.out_bytes(output.as_bytes());
                if !output.is_empty() && !output.ends_with('\n') {
                    context.printer.out("\n");
                }
                context.printer.err_bytes(ended.stderr.as_bytes());
                (directory, exit) = (place, ended.exit);
            }
        }
    }
}
