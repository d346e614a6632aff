use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;

use super::{Origin, State};

/// Who asks: the connection's address, or on the plain listener, if its proxy is trusted to say so, the one that the
/// proxy saw, which it appends last.
pub(super) fn address(request: &HttpRequest, state: &State) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let proxy = Origin::of(request).is_ok_and(|origin| origin.proxy);
    if !state.trust_forwarded_for || !proxy {
        return peer;
    }
    let forwarded = request.headers().get_all("x-forwarded-for").last();
    forwarded.and_then(|value| last(value.to_str().ok()?)).unwrap_or(peer)
}

/// The last of a list of addresses; proxies write some with a port, and those of IPv6 with or without brackets.
fn last(value: &str) -> Option<IpAddr> {
    let text = value.rsplit(',').next()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_address_counts_in_each_form_that_proxies_write() {
        for (value, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
            ("203.0.113.9,192.0.2.1:51234", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("192.0.2.1, [2001:db8::1]:443", "2001:db8::1"),
        ] {
            assert_eq!(last(value), Some(address.parse().unwrap()), "{value}");
        }
        for value in ["", "unknown", "192.0.2.1, _hidden", "192.0.2.1:port", "[192.0.2.1"] {
            assert_eq!(last(value), None, "{value}");
        }
    }
}
