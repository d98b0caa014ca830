// SPDX-License-Identifier: Apache-2.0
//! A server that gives prepared answers and keeps what it was asked.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use futures::FutureExt;
use magnum_cli::{HookError, Hooks, Streams, run_with};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The cluster `c1` of the recordings.
pub const C1: &str = "00000000-0000-4000-8000-000000000009";
/// Its template `ct1`.
pub const CT1: &str = "00000000-0000-4000-8000-000000000001";

type Answer = Box<dyn FnMut(&Asked) -> (u16, Value) + Send>;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub line: String,
    pub token: Option<String>,
    pub version: Option<String>,
    pub body: Value,
}

/// The server.
pub struct Fixture {
    pub url: String,
    pub dir: tempfile::TempDir,
    pub input: String,
    pub shell: String,
    pub utf8: bool,
    /// The variables that the command sees.
    pub environment: BTreeMap<String, String>,
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// How a command ended.
pub struct Ended {
    pub code: u8,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Everything a user sees, for snapshots.
    pub fn seen(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.out, self.err)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// A recorded answer by its number.
pub fn recorded(number: u64) -> (String, u16, Value) {
    let rows = include_str!("wire.jsonl").lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let row = rows.into_iter().find(|row| row["n"] == number).unwrap_or_else(|| panic!("no recording {number}"));
    let line = format!("{} {}", row["method"].as_str().unwrap(), row["path"].as_str().unwrap());
    (line, u16::try_from(row["status"].as_u64().unwrap()).unwrap(), row["response"].clone())
}

impl Fixture {
    pub async fn start() -> Self {
        let answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>> = Arc::default();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (queue, log) = (answers.clone(), asked.clone());
        let app = Router::new().fallback(move |request: Request<Body>| {
            let (queue, log) = (queue.clone(), log.clone());
            async move { respond(request, &queue, &log).await }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            url,
            dir: tempfile::tempdir().unwrap(),
            input: String::new(),
            shell: String::new(),
            utf8: true,
            environment: BTreeMap::new(),
            answers,
            asked,
        }
    }

    /// Answers `line` (`GET /v1/clusters`) so; several answers are given in turn, the last one for ever.
    pub fn on(&self, line: &str, status: u16, body: Value) -> &Self {
        self.answer(line, move |_| (status, body.clone()))
    }

    pub fn answer(&self, line: &str, answer: impl FnMut(&Asked) -> (u16, Value) + Send + 'static) -> &Self {
        self.answers.lock().unwrap().entry(line.to_owned()).or_default().push_back(Box::new(answer));
        self
    }

    /// Answers as recorded.
    pub fn wire(&self, numbers: &[u64]) -> &Self {
        for number in numbers {
            let (line, status, body) = recorded(*number);
            self.on(&line, status, body);
        }
        self
    }

    /// The cluster `c1` and its template, under name and uuid.
    pub fn c1(&self) -> &Self {
        let (_, _, cluster) = recorded(170);
        let (_, _, template) = recorded(81);
        self.on("GET /v1/clusters/c1", 200, cluster.clone()).on(&format!("GET /v1/clusters/{C1}"), 200, cluster);
        self.on("GET /v1/clustertemplates/ct1", 200, template.clone()).on(&format!("GET /v1/clustertemplates/{CT1}"), 200, template)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The body sent with the request of this line.
    pub fn sent(&self, line: &str) -> Value {
        let asked = self.asked();
        asked.iter().find(|asked| asked.line == line).unwrap_or_else(|| panic!("{line} was not asked: {asked:?}")).body.clone()
    }

    /// Runs `magnum` with these arguments.
    pub async fn magnum(&self, args: &[&str]) -> Ended {
        let state = self.dir.path().join("state").to_string_lossy().into_owned();
        let all: Vec<&str> =
            ["magnum", "--url", &self.url, "--token", "t0k", "--state-dir", &state].into_iter().chain(args.iter().copied()).collect();
        self.run(&all).await
    }

    /// Runs `magnum` without a server being named; the surroundings say where it is.
    pub async fn lost(&self, args: &[&str]) -> Ended {
        let state = self.dir.path().join("state").to_string_lossy().into_owned();
        let all: Vec<&str> = ["magnum", "--state-dir", &state].into_iter().chain(args.iter().copied()).collect();
        self.run(&all).await
    }

    async fn run(&self, all: &[&str]) -> Ended {
        let mut ended = run_in(all, &self.input, self.dir.path(), (&self.shell, self.utf8, &self.environment)).await;
        for text in [&mut ended.out, &mut ended.err] {
            *text = text.replace(&self.url, "http://server").replace(&*self.dir.path().to_string_lossy(), "/dir");
        }
        ended
    }
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Hooks that say what they were given.
pub fn hooks() -> Hooks {
    Hooks {
        serve: Box::new(|serve| {
            let text = format!(
                "{} {} {}",
                serve.state_dir.display(),
                serve.api.and_then(|api| api.listen).map(|a| a.to_string()).unwrap_or_default(),
                serve.process.cache_dir.display()
            );
            async move { Err(HookError::new(text).hint("only a test")) }.boxed()
        }),
        image: Box::new(|image| async move { Ok(json!([{"name": "debian-12", "asked": format!("{:?}", image.options.command)}])) }.boxed()),
        settings: Box::new(|asked| {
            let text = format!("{asked:?}\n");
            async move { Ok(magnum_cli::Answer { value: json!({"asked": text}), text, exit: 1 }) }.boxed()
        }),
        database: Box::new(|database| async move { Ok((json!({"asked": format!("{:?}", database.options.command)}), 1)) }.boxed()),
    }
}

pub async fn run(args: &[&str], input: &str, dir: &Path, shell: &str) -> Ended {
    run_in(args, input, dir, (shell, true, &BTreeMap::new())).await
}

async fn run_in(args: &[&str], input: &str, dir: &Path, (shell, utf8, environment): (&str, bool, &BTreeMap<String, String>)) -> Ended {
    let (out, err) = (Sink::default(), Sink::default());
    let streams = Streams {
        out: Box::new(out.clone()),
        err: Box::new(err.clone()),
        input: Box::new(std::io::Cursor::new(input.to_owned().into_bytes())),
        width: None,
        live: false,
        interactive: false,
        colour: (false, false),
        utf8,
        shell: shell.to_owned(),
        directory: PathBuf::from(dir),
        environment: environment.clone(),
    };
    let code = run_with(args.iter().map(OsString::from), hooks(), streams).await;
    let text = |sink: Sink| String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    Ended { code, out: text(out), err: text(err) }
}

async fn respond(request: Request<Body>, queue: &Mutex<BTreeMap<String, VecDeque<Answer>>>, log: &Mutex<Vec<Asked>>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    let asked = Asked {
        line: format!("{} {}", parts.method, parts.uri),
        token: header("x-auth-token"),
        version: header("openstack-api-version"),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    };
    log.lock().unwrap().push(asked.clone());
    let bare = format!("{} {}", parts.method, parts.uri.path());
    let mut queue = queue.lock().unwrap();
    let found = if queue.contains_key(&asked.line) { asked.line.clone() } else { bare };
    let (status, body) = match queue.get_mut(&found) {
        Some(answers) if answers.len() > 1 => answers.pop_front().map(|mut answer| answer(&asked)).unwrap(),
        Some(answers) => answers.front_mut().map(|answer| answer(&asked)).unwrap(),
        None => (
            404,
            json!({"errors": [{"request_id": "", "code": "", "status": 404, "title": "Not Found", "detail": "The resource could not be found.", "links": []}]}),
        ),
    };
    // A token of Keystone comes in a header.
    let subject = body.get("subject").and_then(Value::as_str).unwrap_or("none").to_owned();
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("Content-Type", "application/json")
        .header("X-Subject-Token", subject)
        .body(body)
        .unwrap()
}
