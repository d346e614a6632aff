//! Whoever sits at the agent's terminal is asked for what programs want.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use keyfold_tests::{Device, Server, Terminal};

#[test]
fn a_question_is_taken_back_with_its_request() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let socket = a.home().join("agent.sock");
    let mut terminal =
        Terminal::runs(&a.command_for_people(&["agent", "--no-sync", "--socket", socket.to_str().unwrap()]));
    terminal.shows("Stop it with Ctrl-C.");

    // Nobody waits for the first any more, and nobody has typed anything: the next is asked all the same.
    let gone = asks(&socket);
    terminal.shows("make a passkey at shop.example for ana?");
    terminal.shows("Agree? [y/N] ");
    drop(gone);
    let waits = asks(&socket);
    terminal.shows("Agree? [y/N] ");
    terminal.types("y");
    assert_eq!(answer(waits)[0], 0x00);
    terminal.sends(3);
    terminal.ends();
}

/// A program that wants a credential.
fn asks(socket: &Path) -> UnixStream {
    let mut socket = UnixStream::connect(socket).unwrap();
    socket.write_all(&u32::try_from(MAKE_CREDENTIAL.len()).unwrap().to_be_bytes()).unwrap();
    socket.write_all(MAKE_CREDENTIAL).unwrap();
    socket
}

fn answer(mut socket: UnixStream) -> Vec<u8> {
    let mut length = [0; 4];
    socket.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    socket.read_exact(&mut answer).unwrap();
    answer
}

/// authenticatorMakeCredential of a server-side credential for shop.example (CTAP 2.1 §6.1).
const MAKE_CREDENTIAL: &[u8] = b"\x01\xa4\x01\x58\x20AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x02\xa1\x62id\x6cshop.example\
    \x03\xa2\x62id\x41\x01\x64name\x63ana\x04\x81\xa2\x63alg\x26\x64type\x6apublic-key";
