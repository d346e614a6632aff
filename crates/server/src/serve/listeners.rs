use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{App, HttpServer, dev::Server, web::Data};
use tracing_actix_web::TracingLogger;

use super::ServeError;
use crate::{
    config::{HttpSettings, Settings},
    http::{RequestSpan, State, routes},
    tls::{Certificates, server_config},
};

/// The sockets, bound before anything else starts: a port that is taken is told at once.
pub(super) struct Sockets {
    pub(super) listen: SocketAddr,
    pub(super) plain_listen: Option<SocketAddr>,
    tls: TcpListener,
    plain: Option<TcpListener>,
}

impl Sockets {
    pub(super) fn bind(settings: &Settings) -> Result<Self, ServeError> {
        let (tls, listen) = bind(settings.listen)?;
        let plain = settings.plain_listen.map(bind).transpose()?;
        let (plain, plain_listen) = plain.unzip();
        Ok(Self { listen, plain_listen, tls, plain })
    }

    /// HTTP/1.1 on both.
    pub(super) fn serve(
        self,
        settings: &HttpSettings,
        certificates: Arc<Certificates>,
        state: Data<State>,
    ) -> Result<Server, ServeError> {
        let failed = |address| move |error| ServeError::Listen { address, error };
        let mut server = HttpServer::new(move || {
            App::new().app_data(state.clone()).wrap(TracingLogger::<RequestSpan>::new()).configure(routes)
        })
        .disable_signals()
        .keep_alive(Duration::from_secs(settings.keep_alive))
        .client_request_timeout(Duration::from_secs(settings.head_timeout))
        .client_disconnect_timeout(LINGER)
        .tls_handshake_timeout(Duration::from_secs(settings.head_timeout))
        .shutdown_timeout(settings.shutdown_timeout)
        .max_connections(settings.connections)
        .listen_rustls_0_23(self.tls, server_config(certificates)?)
        .map_err(failed(self.listen))?;
        if let (Some(plain), Some(address)) = (self.plain, self.plain_listen) {
            server = server.listen(plain).map_err(failed(address))?;
        }
        Ok(server.run())
    }
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |error| ServeError::Listen { address, error };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// For a client that still sends a body that was refused, so that it reads the refusal and not a broken connection.
const LINGER: Duration = Duration::from_secs(2);
