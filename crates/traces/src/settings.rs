// SPDX-License-Identifier: Apache-2.0
//! From `[opentelemetry]`, and the variables that OpenTelemetry has for everybody: where traces go, and which are made.

use crate::error::Error;
use magnum_conf::Config;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use std::time::Duration;

/// Where traces go, and which are made.
#[derive(Debug)]
pub struct Settings {
    /// Where spans are posted.
    pub(crate) url: Url,
    /// The values are marked as sensitive, so that they are never shown.
    pub(crate) headers: HeaderMap,
    pub(crate) ca_file: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) sampler: Sampler,
    pub(crate) resource: Resource,
}

/// Who makes the traces.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// The service's name, unless another is set.
    pub name: &'a str,
    pub version: &'static str,
    /// This machine's name.
    pub host: &'a str,
}

const GROUP: &str = "opentelemetry";
const PATH: &str = "/v1/traces";

impl Settings {
    /// As the configuration says; none when there are to be no traces.
    pub fn from_config(config: &Config, program: &Program<'_>) -> Result<Option<Self>, Error> {
        let text = |option| Ok::<_, Error>(config.text(GROUP, option).map_err(unreadable)?.filter(|text| !text.is_empty()));
        let Some(endpoint) = text("endpoint")? else { return Ok(None) };
        if text("exporter")?.as_deref() == Some("none") {
            return Ok(None);
        }
        let headers = config.secret(GROUP, "headers").map_err(unreadable)?;
        let timeout = config.duration(GROUP, "timeout").map_err(unreadable)?.filter(|timeout| !timeout.is_zero());
        let ratio = config.number(GROUP, "sample_ratio").map_err(unreadable)?.unwrap_or(1.0);
        let name = text("service_name")?.unwrap_or_else(|| program.name.to_owned());
        // What OTEL_RESOURCE_ATTRIBUTES says of the installation; who we are we know better.
        let resource = Resource::builder_empty().with_detector(Box::new(EnvResourceDetector::new())).with_attributes([
            KeyValue::new("service.name", name),
            KeyValue::new("service.version", program.version),
            KeyValue::new("host.name", program.host.to_owned()),
            KeyValue::new("process.pid", i64::from(std::process::id())),
            KeyValue::new("telemetry.sdk.name", "opentelemetry"),
            KeyValue::new("telemetry.sdk.language", "rust"),
        ]);
        Ok(Some(Self {
            url: url(&endpoint)?,
            headers: match headers {
                Some(headers) => parsed(headers.expose_secret())?,
                None => HeaderMap::new(),
            },
            ca_file: text("ca_file")?,
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
            sampler: sampler(text("sampler")?.as_deref(), ratio),
            resource: resource.build(),
        }))
    }
}

fn unreadable(error: magnum_conf::Error) -> Error {
    Error::Setting { option: "endpoint", remedy: error.to_string() }
}

/// Where spans are posted, for a collector with this URL.
fn url(endpoint: &str) -> Result<Url, Error> {
    let wrong = || Error::Setting { option: "endpoint", remedy: "write the collector's URL, such as http://127.0.0.1:4318".to_owned() };
    let mut url = Url::parse(endpoint).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    let path = url.path().trim_end_matches('/');
    // Many write the whole of it.
    if !path.ends_with(PATH) {
        let path = format!("{path}{PATH}");
        url.set_path(&path);
    }
    Ok(url)
}

/// `name=value` with commas between, values percent-encoded.
fn parsed(text: &str) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let read = || {
            let (name, value) = pair.split_once('=')?;
            let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
            let mut value = HeaderValue::from_str(&value).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::from_bytes(name.trim().as_bytes()).ok()?, value))
        };
        let remedy = "write name=value with commas between, and %2C for a comma in a value".to_owned();
        let (name, value) = read().ok_or(Error::Setting { option: "headers", remedy })?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn sampler(name: Option<&str>, ratio: f64) -> Sampler {
    let by_parent = |root: Sampler| Sampler::ParentBased(Box::new(root));
    match name {
        Some("always_on") => Sampler::AlwaysOn,
        Some("always_off") => Sampler::AlwaysOff,
        Some("traceidratio") => Sampler::TraceIdRatioBased(ratio),
        Some("parentbased_always_on") => by_parent(Sampler::AlwaysOn),
        Some("parentbased_always_off") => by_parent(Sampler::AlwaysOff),
        _ => by_parent(Sampler::TraceIdRatioBased(ratio)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_conf::{File, Sources};

    const PROGRAM: Program<'_> = Program { name: "magnum-api", version: "1", host: "here" };

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Option<Settings>, String> {
        let files = vec![File { name: "magnum.conf".to_owned(), text: format!("[opentelemetry]\n{text}\n") }];
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let config = Config::new(Sources { files, environment, ..Sources::default() });
        Settings::from_config(&config, &PROGRAM).map_err(|error| error.to_string())
    }

    #[test]
    fn there_are_no_traces_unless_somebody_says_where_to() {
        for text in ["", "headers = nonsense\nsampler = always_on", "endpoint = http://c:4318\nexporter = none"] {
            assert!(read(text, &[]).unwrap().is_none(), "{text}");
        }
        assert!(read("", &[("OTEL_SERVICE_NAME", "x"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).unwrap().is_none());
        let off = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), ("OTEL_TRACES_EXPORTER", "none")];
        assert!(read("", &off).unwrap().is_none());
    }

    #[test]
    fn the_path_is_added_once() {
        for (endpoint, expected) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("https://c/otlp/", "https://c/otlp/v1/traces"),
            ("http://c:4318/v1/traces", "http://c:4318/v1/traces"),
            ("http://c:4318/v1/traces/", "http://c:4318/v1/traces/"),
        ] {
            assert_eq!(url(endpoint).unwrap().as_str(), expected);
        }
        assert!(url("grpc://c:4317").unwrap_err().to_string().contains("[opentelemetry] endpoint: write the collector's URL"));
    }

    #[test]
    fn the_file_counts_more_than_the_environment() {
        let environment = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://e:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%2Cb%20c, y=2"),
            ("OTEL_SERVICE_NAME", "theirs"),
            ("OTEL_TRACES_SAMPLER", "always_off"),
        ];
        let name = |settings: &Settings| settings.resource.get(&"service.name".into()).unwrap().to_string();
        let settings = read("", &environment).unwrap().unwrap();
        assert_eq!((settings.url.host_str(), name(&settings).as_str()), (Some("e"), "theirs"));
        assert_eq!((&settings.headers["x-key"], &settings.headers["y"]), (&"a,b c".parse().unwrap(), &"2".parse().unwrap()));
        assert!(matches!(settings.sampler, Sampler::AlwaysOff) && !format!("{settings:?}").contains("a,b c"));
        let file = "endpoint = http://f:4318\nheaders = z=3\nservice_name = ours\nsampler = always_on\ntimeout = 3";
        let settings = read(file, &environment).unwrap().unwrap();
        assert_eq!((settings.url.host_str(), name(&settings).as_str(), settings.headers.len()), (Some("f"), "ours", 1));
        assert!(matches!(settings.sampler, Sampler::AlwaysOn) && settings.timeout == Duration::from_secs(3));
        let settings = read("endpoint = http://f:4318", &[]).unwrap().unwrap();
        assert_eq!((name(&settings).as_str(), settings.timeout), ("magnum-api", Duration::from_secs(10)));
        assert!(matches!(settings.sampler, Sampler::ParentBased(_)));
    }

    #[test]
    fn headers_that_cannot_be_read_are_told_without_showing_them() {
        for headers in ["hunter2", "x=a\u{1}hunter2", "x y=hunter2", "x=%ffhunter2"] {
            let told = read(&format!("endpoint = http://c:4318\nheaders = {headers}"), &[]).unwrap_err();
            assert!(told.contains("[opentelemetry] headers: write name=value") && !told.contains("hunter2"), "{told}");
        }
    }
}
