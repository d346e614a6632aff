use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;

/// A collector of traces by OTLP over HTTP, on this machine. It keeps what it is sent.
pub struct Collector {
    address: SocketAddr,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, kept) = (listener.local_addr().unwrap(), Arc::default());
        let keeps = Arc::clone(&kept);
        // It ends with the test's process.
        thread::spawn(move || {
            for connection in listener.incoming() {
                let keeps = Arc::clone(&keeps);
                thread::spawn(move || serve(connection.unwrap(), &keeps));
            }
        });
        Self { address, kept }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests' bodies.
    pub fn kept(&self) -> Vec<Vec<u8>> {
        self.kept.lock().unwrap().clone()
    }

    pub fn spans(&self) -> Vec<Span> {
        let requests = self.kept().into_iter().map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        let resources = requests.flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

/// What a span says of this, as text.
pub fn attribute(span: &Span, name: &str) -> Option<String> {
    let KeyValue { value, .. } = span.attributes.iter().find(|attribute| attribute.key == name)?;
    match value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{name} is {other:?}"),
    }
}

/// As many requests as come on one connection.
fn serve(mut connection: TcpStream, kept: &Mutex<Vec<Vec<u8>>>) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    while let Some(length) = head(&mut reader) {
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        kept.lock().unwrap().push(body);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        connection.write_all(answer).unwrap();
    }
}

/// Reads a request's head, which must be that of an export; gives its body's length. `None` at the connection's end.
fn head(reader: &mut impl BufRead) -> Option<usize> {
    let mut lines = reader.lines().map_while(Result::ok);
    assert_eq!(lines.next()?, "POST /v1/traces HTTP/1.1");
    let fields: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    assert!(fields.iter().any(|field| field == "content-type: application/x-protobuf"), "{fields:?}");
    fields.iter().find_map(|field| field.strip_prefix("content-length: ")).map(|length| length.parse().unwrap())
}
