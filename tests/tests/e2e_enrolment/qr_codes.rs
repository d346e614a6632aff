use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Child,
};

use keyfold_tests::{Device, Said, Server, exit, started};

use crate::{devices, drawing::Drawing, nothing_joined};

#[test]
fn a_qr_code_is_read_from_a_png_image() {
    let (_server, a, b) = ana();
    let png = b.pipe("qr.png");
    let enroll = b.enroll("Ana's phone", &["--qr-file", png.to_str().unwrap()]);
    // The pipe passes the image on as it is written.
    let approved = a.ok(&["device", "approve", "--yes", "--qr", png.to_str().unwrap()]);
    assert_eq!(approved["device"], Said::by(enroll).done()["device"]);
}

#[test]
fn a_qr_code_is_read_from_a_text_file() {
    let (_server, a, b) = ana();
    let text = b.pipe("qr.txt");
    let enroll = b.enroll("Ana's phone", &["--qr-file", text.to_str().unwrap()]);
    a.ok(&["device", "approve", "--yes", "--qr", text.to_str().unwrap()]);
    Said::by(enroll).done();
}

#[test]
fn a_qr_code_is_drawn_in_svg() {
    let (_server, a, b) = ana();
    let svg = b.pipe("qr.svg");
    let enroll = b.enroll("Ana's phone", &["--qr-file", svg.to_str().unwrap()]);
    let drawing = Drawing::in_svg(&fs::read_to_string(&svg).unwrap());
    approve_photograph(&a, &drawing);
    Said::by(enroll).done();
}

#[test]
fn a_qr_code_is_drawn_in_the_terminal() {
    let (_server, a, b) = ana();
    let mut enroll = b.enroll("Ana's phone", &[]);
    let drawing = Drawing::on_terminal(&drawn_lines(&mut enroll));
    approve_photograph(&a, &drawing);
    Said::by(enroll).done();
}

#[test]
fn for_people_the_same_is_said_in_words() {
    let (_server, a, b) = ana();
    let qr = b.pipe("qr.txt");
    let arguments =
        ["device", "enroll", "--server", b.url(), "--name", "Ana's phone", "--qr-file", qr.to_str().unwrap()];
    let enroll = started(b.command_for_people(&arguments));
    let approve = a.command_for_people(&["device", "approve", "--yes", "--qr", qr.to_str().unwrap()]);
    let approved = Said::by(started(approve));
    let enrolled = Said::by(enroll);
    assert!(approved.out.starts_with("\"Ana's phone\" (") && approved.out.contains("is in your account now"));
    assert!(enrolled.out.starts_with("This device is \"Ana's phone\" ("), "{}", enrolled.out);
    assert!(enrolled.err.contains("On a device of your account, run `keyfold device approve --qr FILE`"));
}

#[test]
fn what_holds_no_qr_code_of_an_enrolment_is_malformed() {
    let (_server, a, b) = ana();
    let file = b.home().join("file");
    let blank = Drawing::on_terminal(&vec!["█".repeat(40); 20]).photograph();
    for contents in
        [&b"hello"[..], b"", b"\xff\xfe", b"keyfold:enrol?v=1", b"https://shop.example", &blank, &blank[..40]]
    {
        fs::write(&file, contents).unwrap();
        a.fails(exit::MALFORMED, &["device", "approve", "--yes", "--qr", file.to_str().unwrap()]);
    }
    a.fails(exit::USAGE, &["device", "approve", "--yes", "--qr", "/no/such/file"]);
    b.fails(exit::USAGE, &["device", "enroll", "--server", b.url(), "--qr-file", "/no/such/folder/qr.png"]);
    b.fails(exit::USAGE, &["device", "enroll", "--server", b.url(), "--qr-file", "qr.jpeg"]);
    nothing_joined(&b, &a, 1);
}

#[test]
fn another_servers_qr_code_is_refused() {
    let (_server, a, _) = ana();
    let elsewhere = Server::start();
    let b = Device::new(&elsewhere);
    let qr = b.pipe("qr.txt");
    let mut enroll = b.enroll("Ana's phone", &["--qr-file", qr.to_str().unwrap()]);
    let code = fs::read_to_string(&qr).unwrap();
    let said = a.run_with(&["device", "approve", "--yes", "--qr", "-"], &code);
    assert_eq!(said.problem(exit::REFUSED), "the QR code is for another server than this profile's");
    assert_eq!(devices(&a), 1);
    enroll.kill().unwrap();
    enroll.wait().unwrap();
}

/// A server, a device with an account, and one without.
fn ana() -> (Server, Device, Device) {
    let server = Server::start();
    let (a, b) = (Device::founded(&server, "Ana's laptop"), Device::new(&server));
    (server, a, b)
}

fn approve_photograph(approver: &Device, drawing: &Drawing) {
    let photograph = approver.home().join("photograph.png");
    fs::write(&photograph, drawing.photograph()).unwrap();
    approver.ok(&["device", "approve", "--yes", "--qr", Path::new(&photograph).to_str().unwrap()]);
}

/// The lines of the QR code that the program draws on standard error before its first words.
fn drawn_lines(enroll: &mut Child) -> Vec<String> {
    let lines = BufReader::new(enroll.stderr.take().unwrap()).lines().map(Result::unwrap);
    lines.take_while(|line| !line.starts_with("On a device of your account")).collect()
}
