use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

/// Stands between devices and a server, passes everything on, and keeps the first thing that the server says.
pub(crate) struct Wiretap {
    listener: TcpListener,
}

impl Wiretap {
    pub(crate) fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Passes connections on to this port; gives each one's `ServerHello`.
    pub(crate) fn listen_in(self, port: u16) -> Receiver<ServerHello> {
        let (sender, hellos) = channel();
        thread::spawn(move || {
            for device in self.listener.incoming() {
                let (device, server) = (device.unwrap(), TcpStream::connect(("127.0.0.1", port)).unwrap());
                let (up, sender) = ((device.try_clone().unwrap(), server.try_clone().unwrap()), sender.clone());
                thread::spawn(move || carry(up.0, up.1));
                thread::spawn(move || carry_noting(server, device, &sender));
            }
        });
        hellos
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    // Whichever end breaks off, the other learns it.
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}

fn carry_noting(mut server: TcpStream, mut device: TcpStream, hellos: &Sender<ServerHello>) {
    let mut head = [0; 5];
    if server.read_exact(&mut head).is_ok() {
        let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        server.read_exact(&mut record).unwrap();
        if head[0] == HANDSHAKE {
            hellos.send(ServerHello::read(&record)).unwrap();
        }
        let _ = device.write_all(&[&head[..], &record].concat());
    }
    carry(server, device);
}

/// What a server chose (RFC 8446 §4.1.3).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServerHello {
    pub(crate) version: u16,
    pub(crate) group: u16,
}

impl ServerHello {
    fn read(handshake: &[u8]) -> Self {
        assert_eq!(handshake[0], SERVER_HELLO);
        // Type and length, legacy version, random; then the echoed session id, the cipher suite, no compression.
        let session_id = usize::from(handshake[4 + 2 + 32]);
        let mut rest = &handshake[4 + 2 + 32 + 1 + session_id + 2 + 1 + 2..];
        let mut chosen = Self { version: 0, group: 0 };
        while let Some((head, after)) = rest.split_first_chunk::<4>() {
            let [kind, length] = [[head[0], head[1]], [head[2], head[3]]].map(u16::from_be_bytes);
            let (extension, after) = after.split_at(usize::from(length));
            match (kind, extension) {
                (SUPPORTED_VERSIONS, [high, low]) => chosen.version = u16::from_be_bytes([*high, *low]),
                (KEY_SHARE, [high, low, ..]) => chosen.group = u16::from_be_bytes([*high, *low]),
                _ => {}
            }
            rest = after;
        }
        chosen
    }
}

const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;
