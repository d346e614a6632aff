use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry::{
    KeyValue, Value,
    trace::{SpanKind, Status},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanEvents, SpanExporter, SpanLinks},
};

/// Lets nothing of a span leave but its times, its place in its trace, and what is named here, under the names of
/// OpenTelemetry's conventions.
#[derive(Debug)]
pub(super) struct Outgoing<E> {
    exporter: E,
    failing: AtomicBool,
}

impl<E> Outgoing<E> {
    pub(super) const fn to(exporter: E) -> Self {
        Self { exporter, failing: AtomicBool::new(false) }
    }

    /// The first failure is told, and the first success after it.
    fn tell(&self, sent: &OTelSdkResult) {
        let failed_before = self.failing.swap(sent.is_err(), Ordering::Relaxed);
        match sent {
            Err(error) if !failed_before => tracing::warn!(%error, "traces: not sent, and dropped until they can be"),
            Ok(()) if failed_before => tracing::info!("traces: sent again"),
            _ => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for Outgoing<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch.into_iter().map(outgoing).collect()).await;
        self.tell(&sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

fn outgoing(mut span: SpanData) -> SpanData {
    (span.events, span.links) = (SpanEvents::default(), SpanLinks::default());
    (span.status, span.dropped_attributes_count) = (Status::Unset, 0);
    let attributes = std::mem::take(&mut span.attributes);
    if span.name == "request" {
        span.span_kind = SpanKind::Server;
        span.attributes = attributes.into_iter().filter_map(of_a_request).collect();
        let told = |name: &str| {
            let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
            found.map(|attribute| attribute.value.as_str().into_owned()).unwrap_or_default()
        };
        let (name, status) = (format!("{} {}", told(METHOD), told(ROUTE)), told(STATUS));
        span.name = name.into();
        if status.starts_with('5') {
            span.status = Status::error("");
        }
    }
    span
}

fn of_a_request(KeyValue { key, value, .. }: KeyValue) -> Option<KeyValue> {
    let (name, value) = match key.as_str() {
        "id" => ("keyfold.request.id", value),
        "method" => (METHOD, known(value)),
        "route" => (ROUTE, value),
        "status" => (STATUS, value),
        _ => return None,
    };
    Some(KeyValue::new(name, value))
}

/// What a client writes there may be anything.
fn known(method: Value) -> Value {
    let usual = matches!(method.as_str().as_ref(), "GET" | "POST" | "HEAD" | "PUT" | "DELETE" | "OPTIONS");
    if usual { method } else { "_OTHER".into() }
}

const METHOD: &str = "http.request.method";
const ROUTE: &str = "http.route";
const STATUS: &str = "http.response.status_code";

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::SystemTime};

    use opentelemetry::{
        InstrumentationScope,
        trace::{Event, SpanContext, SpanId},
    };

    use super::*;

    #[derive(Debug, Default)]
    struct Kept(Mutex<Vec<SpanData>>);

    impl SpanExporter for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    #[tokio::test]
    async fn only_what_is_named_leaves() {
        let request = vec![
            KeyValue::new("id", "0b7"),
            KeyValue::new("method", "BREW me a coffee"),
            KeyValue::new("route", "/v1/head"),
            KeyValue::new("status", 503),
            KeyValue::new("account", "ana"),
        ];
        let (request, inner) = (span("request", request), span("service", vec![KeyValue::new("device", "ana's")]));
        let outgoing = Outgoing::to(Kept::default());
        outgoing.export(vec![request, inner]).await.unwrap();

        let kept = outgoing.exporter.0.into_inner().unwrap();
        let [request, inner] = kept.as_slice() else { panic!("{kept:?}") };
        assert_eq!((request.name.as_ref(), &request.span_kind), ("_OTHER /v1/head", &SpanKind::Server));
        assert_eq!(request.status, Status::error(""));
        let names: Vec<_> = request.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
        assert_eq!(names, ["keyfold.request.id", METHOD, ROUTE, STATUS]);
        assert_eq!((inner.name.as_ref(), inner.attributes.len(), inner.events.len()), ("service", 0, 0));
        let printed = format!("{kept:?}");
        assert!(!printed.contains("ana") && !printed.contains("coffee"), "{printed}");
    }

    fn span(name: &'static str, attributes: Vec<KeyValue>) -> SpanData {
        let now = SystemTime::now();
        let mut events = SpanEvents::default();
        events.events.push(Event::new("ana's log line", now, Vec::new(), 0));
        SpanData {
            span_context: SpanContext::empty_context(),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time: now,
            end_time: now,
            attributes,
            dropped_attributes_count: 0,
            events,
            links: SpanLinks::default(),
            status: Status::error("ana"),
            instrumentation_scope: InstrumentationScope::default(),
        }
    }
}
