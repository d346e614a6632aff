use std::{
    fmt,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_http::HttpService;
use actix_service::{ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_web::{
    App,
    dev::{AppConfig, Server},
    middleware::from_fn,
    rt::net::TcpStream,
    web::Data,
};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing_actix_web::TracingLogger;

use super::{ServeError, connection::Connection};
use crate::{
    config::{HttpSettings, Settings},
    http::{Origin, RequestSpan, State, hold_refusals, keep_unread, measured, metrics_routes, routes},
    tls::{Certificates, server_config},
};

/// The sockets, bound before anything else starts: a port that is taken is told at once.
pub(super) struct Sockets {
    pub(super) listen: SocketAddr,
    pub(super) plain_listen: Option<SocketAddr>,
    pub(super) metrics_listen: Option<SocketAddr>,
    tls: TcpListener,
    plain: Option<TcpListener>,
    metrics: Option<TcpListener>,
}

impl Sockets {
    pub(super) fn bind(settings: &Settings) -> Result<Self, ServeError> {
        let (tls, listen) = bind(settings.listen)?;
        let plain = settings.plain_listen.map(bind).transpose()?;
        let (plain, plain_listen) = plain.unzip();
        let (metrics, metrics_listen) = settings.metrics_listen.map(bind).transpose()?.unzip();
        Ok(Self { listen, plain_listen, metrics_listen, tls, plain, metrics })
    }

    /// HTTP/1.1 on both.
    pub(super) fn serve(
        self,
        settings: &HttpSettings,
        certificates: Arc<Certificates>,
        state: Data<State>,
    ) -> Result<Server, ServeError> {
        let failed = |address| move |error| ServeError::Listen { address, error };
        let mut tls = server_config(certificates)?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let http = Http { settings: settings.clone(), state };
        let (over_tls, watched, plain) = (http.clone(), http.clone(), http);
        let mut server = Server::build()
            .disable_signals()
            .shutdown_timeout(settings.shutdown_timeout)
            .max_concurrent_connections(settings.connections)
            .listen("tls", self.tls, move || over_tls.over_tls(tls.clone()))
            .map_err(failed(self.listen))?;
        if let (Some(listener), Some(address)) = (self.plain, self.plain_listen) {
            server = server.listen("plain", listener, move || plain.plain()).map_err(failed(address))?;
        }
        if let (Some(listener), Some(address)) = (self.metrics, self.metrics_listen) {
            server = server.listen("metrics", listener, move || watched.metrics()).map_err(failed(address))?;
        }
        Ok(server.run())
    }
}

/// What serves a connection.
#[derive(Clone)]
struct Http {
    settings: HttpSettings,
    state: Data<State>,
}

impl Http {
    fn plain(&self) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> + use<> {
        let patience = seconds(self.settings.write_timeout);
        let state = self.state.clone();
        fn_service(move |tcp: TcpStream| {
            let open = Arc::clone(&state.connections);
            async move {
                let peer = tcp.peer_addr().ok();
                at_once(&tcp);
                Ok::<_, ()>((Connection::new(tcp, patience, open), peer))
            }
        })
        .and_then(self.service(|connection: &Connection<TcpStream>| Origin { proxy: true, cut: connection.cut() }))
    }

    fn metrics(
        &self,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> + use<> {
        let app = App::new().app_data(self.state.clone()).wrap(from_fn(keep_unread)).configure(metrics_routes);
        HttpService::build()
            .client_request_timeout(seconds(self.settings.head_timeout))
            .client_disconnect_timeout(LINGER)
            .h1(map_config(app, |()| AppConfig::default()))
            .tcp()
            .map_err(unheard)
    }

    fn over_tls(
        &self,
        config: ServerConfig,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> + use<> {
        let patience = seconds(self.settings.write_timeout);
        let mut acceptor = Acceptor::new(config);
        acceptor.set_handshake_timeout(seconds(self.settings.head_timeout));
        let state = self.state.clone();
        fn_service(move |tcp: TcpStream| {
            let open = Arc::clone(&state.connections);
            async move {
                at_once(&tcp);
                Ok::<_, ()>(Connection::new(tcp, patience, open))
            }
        })
        .and_then(acceptor.map_err(unheard))
        .and_then(|tls: TlsStream<Connection<TcpStream>>| async move {
            let peer = tls.get_ref().0.inner().peer_addr().ok();
            Ok::<_, ()>((tls, peer))
        })
        .and_then(
            self.service(|tls: &TlsStream<Connection<TcpStream>>| Origin { proxy: false, cut: tls.get_ref().0.cut() }),
        )
    }

    fn service<T: AsyncRead + AsyncWrite + Unpin + 'static>(
        &self,
        origin: fn(&T) -> Origin,
    ) -> impl ServiceFactory<(T, Option<SocketAddr>), Config = (), Response = (), Error = (), InitError = ()> + use<T>
    {
        let app = App::new()
            .app_data(self.state.clone())
            .wrap(from_fn(keep_unread))
            .wrap(from_fn(measured))
            .wrap(from_fn(hold_refusals))
            .wrap(TracingLogger::<RequestSpan>::new())
            .configure(routes);
        let state = self.state.clone();
        HttpService::build()
            .keep_alive(seconds(self.settings.keep_alive))
            .client_request_timeout(seconds(self.settings.head_timeout))
            .client_disconnect_timeout(LINGER)
            // A client that says no more is gone: what it listened to gives its seat back.
            .h1_allow_half_closed(false)
            .graceful_shutdown_signal(move || {
                let state = state.clone();
                async move { state.stop().await }
            })
            .on_connect_ext(move |io: &T, data| {
                data.insert(origin(io));
            })
            .h1(map_config(app, |()| AppConfig::default()))
            .map_err(unheard)
    }
}

/// A client that is gone hears no error, and the log would be filled by whoever likes.
fn unheard(error: impl fmt::Debug) {
    tracing::debug!(?error, "a connection ended");
}

/// What is written goes out as it is written. An answer in pieces would else wait, between two of them, for a client that is
/// in no hurry to say that it has the first.
fn at_once(tcp: &TcpStream) {
    // A connection that is gone already is noticed when it is read.
    let _ = tcp.set_nodelay(true);
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |error| ServeError::Listen { address, error };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// For a client that still sends a body that was refused, so that it reads the refusal and not a broken connection.
const LINGER: Duration = Duration::from_secs(2);
