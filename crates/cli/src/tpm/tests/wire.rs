use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::chip::{self, Chip};
use crate::tpm::Tpm;

/// The wires between this process and a chip, with somebody on them who writes down all that passes, and may change what the chip
/// answers.
pub(super) struct Wire {
    port: u16,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    commands: Vec<u8>,
    answers: Vec<u8>,
}

impl Wire {
    pub(super) fn to(chip: &Chip, answer: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        let (port, commands, control) = loop {
            let port = chip::port_of_two();
            let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
            if let (Ok(commands), Ok(control)) = (bind(port), bind(port + 1)) {
                break (port, commands, control);
            }
        };
        let heard = Arc::new(Mutex::new(Heard::default()));
        let answer = Arc::new(answer);
        for (listener, target, on_it) in [(commands, chip.port(), true), (control, chip.port() + 1, false)] {
            let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
            thread::spawn(move || {
                for here in listener.incoming().map_while(Result::ok) {
                    let there = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).unwrap();
                    let (to, from) = (Arc::clone(&heard), Arc::clone(&heard));
                    let answer = Arc::clone(&answer);
                    pass(here.try_clone().unwrap(), there.try_clone().unwrap(), move |bytes| {
                        if on_it {
                            to.lock().unwrap().commands.extend_from_slice(bytes);
                        }
                    });
                    pass(there, here, move |bytes| {
                        if on_it {
                            from.lock().unwrap().answers.extend_from_slice(bytes);
                            answer(bytes);
                        }
                    });
                }
            });
        }
        Self { port, heard }
    }

    pub(super) fn open(&self) -> Tpm {
        chip::open(self.port)
    }

    /// Whether some bytes passed, either way.
    pub(super) fn heard(&self, bytes: &[u8]) -> bool {
        let heard = self.heard.lock().unwrap();
        [&heard.commands, &heard.answers].into_iter().any(|all| all.windows(bytes.len()).any(|part| part == bytes))
    }

    /// The commands of one code that passed, whole.
    pub(super) fn commands(&self, code: u32) -> Vec<Vec<u8>> {
        let heard = self.heard.lock().unwrap();
        let mut rest = heard.commands.as_slice();
        let mut commands = Vec::new();
        // Tag (2), length of all (4), code (4).
        while let [_, _, a, b, c, d, ..] = *rest {
            let (command, others) = rest.split_at(u32::from_be_bytes([a, b, c, d]) as usize);
            commands.push(command.to_vec());
            rest = others;
        }
        commands.retain(|command| command[6..10] == code.to_be_bytes());
        commands
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, look: impl Fn(&mut [u8]) + Send + 'static) {
    thread::spawn(move || {
        let mut bytes = [0; 8_192];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            look(&mut bytes[..count]);
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
