//! Behind each proxy, set as `deploy/proxy` says, a server is what it is without one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use keyfold_tests::{Device, Http, Proxied, Session, Shop, Watch};

#[test]
fn behind_nginx() {
    let mut proxied = Proxied::server();
    let (listen, plain) = (format!("listen 127.0.0.1:{} ssl", proxied.port()), proxied.listener("plain_listen"));
    let (certificate, key) = (proxied.file("tls.crt"), proxied.file("tls.key"));
    let places = [
        ("listen 443 ssl", &*listen),
        ("vault.example.org;", "localhost;"),
        ("server 127.0.0.1:8080", &format!("server {plain}")),
        ("/etc/keyfold/tls.crt", &certificate),
        ("/etc/keyfold/tls.key", &key),
    ];
    let site = proxied.example("proxy/nginx.conf", &places);
    let here = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {};\n", proxied.file(kind)))
        .concat();
    let http = format!("http {{\naccess_log {};\n{here}{site}\n}}\n", proxied.file("access.log"));
    run_nginx(&mut proxied, "", &http);
    a_household_uses_it(&proxied);
    and_a_large_push_passes(&proxied);
}

#[test]
fn behind_nginx_that_lets_tls_pass() {
    let mut proxied = Proxied::server();
    let (listen, tls) = (format!("listen 127.0.0.1:{};", proxied.port()), proxied.listener("listen"));
    let server = format!("server {tls};");
    let places =
        [("listen 443;", &*listen), ("server 192.0.2.11:8443;", &server), ("    server 192.0.2.12:8443;\n", "")];
    let stream = proxied.example("proxy/nginx-passthrough.conf", &places);
    run_nginx(&mut proxied, "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n", &stream);
    a_household_uses_it(&proxied);
    and_a_large_push_passes(&proxied);
}

#[test]
fn behind_caddy() {
    let mut proxied = Proxied::server();
    let (site, plain) = (format!("\nhttps://localhost:{} {{", proxied.port()), proxied.listener("plain_listen"));
    let tls = format!("tls {} {} {{", proxied.file("tls.crt"), proxied.file("tls.key"));
    let places = [
        ("\nvault.example.org {", &*site),
        ("tls {", &tls),
        ("reverse_proxy 127.0.0.1:8080 {", &format!("reverse_proxy {plain} {{")),
        // It asks nobody for certificates, and takes no other port.
        ("grace_period 10s", "grace_period 10s\nadmin off\nauto_https disable_redirects"),
    ];
    let file = proxied.write("Caddyfile", &proxied.example("proxy/Caddyfile", &places));
    proxied.start("caddy", &["run", "--config", &file, "--adapter", "caddyfile"]);
    a_household_uses_it(&proxied);
    and_a_large_push_passes(&proxied);
}

#[test]
fn behind_haproxy() {
    let mut proxied = Proxied::server();
    let (bind, plain) = (format!("bind 127.0.0.1:{} ssl", proxied.port()), proxied.listener("plain_listen"));
    let places = [
        ("bind :443 ssl", &*bind),
        ("/etc/keyfold/tls.pem", &proxied.file("tls.pem")),
        ("server keyfoldd 127.0.0.1:8080", &format!("server keyfoldd {plain}")),
    ];
    let file = proxied.write("haproxy.cfg", &proxied.example("proxy/haproxy.cfg", &places));
    proxied.start("haproxy", &["-db", "-f", &file]);
    a_household_uses_it(&proxied);
    and_a_large_push_passes(&proxied);
}

#[test]
fn behind_haproxy_that_lets_tls_pass_as_in_compose() {
    let mut proxied = Proxied::server();
    let port = |listener: &str| proxied.listener(listener).rsplit_once(':').unwrap().1.to_owned();
    let (metrics, tls) = (format!("check port {}", port("metrics_listen")), port("listen"));
    let (bind, server) = (format!("bind 127.0.0.1:{}\n", proxied.port()), format!("server keyfoldd 127.0.0.1:{tls}"));
    let places = [
        ("bind :8443\n", &*bind),
        ("check port 9464", &metrics),
        // The engine's DNS is the engine's.
        (" init-addr none resolvers engine", ""),
        ("server-template keyfoldd- 4 keyfoldd:8443", &server),
    ];
    let file = proxied.write("haproxy.cfg", &proxied.example("container/haproxy.cfg", &places));
    proxied.start("haproxy", &["-db", "-f", &file]);
    a_household_uses_it(&proxied);
    and_a_large_push_passes(&proxied);
}

fn run_nginx(proxied: &mut Proxied, before: &str, blocks: &str) {
    let pid = proxied.file("nginx.pid");
    let text = format!("{before}daemon off;\npid {pid};\nerror_log stderr;\nevents {{}}\n{blocks}");
    let file = proxied.write("nginx.conf", &text);
    proxied.start("nginx", &["-e", "stderr", "-c", &file]);
}

/// Devices found and join an account, one hears what the other does, and no file of the proxy holds what opens something.
fn a_household_uses_it(proxied: &Proxied) {
    let laptop = Device::founded(&proxied.server, "Ana's laptop");
    let phone = Device::enrolled(&proxied.server, "Ana's phone", &laptop);
    let mut watch = Watch::of(&phone);
    for name in ["shop.example", "bank.example"] {
        let shop = Shop::new(name);
        let made = laptop.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
        shop.judge_registration(&made).backed_up();
        watch.until(|event| event["event"] == "synced" && event["items_pulled"] == 1);
        assert!(shop.judge_sign_in(&phone.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
    }
    assert!(!proxied.said().contains("/v1/"), "the proxy keeps whom it served: {}", proxied.said());
}

/// As large as a push may be; it says nothing, which the server itself finds.
fn and_a_large_push_passes(proxied: &Proxied) {
    let http = Http::to(&proxied.server);
    let device = Device::founded(&proxied.server, "Ben's laptop");
    let reply = Session::of(&device, &http).post(&http, "/v1/commits", &vec![0; 16 * 1024 * 1024]);
    reply.refused(400, keyfold_wire::v1::ProblemCode::Malformed);
}
