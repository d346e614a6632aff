use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of 127.0.0.1 that is one program's for as long as this lives, also while that does not run. It is bound and never
/// listens: the kernel gives it to nobody who asks for any port, and lets a program that sets `SO_REUSEADDR`, as all here
/// do, listen on it by its number.
pub struct Port {
    number: u16,
    _bound: TcpSocket,
}

impl Port {
    pub fn reserved() -> Self {
        let bound = TcpSocket::new_v4().unwrap();
        bound.set_reuseaddr(true).unwrap();
        bound.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        Self { number: bound.local_addr().unwrap().port(), _bound: bound }
    }

    pub const fn number(&self) -> u16 {
        self.number
    }
}
