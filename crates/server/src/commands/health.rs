use std::{
    io::{Write, stdout},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use reqwest::{Client, StatusCode};

use super::{CommandError, Form, arguments::Health};
use crate::config::{Loaded, Settings};

/// Why a server is not known to be well.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// It can be asked over TLS only, where it would have to be told whom to trust.
    #[error("set metrics_listen (or plain_listen): a server's health is asked for there, on the machine itself")]
    NoListener,
    /// It does not answer.
    #[error("the server does not answer on {0}")]
    Silent(SocketAddr),
    /// It answers that it is not well.
    #[error("the server on {0} answers {1}")]
    Unwell(SocketAddr, StatusCode),
}

/// Asks the server that runs with the same settings.
pub(super) async fn run(loaded: &Loaded, options: &Health, form: Form) -> Result<(), CommandError> {
    let address = asked_at(&loaded.settings).ok_or(HealthError::NoListener)?;
    let path = if options.ready { "readyz" } else { "healthz" };
    let body = ask(address, path).await?;
    match form {
        Form::Json => writeln!(stdout(), "{body}")?,
        Form::Text => writeln!(stdout(), "{}", if options.ready { "ready" } else { "alive" })?,
    }
    Ok(())
}

/// Its JSON, if it is well.
async fn ask(address: SocketAddr, path: &str) -> Result<String, HealthError> {
    let silent = |_| HealthError::Silent(address);
    let client = Client::builder().no_proxy().tls_certs_only([]).timeout(PATIENCE).build().map_err(silent)?;
    let answer = client.get(format!("http://{address}/{path}")).send().await.map_err(silent)?;
    match answer.status() {
        StatusCode::OK => answer.text().await.map_err(silent),
        status => Err(HealthError::Unwell(address, status)),
    }
}

/// Where it can be asked without TLS, from its own machine.
fn asked_at(settings: &Settings) -> Option<SocketAddr> {
    let mut address = settings.metrics_listen.or(settings.plain_listen)?;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Some(address)
}

const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_on_its_own_machine() {
        let at = |metrics: Option<&str>, plain: Option<&str>| {
            let address = |text: Option<&str>| text.map(|text| text.parse().unwrap());
            let settings =
                Settings { metrics_listen: address(metrics), plain_listen: address(plain), ..Settings::default() };
            asked_at(&settings).map(|address| address.to_string())
        };
        assert_eq!(at(None, None), None);
        assert_eq!(at(None, Some("127.0.0.1:8080")).unwrap(), "127.0.0.1:8080");
        assert_eq!(at(Some("0.0.0.0:9464"), Some("127.0.0.1:8080")).unwrap(), "127.0.0.1:9464");
        assert_eq!(at(Some("[::]:9464"), None).unwrap(), "[::1]:9464");
        assert_eq!(at(Some("192.0.2.1:9464"), None).unwrap(), "192.0.2.1:9464");
    }
}
