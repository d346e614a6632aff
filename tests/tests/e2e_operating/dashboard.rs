use std::{collections::BTreeSet, fs, path::Path};

use keyfold_tests::{Http, Server, ServerOptions};
use serde_json::Value;

#[test]
fn the_dashboard_and_the_alerts_speak_of_what_is_served_and_the_dashboard_of_all_of_it() {
    let server = Server::start_with(ServerOptions::with([("KEYFOLD_METRICS_LISTEN", "127.0.0.1:0")]));
    Http::to(&server).get("/healthz");
    let metrics = Http::plain(server.ready()["metrics_listen"].as_str().unwrap());
    let text = String::from_utf8(metrics.get("/metrics").body).unwrap();
    let declared = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let served: BTreeSet<String> = declared.map(str::to_owned).collect();
    assert!(served.len() > 10, "{text}");
    for name in &served {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} is not explained");
    }

    let dashboard: Value = serde_json::from_str(&deployed("grafana/keyfold.json")).unwrap();
    assert_eq!(named(&queries(&dashboard)), served);
    let alerts = named(&deployed("prometheus/alerts.yaml"));
    assert!(!alerts.is_empty() && alerts.is_subset(&served), "{alerts:?}");
}

fn deployed(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(path)).unwrap()
}

/// What its panels ask.
fn queries(dashboard: &Value) -> String {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The metrics that a text names; of a histogram, what it is called as a whole.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let names = words.filter(|word| word.starts_with("keyfold_") || word.starts_with("process_"));
    names.map(|name| name.strip_suffix("_bucket").unwrap_or(name).to_owned()).collect()
}
