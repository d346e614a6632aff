//! Traces, where an operator wants them: a span for each request and for what it waits for, sent to an OpenTelemetry
//! collector by OTLP over HTTP.
//!
//! A collector that is slow or away harms nothing: spans wait in a queue that has an end, and are dropped beyond it.

mod collector;
mod outgoing;

use std::time::Duration;

use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider},
};
use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use self::{collector::Collector, outgoing::Outgoing};
use crate::config::TraceSettings;

/// What makes traces of spans, and sends them.
pub struct Traces {
    provider: SdkTracerProvider,
}

/// Why nothing can be traced.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// No HTTP client for the collector.
    #[error("traces: {0}; a collector at https:// needs this machine's ca-certificates")]
    Client(#[from] reqwest::Error),
    /// The library takes no such endpoint.
    #[error("traces.otlp_endpoint: {0}")]
    Exporter(#[from] ExporterBuildError),
}

impl Traces {
    /// What the settings ask for; `None` if they ask for none. Nothing is sent before there is a span.
    ///
    /// # Errors
    /// [`TraceError`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn begin(settings: &TraceSettings) -> Result<Option<Self>, TraceError> {
        let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(Collector::new(endpoint)?)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let named = Resource::builder()
            .with_service_name("keyfoldd")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample))))
            .with_resource(named.build())
            .with_span_processor(BatchSpanProcessor::builder(Outgoing::to(exporter)).with_batch_config(batches).build())
            .build();
        Ok(Some(Self { provider }))
    }

    /// Makes traces of this program's own spans, whatever is logged of them.
    pub(crate) fn layer<S: Subscriber + for<'span> LookupSpan<'span>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("keyfoldd"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_ours).with_max_level_hint(LevelFilter::DEBUG))
    }

    /// Sends what still waits, for a moment at most. What is traced after that is dropped.
    pub async fn stop(self) {
        let provider = self.provider;
        let sent = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::warn!("traces: the last ones were not sent");
        }
    }
}

/// Spans alone: an event is a log line, and its words are for the log.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::DEBUG && metadata.target().starts_with("keyfold_")
}

/// Spans that wait; each has some hundred bytes.
const QUEUE: usize = 4_096;
const BATCH: usize = 512;
const DELAY: Duration = Duration::from_secs(2);
/// For the last batch, when the server stops.
const FLUSH: Duration = Duration::from_secs(3);
