//! What whoever watches a server may count: rates and durations by route, and what is in use. No account, no device.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use actix_web::http::{Method, StatusCode};
use keyfold_store::DatabaseUse;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::process::ProcessUse;

/// The meters of one server, in Prometheus's text format.
pub(crate) struct Meters {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// By route: to find a meter by its labels takes longer than to count.
    answers: RwLock<HashMap<String, Vec<Answers>>>,
}

/// The meters of answers of one kind.
struct Answers {
    method: &'static str,
    status: StatusCode,
    count: Counter,
    durations: Histogram,
}

/// What is in use at this moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct InUse {
    pub(crate) database_answers: bool,
    pub(crate) database: DatabaseUse,
    pub(crate) bus_is_up: bool,
    /// Words that are not sent yet.
    pub(crate) bus_waiting: usize,
    /// Open ones of devices and proxies.
    pub(crate) connections: usize,
    pub(crate) pulls: usize,
    pub(crate) hints: usize,
    /// Bytes.
    pub(crate) bodies: usize,
    /// `None` where the system does not tell.
    pub(crate) process: Option<ProcessUse>,
}

/// What is done now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chore {
    /// Session keys are rotated, and what has expired is removed.
    Sweep,
    /// The certificate is looked at.
    Certificate,
    /// Tenants' keys are rotated, domains looked at again, and what has expired is removed.
    Tenants,
    /// The informed half hears whose roster has moved, and judges devices.
    News,
}

impl Meters {
    /// # Errors
    /// A message if the library refuses the buckets.
    pub(crate) fn new() -> Result<Self, String> {
        let builder = PrometheusBuilder::new().set_buckets(&SECONDS).map_err(|error| error.to_string())?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        let meters = Self { recorder, handle, answers: RwLock::default() };
        meters.describe();
        // One that first appears as 1 has never risen, for whoever watches its rise.
        for chore in [Chore::Sweep, Chore::Certificate, Chore::Tenants, Chore::News] {
            meters.counter(chore.key()).absolute(0);
        }
        Ok(meters)
    }

    /// A request was answered; of an answer that lasts, its head.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let method = known(method);
        {
            let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
            let found = answers.get(route).and_then(|kinds| kinds.iter().find(|kind| kind.is(method, status)));
            if let Some(found) = found {
                return found.count(took);
            }
        }
        let kind = self.answers(method, route, status);
        kind.count(took);
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        // Of two that are the first at once, both count by the same meters.
        answers.entry(route.to_owned()).or_default().push(kind);
    }

    fn answers(&self, method: &'static str, route: &str, status: StatusCode) -> Answers {
        let asked = [Label::new("method", method), Label::new("route", route.to_owned())];
        let labels = asked.iter().cloned().chain([Label::new("status", status.as_str().to_owned())]);
        let count = self.counter(Key::from_parts(REQUESTS, labels.collect::<Vec<_>>()));
        let durations = self.histogram(Key::from_parts(DURATIONS, asked.to_vec()));
        Answers { method, status, count, durations }
    }

    /// A chore failed.
    pub(crate) fn failed(&self, chore: Chore) {
        self.counter(chore.key()).increment(1);
    }

    /// Everything, as Prometheus reads it.
    pub(crate) fn render(&self, in_use: InUse) -> String {
        let InUse { database, process, .. } = in_use;
        for (key, value) in [
            (Key::from_name(DATABASE), usize::from(in_use.database_answers)),
            (labelled(DATABASE_CONNECTIONS, "state", "busy"), database.busy),
            (labelled(DATABASE_CONNECTIONS, "state", "idle"), database.idle),
            (Key::from_name(DATABASE_WAITING), database.waiting),
            (Key::from_name(BUS), usize::from(in_use.bus_is_up)),
            (Key::from_name(BUS_WAITING), in_use.bus_waiting),
            (Key::from_name(CONNECTIONS), in_use.connections),
            (labelled(STREAMS, "kind", "pull"), in_use.pulls),
            (labelled(STREAMS, "kind", "hints"), in_use.hints),
            (Key::from_name(BODIES), in_use.bodies),
            (labelled(BUILD, "version", env!("CARGO_PKG_VERSION")), 1),
        ] {
            self.gauge(key).set(exact(value));
        }
        if let Some(ProcessUse { memory, files }) = process {
            self.gauge(Key::from_name(MEMORY)).set(exact(memory));
            self.gauge(Key::from_name(FILES)).set(exact(files));
        }
        self.handle.render()
    }

    /// Forgets samples that no quantile needs any more. To be called every few minutes.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    fn describe(&self) {
        let describe = |text: &'static str| SharedString::const_str(text);
        self.recorder.describe_counter(REQUESTS.into(), None, describe("Requests that were answered."));
        let failures = describe("Chores that failed; they are tried again.");
        self.recorder.describe_counter(FAILURES.into(), None, failures);
        let durations = describe("Seconds from a request's head to its answer's head.");
        self.recorder.describe_histogram(DURATIONS.into(), None, durations);
        for (name, text) in [
            (DATABASE, "1 while the database answers."),
            (DATABASE_CONNECTIONS, "Connections to the database."),
            (DATABASE_WAITING, "Transactions that wait for a connection, and pushes for those that are being written."),
            (BUS, "1 while words reach the other servers over Redis, and theirs this one; without Redis always."),
            (BUS_WAITING, "Words that wait to be said to the other servers."),
            (CONNECTIONS, "Open connections of devices and proxies."),
            (STREAMS, "Answers that last, open at this moment."),
            (BODIES, "Bytes of requests' bodies that are held while they arrive."),
            (BUILD, "1, with the version."),
            (MEMORY, "Bytes of memory that the process has."),
            (FILES, "Files and connections that the process has open."),
        ] {
            self.recorder.describe_gauge(name.into(), None, describe(text));
        }
    }

    fn counter(&self, key: Key) -> Counter {
        self.recorder.register_counter(&key, &METADATA)
    }

    fn histogram(&self, key: Key) -> Histogram {
        self.recorder.register_histogram(&key, &METADATA)
    }

    fn gauge(&self, key: Key) -> Gauge {
        self.recorder.register_gauge(&key, &METADATA)
    }
}

impl Answers {
    fn is(&self, method: &str, status: StatusCode) -> bool {
        self.method == method && self.status == status
    }

    fn count(&self, took: Duration) {
        self.count.increment(1);
        self.durations.record(took.as_secs_f64());
    }
}

impl Chore {
    fn key(self) -> Key {
        let name = match self {
            Self::Sweep => "sweep",
            Self::Certificate => "certificate",
            Self::Tenants => "tenants",
            Self::News => "news",
        };
        labelled(FAILURES, "chore", name)
    }
}

fn labelled(name: &'static str, label: &'static str, value: &'static str) -> Key {
    Key::from_parts(name, vec![Label::new(label, value)])
}

/// Whoever invents methods does not fill the memory with their counters.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        _ => "other",
    }
}

/// Counts here are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of what fits in memory")]
const fn exact(count: usize) -> f64 {
    count as f64
}

const REQUESTS: &str = "keyfold_http_requests_total";
const DURATIONS: &str = "keyfold_http_request_seconds";
const FAILURES: &str = "keyfold_upkeep_failures_total";
const DATABASE: &str = "keyfold_database_up";
const DATABASE_CONNECTIONS: &str = "keyfold_database_connections";
const DATABASE_WAITING: &str = "keyfold_database_waiting";
const BUS: &str = "keyfold_bus_up";
const BUS_WAITING: &str = "keyfold_bus_waiting";
const CONNECTIONS: &str = "keyfold_connections";
const STREAMS: &str = "keyfold_streams";
const BODIES: &str = "keyfold_body_bytes";
const BUILD: &str = "keyfold_build_info";
const MEMORY: &str = "process_resident_memory_bytes";
const FILES: &str = "process_open_fds";
const SECONDS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];
const METADATA: Metadata<'_> = Metadata::new("keyfold", Level::INFO, None);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_is_counted_by_route_and_status() {
        let meters = Meters::new().unwrap();
        let took = Duration::from_millis(3);
        meters.answered(&Method::GET, "/v1/head", StatusCode::OK, took);
        meters.answered(&Method::GET, "/v1/head", StatusCode::OK, took);
        meters.answered(&Method::from_bytes(b"BREW").unwrap(), "none", StatusCode::NOT_FOUND, took);
        let text = meters.render(InUse { pulls: 2, bodies: 70_000, ..idle() });
        for line in [
            "keyfold_http_requests_total{method=\"GET\",route=\"/v1/head\",status=\"200\"} 2",
            "keyfold_http_requests_total{method=\"other\",route=\"none\",status=\"404\"} 1",
            "keyfold_http_request_seconds_bucket{method=\"GET\",route=\"/v1/head\",le=\"0.005\"} 2",
            "keyfold_http_request_seconds_bucket{method=\"GET\",route=\"/v1/head\",le=\"0.002\"} 0",
            "keyfold_database_up 1",
            "keyfold_database_connections{state=\"idle\"} 1",
            "keyfold_bus_up 0",
            "keyfold_streams{kind=\"pull\"} 2",
            "keyfold_body_bytes 70000",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_chore_that_fails_is_counted_from_zero() {
        let meters = Meters::new().unwrap();
        let told = |line: &str| meters.render(idle()).lines().any(|told| told == line);
        assert!(told("keyfold_upkeep_failures_total{chore=\"sweep\"} 0"));
        meters.failed(Chore::Sweep);
        assert!(told("keyfold_upkeep_failures_total{chore=\"sweep\"} 1"));
        assert!(told("keyfold_upkeep_failures_total{chore=\"certificate\"} 0"));
    }

    #[test]
    fn two_servers_in_one_process_count_apart() {
        let (one, two) = (Meters::new().unwrap(), Meters::new().unwrap());
        one.answered(&Method::GET, "/v1/head", StatusCode::OK, Duration::ZERO);
        assert!(!two.render(idle()).contains("/v1/head"));
    }

    fn idle() -> InUse {
        InUse {
            database_answers: true,
            database: DatabaseUse { busy: 0, idle: 1, waiting: 0 },
            bus_is_up: false,
            bus_waiting: 0,
            connections: 0,
            pulls: 0,
            hints: 0,
            bodies: 0,
            process: None,
        }
    }
}
