//! What whoever watches a server may count: rates and durations by route, and what is in use. No account, no device.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// The meters of one server, in Prometheus's text format.
pub(crate) struct Meters {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

/// What is in use at this moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct InUse {
    pub(crate) database_answers: bool,
    pub(crate) pulls: usize,
    pub(crate) hints: usize,
    /// Bytes.
    pub(crate) bodies: usize,
}

impl Meters {
    /// # Errors
    /// A message if the library refuses the buckets.
    pub(crate) fn new() -> Result<Self, String> {
        let builder = PrometheusBuilder::new().set_buckets(&SECONDS).map_err(|error| error.to_string())?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        let meters = Self { recorder, handle };
        meters.describe();
        Ok(meters)
    }

    /// A request was answered; of an answer that lasts, its head.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let asked = [Label::new("method", known(method)), Label::new("route", route.to_owned())];
        let status = Label::new("status", status.as_str().to_owned());
        let counted = asked.iter().cloned().chain([status]).collect::<Vec<_>>();
        self.counter(Key::from_parts(REQUESTS, counted)).increment(1);
        self.histogram(Key::from_parts(DURATIONS, asked.to_vec())).record(took.as_secs_f64());
    }

    /// Everything, as Prometheus reads it.
    pub(crate) fn render(&self, in_use: InUse) -> String {
        let InUse { database_answers, pulls, hints, bodies } = in_use;
        self.gauge(Key::from_name(DATABASE)).set(if database_answers { 1.0 } else { 0.0 });
        self.gauge(Key::from_parts(STREAMS, vec![Label::new("kind", "pull")])).set(exact(pulls));
        self.gauge(Key::from_parts(STREAMS, vec![Label::new("kind", "hints")])).set(exact(hints));
        self.gauge(Key::from_name(BODIES)).set(exact(bodies));
        self.gauge(Key::from_parts(BUILD, vec![Label::new("version", env!("CARGO_PKG_VERSION"))])).set(1.0);
        self.handle.render()
    }

    /// Forgets samples that no quantile needs any more. To be called every few minutes.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    fn describe(&self) {
        let describe = |text: &'static str| SharedString::const_str(text);
        self.recorder.describe_counter(REQUESTS.into(), None, describe("Requests that were answered."));
        let durations = describe("Seconds from a request's head to its answer's head.");
        self.recorder.describe_histogram(DURATIONS.into(), None, durations);
        for (name, text) in [
            (DATABASE, "1 while the database answers."),
            (STREAMS, "Answers that last, open at this moment."),
            (BODIES, "Bytes of requests' bodies that are held while they arrive."),
            (BUILD, "1, with the version."),
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
const DATABASE: &str = "keyfold_database_up";
const STREAMS: &str = "keyfold_streams";
const BODIES: &str = "keyfold_body_bytes";
const BUILD: &str = "keyfold_build_info";
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
        let text = meters.render(InUse { database_answers: true, pulls: 2, hints: 0, bodies: 70_000 });
        for line in [
            "keyfold_http_requests_total{method=\"GET\",route=\"/v1/head\",status=\"200\"} 2",
            "keyfold_http_requests_total{method=\"other\",route=\"none\",status=\"404\"} 1",
            "keyfold_http_request_seconds_bucket{method=\"GET\",route=\"/v1/head\",le=\"0.005\"} 2",
            "keyfold_http_request_seconds_bucket{method=\"GET\",route=\"/v1/head\",le=\"0.002\"} 0",
            "keyfold_database_up 1",
            "keyfold_streams{kind=\"pull\"} 2",
            "keyfold_body_bytes 70000",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn two_servers_in_one_process_count_apart() {
        let (one, two) = (Meters::new().unwrap(), Meters::new().unwrap());
        one.answered(&Method::GET, "/v1/head", StatusCode::OK, Duration::ZERO);
        let idle = InUse { database_answers: false, pulls: 0, hints: 0, bodies: 0 };
        assert!(!two.render(idle).contains("/v1/head"));
    }
}
