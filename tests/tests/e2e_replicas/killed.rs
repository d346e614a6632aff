use keyfold_tests::{Redis, Server, ServerOptions};

use crate::story::nothing_is_lost;

/// Both go by one name; what devices ask goes to either, as through a proxy.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_however_often_one_of_two_replicas_is_killed() {
    let redis = Redis::start();
    let url = redis.url();
    let settings = [
        ("KEYFOLD_REDIS", url.as_str()),
        // More than one address's rate for sessions, which are opened anew after a kill.
        ("KEYFOLD_RATES__ANONYMOUS_PER_MINUTE", "1000000"),
        ("KEYFOLD_RATES__DEVICE_PER_SECOND", "100000"),
    ];
    let one = Server::start_with(ServerOptions::with(settings));
    let two = one.replica();
    nothing_is_lost(vec![one, two]).await;
}
