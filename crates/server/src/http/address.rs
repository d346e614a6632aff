use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;

/// Who asks: the connection's address, or behind a proxy on the plain listener the one that the proxy saw, which it
/// appends last.
pub(super) fn address(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if request.app_config().secure() {
        return peer;
    }
    let forwarded = request.headers().get_all("x-forwarded-for").last();
    forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()).unwrap_or(peer)
}
