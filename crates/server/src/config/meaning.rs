/// What each setting is for, in a line, as `keyfoldd config` prints it.
const MEANINGS: [(&str, &str); 39] = [
    ("listen", "Where TLS is served"),
    ("plain_listen", "Where plain HTTP is served for a proxy, such as 127.0.0.1:8080"),
    (
        "plain_listen_beyond_loopback",
        "Let plain_listen leave this machine: whoever is on the way then reads the metadata",
    ),
    (
        "trust_forwarded_for",
        "Take the last address in X-Forwarded-For on the plain listener for the client's; only if the proxy sets it",
    ),
    ("metrics_listen", "Where /metrics is served for Prometheus, without TLS, such as 127.0.0.1:9464"),
    ("public_url", "The URL that devices use and sign for; by default https://localhost and the port"),
    ("data_dir", "Where the server keeps its files"),
    ("database", "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; by default keyfold.db in data_dir"),
    ("redis", "redis://:PASSWORD@HOST:PORT or rediss://… with TLS, for several servers on one PostgreSQL"),
    (
        "sign_up",
        "Who may create an account: open, invite, closed, or auto: open where nobody else can reach the server, else invite",
    ),
    ("tls.certificate", "The certificate chain, PEM, read again every hour; by default a local CA issues one"),
    ("tls.key", "The certificate's private key, PEM"),
    ("tls.names", "More names and addresses for the local CA's certificate"),
    ("limits.changes", "Changes of one commit"),
    ("limits.push", "Bytes of all envelopes of one push"),
    ("limits.devices", "Active devices of an account"),
    ("limits.items", "Items of an account, purged ones included"),
    ("limits.account_bytes", "Bytes of all that is kept of an account"),
    ("limits.roster_entries", "Roster entries of an account"),
    ("http.head_timeout", "Seconds for a TLS handshake and for a request's head"),
    ("http.piece_timeout", "Seconds between two pieces of a body"),
    ("http.body_timeout", "Seconds for a whole body"),
    ("http.write_timeout", "Seconds for a client that takes nothing of its answer"),
    ("http.keep_alive", "Seconds that an idle connection stays open"),
    ("http.shutdown_timeout", "Seconds for requests under way when the server stops"),
    ("http.body_memory", "MiB that all bodies together may take, half while they arrive and half for their copies"),
    ("http.connections", "Open connections, for each worker (one a core)"),
    ("http.pulls", "Pulls that run at once, each up to 2 MiB"),
    ("http.hints", "Devices that listen for hints at once"),
    ("rates.anonymous_per_minute", "New accounts, enrolments and sessions of one address in a minute"),
    ("rates.client_per_second", "Requests of each relying party or other client of a tenant, a second"),
    ("rates.device_per_second", "Requests of one device in a second"),
    ("log.format", "human or json"),
    ("log.level", "error, warn, info, debug, trace, or a filter like info,keyfold_server=debug"),
    (
        "traces.otlp_endpoint",
        "Where traces go: a collector of OTLP over HTTP, such as http://127.0.0.1:4318; by default nowhere",
    ),
    ("traces.sample", "Which part of the requests is traced, up to 1"),
    ("domains.private_addresses", "Look for domains' proofs at private addresses too, within your own network"),
    ("domains.ca", "CA certificates, PEM, that domains' proofs are looked for under, beside the platform's"),
    ("domains.hosts", "Where domains are that no name server knows, as NAME=ADDRESS:PORT"),
];

pub(super) fn meaning(name: &str) -> &'static str {
    MEANINGS.iter().find(|(setting, _)| *setting == name).map_or("", |(_, meaning)| meaning)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::show::names;

    #[test]
    fn every_setting_has_its_meaning_and_nothing_else_has() {
        let described: BTreeSet<_> = MEANINGS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(described, names().into_iter().collect());
        assert!(MEANINGS.iter().all(|(_, meaning)| !meaning.is_empty()));
    }
}
