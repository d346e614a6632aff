use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    sync::Arc,
};

use keyfold_client::authenticator::hid::{Bytes, PACKET};
use tokio::sync::mpsc;

use super::driver::{Line, Received, drive};
use crate::{agent::authenticator::Shared, exit::Exit, failure::Failure};

/// CTAPHID over a device of the kernel's (`/dev/uhid`), which every program takes for a security key.
pub(crate) struct Uhid {
    device: File,
}

/// The device while it is served.
struct Open {
    device: File,
    packets: mpsc::Receiver<io::Result<Bytes>>,
}

impl Uhid {
    /// Makes the device.
    pub(crate) fn create() -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            let mend = match error.kind() {
                io::ErrorKind::NotFound => "the kernel has no uhid; load it with `modprobe uhid`",
                io::ErrorKind::PermissionDenied => "install deploy/70-keyfold-uhid.rules and log in anew",
                _ => "leave --uhid out",
            };
            Failure::new(Exit::Usage, format!("cannot make a security key of the kernel's ({error}): {mend}"))
        };
        let mut device = OpenOptions::new().read(true).write(true).open(DEVICE).map_err(failed)?;
        device.write_all(&create()).map_err(failed)?;
        Ok(Self { device })
    }

    pub(crate) async fn serve(self, first: u64, shared: Arc<Shared>) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::internal(&error);
        let (packet, packets) = mpsc::channel(WAITING);
        let reader = self.device.try_clone().map_err(failed)?;
        std::thread::spawn(move || read_all(reader, &packet));
        drive(&mut Open { device: self.device, packets }, first, shared).await.map_err(failed)
    }
}

impl Line for Open {
    async fn receive(&mut self) -> io::Result<Received> {
        match self.packets.recv().await {
            Some(packet) => Ok(Received::Packet(Box::new(packet?))),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The kernel takes a report at once.
    async fn send(&mut self, packet: &Bytes) -> io::Result<()> {
        let mut event = Vec::with_capacity(EVENT);
        event.extend(INPUT2.to_ne_bytes());
        event.extend(u16::try_from(PACKET).unwrap_or_default().to_ne_bytes());
        event.extend(packet);
        self.device.write_all(&event)
    }
}

/// Reads the kernel's events until nobody wants them, or the device fails.
fn read_all(mut device: File, packets: &mpsc::Sender<io::Result<Bytes>>) {
    let mut event = vec![0; EVENT];
    loop {
        let packet = match device.read(&mut event) {
            Ok(length) => event.get(..length).and_then(output).map(Ok),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            Err(error) => Some(Err(error)),
        };
        let has_failed = matches!(packet, Some(Err(_)));
        if let Some(packet) = packet
            && packets.blocking_send(packet).is_err()
        {
            return;
        }
        if has_failed {
            return;
        }
    }
}

/// The report of a `UHID_OUTPUT` event: its number, which is 0, and a packet.
fn output(event: &[u8]) -> Option<Bytes> {
    let (kind, rest) = event.split_first_chunk()?;
    let size = rest.get(DATA..)?.first_chunk().map(|size| usize::from(u16::from_ne_bytes(*size)))?;
    if u32::from_ne_bytes(*kind) != OUTPUT || size != PACKET + 1 {
        return None;
    }
    rest.get(1..=PACKET)?.try_into().ok()
}

/// `UHID_CREATE2` (linux/uhid.h).
fn create() -> Vec<u8> {
    let mut event = Vec::with_capacity(EVENT);
    event.extend(CREATE2.to_ne_bytes());
    for (text, length) in [("Keyfold", 128), ("keyfold", 64), ("", 64)] {
        let mut field = text.as_bytes().to_vec();
        field.resize(length, 0);
        event.extend(field);
    }
    event.extend(u16::try_from(DESCRIPTOR.len()).unwrap_or_default().to_ne_bytes());
    event.extend(BUS_USB.to_ne_bytes());
    for number in [VENDOR, PRODUCT, 0, 0] {
        event.extend(number.to_ne_bytes());
    }
    event.extend(DESCRIPTOR);
    event.resize(4 + 128 + 64 + 64 + 2 + 2 + 16 + DATA, 0);
    event
}

const DEVICE: &str = "/dev/uhid";
/// Packets that wait to be taken.
const WAITING: usize = 256;

const OUTPUT: u32 = 6;
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
/// The longest event: the kind, and the longest of its contents.
const EVENT: usize = 4 + 4_376;
/// The data of a report.
const DATA: usize = 4_096;
const BUS_USB: u16 = 0x03;
/// Of pid.codes, for what is made by hand and not sold.
const VENDOR: u32 = 0x1209;
const PRODUCT: u32 = 0x0001;

/// Usage page FIDO, usage CTAPHID: an input and an output report of 64 bytes each (CTAP 2.1 §11.2.8.1).
const DESCRIPTOR: [u8; 34] = [
    0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x81,
    0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xc0,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// linux/uhid.h: the kind, 4,096 bytes of data, their number, the kind of report.
    #[test]
    fn of_the_kernels_events_only_output_reports_are_packets() {
        let event = |kind: u32, size: u16| {
            let mut event = kind.to_ne_bytes().to_vec();
            event.push(0);
            event.extend([7; 64]);
            event.resize(4 + 4_096, 0);
            event.extend(size.to_ne_bytes());
            event.push(1);
            event
        };
        assert_eq!(output(&event(6, 65)), Some([7; 64]));
        for other in [event(2, 65), event(6, 64), event(6, 66), event(6, 65)[..4_000].to_vec(), Vec::new()] {
            assert_eq!(output(&other), None);
        }
    }
}
