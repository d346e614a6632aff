use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use keyfold_tests::{Http, Server, ServerOptions};
use serde_json::{Value, json};

#[test]
fn an_operator_asks_the_server_beside_it_whether_it_is_well() {
    let mut server = Server::start_with(ServerOptions::with([("KEYFOLD_METRICS_LISTEN", "127.0.0.1:0")]));
    let address = server.ready()["metrics_listen"].as_str().unwrap().to_owned();
    let ask =
        |server: &Server, more: &[&str]| server.command(&[&["health", "--metrics-listen", &address], more].concat());
    for (more, said) in [(&[][..], "alive\n"), (&["--ready"][..], "ready\n")] {
        let asked = ask(&server, more);
        assert_eq!((asked.status, asked.out.as_str(), asked.err.as_str()), (0, said, ""));
    }
    let asked = ask(&server, &["--ready", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&asked.out).unwrap(), json!({ "status": "ready" }));
    // Whoever watches it otherwise finds the same there.
    assert_eq!((Http::plain(&address).get("/healthz").status, Http::plain(&address).get("/readyz").status), (200, 200));

    assert!(server.stop().success());
    assert_eq!(ask(&server, &[]).server_line(), format!("the server does not answer on {address}"));
}

#[test]
fn a_server_that_says_that_it_is_not_well_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answers = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        assert!(connection.read(&mut [0; 1024]).unwrap() > 0);
        connection.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let said = Server::start().command(&["health", "--ready", "--plain-listen", &address]);
    assert_eq!(said.server_line(), format!("the server on {address} answers 503 Service Unavailable"));
    answers.join().unwrap();
}

#[test]
fn who_can_be_asked_over_tls_alone_is_not_asked() {
    let line = Server::start().command(&["health"]).server_line();
    assert!(line.starts_with("set metrics_listen"), "{line}");
}
