//! Machines as they are, laid out in a folder.

use std::{collections::BTreeMap, fs, os::unix::fs::symlink, path::Path};

use tempfile::TempDir;

use super::*;

/// A machine that is put together piece by piece.
struct Machine {
    folder: TempDir,
    mounts: Vec<String>,
    printed: BTreeMap<String, String>,
    session: Session,
}

impl Run for Machine {
    fn run(&self, program: &str, arguments: &[&str]) -> Option<String> {
        self.printed.get(&format!("{program} {}", arguments.join(" "))).cloned()
    }
}

impl Machine {
    fn new() -> Self {
        let (folder, printed) = (tempfile::tempdir().unwrap(), BTreeMap::new());
        Self { folder, mounts: Vec::new(), printed, session: Session::default() }
    }

    fn file(self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    fn folder(self, path: &str) -> Self {
        fs::create_dir_all(self.folder.path().join(path)).unwrap();
        self
    }

    fn link(self, path: &str, target: &str) -> Self {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    /// A block device, whose folder is `sys/devices/<place>`, with what sysfs and devtmpfs have for it.
    fn device(self, place: &str, number: &str) -> Self {
        let name = place.rsplit('/').next().unwrap().to_owned();
        self.file(&format!("sys/devices/{place}/dev"), number)
            .link(&format!("sys/dev/block/{number}"), &format!("../../devices/{place}"))
            .link(&format!("sys/class/block/{name}"), &format!("../../devices/{place}"))
            .file(&format!("dev/{name}"), "")
    }

    fn partition(self, place: &str, number: &str) -> Self {
        self.device(place, number).file(&format!("sys/devices/{place}/partition"), "1\n")
    }

    /// A device mapper's, on top of others.
    fn mapped(self, name: &str, number: &str, uuid: &str, parts: &[&str]) -> Self {
        let place = format!("virtual/block/{name}");
        let machine = self.device(&place, number).file(&format!("sys/devices/{place}/dm/uuid"), uuid);
        parts.iter().fold(machine, |machine, part| {
            let from = format!("sys/devices/{place}/slaves/{}", part.rsplit('/').next().unwrap());
            machine.link(&from, &format!("../../../../{part}"))
        })
    }

    fn mount(mut self, device: &str, point: &str, kind: &str, source: &str) -> Self {
        let (id, parent) = (self.mounts.len() + 1, usize::from(!self.mounts.is_empty()));
        self.mounts.push(format!("{id} {parent} {device} / {point} rw,relatime shared:1 - {kind} {source} rw\n"));
        let mounts = self.mounts.concat();
        self.file("proc/self/mountinfo", mounts)
    }

    fn prints(mut self, command: &str, text: &str) -> Self {
        self.printed.insert(command.to_owned(), text.to_owned());
        self
    }

    fn desktop(mut self, desktop: &str) -> Self {
        self.session = Session { desktop: Some(desktop.to_owned()), config: Some("/home/alice/.config".into()) };
        self
    }

    fn posture(&self) -> LinuxPosture {
        let root = Root::at(self.folder.path());
        LinuxPosture::collect(&root, Path::new("/home/alice/profile"), &self.session, self)
    }

    #[track_caller]
    fn disk(&self, setting: Option<Setting>, reason: &str) {
        told(&self.posture().disk_encryption, setting, reason);
    }
}

#[track_caller]
fn told<T: Copy + PartialEq + std::fmt::Debug>(found: &Found<T>, value: Option<T>, reason: &str) {
    assert_eq!(found.value().copied(), value, "{}", found.reason());
    assert!(found.reason().contains(reason), "{}", found.reason());
    assert!(!found.reason().contains('\n'));
}

const DISK: &str = "pci0/nvme/nvme0n1";
const PART: &str = "pci0/nvme/nvme0n1/nvme0n1p3";
const LUKS: &str = "CRYPT-LUKS2-5f1c8a0be0f54f7c-luks-home\n";

fn with_disk() -> Machine {
    Machine::new().device(DISK, "259:0").partition(PART, "259:3")
}

#[test]
fn a_partition_without_luks_is_not_encrypted() {
    with_disk().mount("259:3", "/", "ext4", "/dev/nvme0n1p3").disk(Some(Setting::Off), "nvme0n1 is not encrypted");
}

#[test]
fn luks_on_a_partition_is() {
    with_disk()
        .mapped("dm-0", "254:0", LUKS, &[PART])
        .mount("254:0", "/", "ext4", "/dev/mapper/home")
        .disk(Some(Setting::On), "dm-0 is encrypted by dm-crypt");
}

#[test]
fn a_logical_volume_is_what_lies_below_it() {
    let volume = |machine: Machine| machine.mapped("dm-1", "254:1", "LVM-abc\n", &["virtual/block/dm-0"]);
    volume(with_disk().mapped("dm-0", "254:0", LUKS, &[PART]))
        .mount("254:1", "/", "xfs", "/dev/mapper/vg-root")
        .disk(Some(Setting::On), "dm-0");
    volume(with_disk().mapped("dm-0", "254:0", "LVM-def\n", &[PART]))
        .mount("254:1", "/", "xfs", "/dev/mapper/vg-root")
        .disk(Some(Setting::Off), "nvme0n1");
}

#[test]
fn an_array_is_as_good_as_its_worst_disk() {
    let disks = || with_disk().device("pci0/sda", "8:0").mapped("dm-0", "254:0", LUKS, &[PART]);
    let array = |machine: Machine, other| {
        machine.mapped("md0", "9:0", "", &["virtual/block/dm-0", other]).mount("9:0", "/", "ext4", "/dev/md0")
    };
    array(disks(), "pci0/sda").disk(Some(Setting::Off), "sda is not encrypted");
    array(disks().mapped("dm-2", "254:2", LUKS, &["pci0/sda"]), "virtual/block/dm-2").disk(Some(Setting::On), "dm-");
    array(disks(), "pci0/gone").disk(None, "sysfs does not show");
}

#[test]
fn a_partition_of_an_encrypted_device_is_encrypted() {
    with_disk()
        .mapped("dm-0", "254:0", LUKS, &[PART])
        .partition("virtual/block/dm-0/dm-0p1", "259:9")
        .mount("259:9", "/", "ext4", "/dev/dm-0p1")
        .disk(Some(Setting::On), "dm-0");
}

#[test]
fn verity_and_integrity_encrypt_nothing() {
    for kind in ["CRYPT-VERITY-abc-root\n", "CRYPT-INTEGRITY-abc-root\n", "LVM-CRYPT-LUKS2-\n", ""] {
        with_disk()
            .mapped("dm-0", "254:0", kind, &[PART])
            .mount("254:0", "/", "ext4", "/dev/mapper/root")
            .disk(Some(Setting::Off), "nvme0n1");
    }
}

#[test]
fn the_mount_that_holds_the_profile_counts() {
    let machine = with_disk()
        .mapped("dm-0", "254:0", LUKS, &[PART])
        .mount("259:3", "/", "ext4", "/dev/nvme0n1p3")
        .mount("254:0", "/home", "ext4", "/dev/mapper/home")
        .mount("259:3", "/home/bob", "ext4", "/dev/nvme0n1p3");
    machine.disk(Some(Setting::On), "dm-0");
    // Also where a link leads elsewhere.
    machine.folder("home/alice").link("home/alice/profile", "/srv/profile").disk(Some(Setting::Off), "nvme0n1");
}

#[test]
fn btrfs_is_all_of_its_devices() {
    let system = |machine: Machine| {
        machine
            .mapped("dm-0", "254:0", LUKS, &[PART])
            .link("dev/mapper/root", "../dm-0")
            .link("sys/fs/btrfs/4711/devices/dm-0", "../../../../devices/virtual/block/dm-0")
            .folder("sys/fs/btrfs/features")
            .mount("0:30", "/", "btrfs", "/dev/mapper/root")
    };
    system(with_disk()).disk(Some(Setting::On), "dm-0");
    system(with_disk().device("pci0/sda", "8:0"))
        .link("sys/fs/btrfs/4711/devices/sda", "../../../../devices/pci0/sda")
        .disk(Some(Setting::Off), "sda");
    with_disk().mount("0:30", "/", "btrfs", "/dev/nvme0n1p3").disk(None, "btrfs does not tell");
    with_disk().mount("0:30", "/", "btrfs", "nonsense").disk(None, "btrfs does not tell");
}

#[test]
fn a_home_in_a_file_is_what_the_file_lies_on() {
    let home = |machine: Machine| {
        machine
            .mount("259:3", "/", "ext4", "/dev/nvme0n1p3")
            .device("virtual/block/loop0", "7:0")
            .file("sys/devices/virtual/block/loop0/loop/backing_file", "/var/alice.home\n")
    };
    home(with_disk()).mount("7:0", "/home", "ext4", "/dev/loop0").disk(Some(Setting::Off), "nvme0n1");
    home(with_disk())
        .mapped("dm-0", "254:0", LUKS, &["virtual/block/loop0"])
        .mount("254:0", "/home", "ext4", "/dev/mapper/home-alice")
        .disk(Some(Setting::On), "dm-0");
    // Of several devices, it is not told where the files lie.
    home(with_disk())
        .mapped("dm-0", "254:0", LUKS, &[PART])
        .mapped("md0", "9:0", "", &["virtual/block/loop0", "virtual/block/dm-0"])
        .mount("9:0", "/home", "ext4", "/dev/md0")
        .disk(None, "one of several devices is a file");
    // A file within itself.
    home(with_disk())
        .file("sys/devices/virtual/block/loop0/loop/backing_file", "/home/alice.home\n")
        .mount("7:0", "/home", "ext4", "/dev/loop0")
        .disk(None, "files of each other");
}

#[test]
fn what_no_device_stands_behind_is_not_known() {
    let cases = [
        ("overlay", "container"),
        ("9p", "container"),
        ("tmpfs", "in memory"),
        ("zfs", "zfs get encryption"),
        ("ecryptfs", "eCryptfs"),
        ("nfs4", "another machine"),
        ("fuse.gocryptfs", "fuse.gocryptfs"),
    ];
    for (kind, reason) in cases {
        Machine::new().mount("0:40", "/", kind, "none").disk(None, reason);
    }
    Machine::new().disk(None, "/proc/self/mountinfo");
    Machine::new().mount("8:1", "/", "ext4", "/dev/sda1").disk(None, "sysfs does not show");
    let zram = Machine::new().device("virtual/block/zram1", "252:1");
    zram.mount("252:1", "/", "ext4", "/dev/zram1").disk(None, "in memory");
}

#[test]
fn fscrypt_can_not_be_told() {
    let machine = || with_disk().folder(".fscrypt");
    machine().mount("259:3", "/", "ext4", "/dev/nvme0n1p3").disk(None, "fscrypt");
    machine().mount("259:3", "/", "xfs", "/dev/nvme0n1p3").disk(Some(Setting::Off), "nvme0n1");
}

#[test]
fn devices_that_go_round_end() {
    for others in [vec!["virtual/block/dm-1"], vec!["virtual/block/dm-1", PART]] {
        with_disk()
            .mapped("dm-0", "254:0", "LVM-a\n", &others)
            .mapped("dm-1", "254:1", "LVM-b\n", &["virtual/block/dm-0"])
            .mount("254:0", "/", "ext4", "/dev/dm-0")
            .disk(None, "too many others");
    }
}

const SECURE_BOOT: &str = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
const SHIM: &str = "sys/firmware/efi/efivars/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23";

#[test]
fn secure_boot_is_what_the_firmware_says() {
    let on = || Machine::new().file(SECURE_BOOT, [6, 0, 0, 0, 1]);
    let cases = [
        (on(), Some(Setting::On), "secure boot is on"),
        (on().file(SHIM, [6, 0, 0, 0, 0]), Some(Setting::On), "secure boot is on"),
        (on().file(SHIM, [6, 0, 0, 0, 1]), Some(Setting::Off), "--enable-validation"),
        (on().file(SHIM, [6]), None, "shim"),
        (on().file(SECURE_BOOT, [6, 0, 0, 0, 0]), Some(Setting::Off), "switch it on"),
        (on().file(SECURE_BOOT, [6, 0, 0, 0, 2]), None, "no standard"),
        (on().file(SECURE_BOOT, [6, 0, 0, 0]), None, "can't be read"),
        (on().file(SECURE_BOOT, [6, 0, 0, 0, 1, 1]), None, "can't be read"),
        (Machine::new().file("sys/firmware/efi/efivars/Boot0000", [1]), Some(Setting::Off), "knows no secure boot"),
        (Machine::new().folder("sys/firmware/efi/efivars"), None, "mount efivarfs"),
        (Machine::new().folder("sys/firmware/acpi"), Some(Setting::Off), "not started by UEFI"),
        (Machine::new().folder("sys/firmware"), None, "container"),
        (Machine::new(), None, "container"),
    ];
    for (machine, setting, reason) in cases {
        told(&machine.posture().secure_boot, setting, reason);
    }
}

#[test]
fn the_tpm_is_the_one_that_the_kernel_found() {
    let tpm = |version| Machine::new().file("sys/class/tpm/tpm0/tpm_version_major", version);
    let cases = [
        (tpm("2\n"), Some(Tpm::Version2), "TPM 2.0"),
        (tpm("1\n"), Some(Tpm::Version1), "switch it to 2.0"),
        (tpm("two"), None, "does not tell its version"),
        (Machine::new().folder("sys/class/tpm/tpm0"), None, "Linux 5.6"),
        (Machine::new().folder("sys/class/block"), Some(Tpm::Absent), "no TPM"),
        (Machine::new(), None, "container"),
    ];
    for (machine, version, reason) in cases {
        told(&machine.posture().tpm, version, reason);
    }
}

#[test]
fn the_system_is_the_one_that_os_release_names() {
    let os = |text: &str| Machine::new().file("usr/lib/os-release", text).posture();
    let debian = os("PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\n");
    assert_eq!(debian.os_name.value().unwrap(), "Debian GNU/Linux");
    assert_eq!(debian.os_version.value().unwrap(), "13");
    let arch = os("NAME='Arch Linux'\nBUILD_ID=rolling\n");
    assert_eq!(arch.os_name.value().unwrap(), "Arch Linux");
    assert!(arch.os_version.reason().contains("no versions"));
    assert_eq!(os("").os_name.value().unwrap(), "Linux");
    for odd in ["VERSION_ID=", "VERSION_ID=\"1\u{1b}[2J\"", &format!("VERSION_ID={}", "1".repeat(101))] {
        assert_eq!(os(odd).os_version.value(), None, "{odd:?}");
    }

    // The one in /etc comes first, mostly as a link.
    let machine =
        Machine::new().link("etc/os-release", "../usr/lib/os-release").file("usr/lib/os-release", "NAME=Fedora");
    assert_eq!(machine.posture().os_name.value().unwrap(), "Fedora");
    let machine = Machine::new().file("etc/os-release", "NAME=Mine").file("usr/lib/os-release", "NAME=Fedora");
    assert_eq!(machine.posture().os_name.value().unwrap(), "Mine");
    // One that can't be read is not passed over.
    let machine = Machine::new().folder("etc/os-release").file("usr/lib/os-release", "NAME=Fedora");
    assert_eq!(machine.posture().os_name.value(), None);

    assert_eq!(Machine::new().posture().os_name.value(), None);
    let kernel = Machine::new().file("proc/sys/kernel/osrelease", "6.12.48-amd64\n").posture().kernel;
    assert_eq!(kernel.value().unwrap(), "6.12.48-amd64");
    assert_eq!(Machine::new().posture().kernel.value(), None);
}

#[test]
fn gnome_tells_when_it_locks() {
    let gnome = |[lock, forbidden, idle, delay]: [&str; 4]| {
        Machine::new()
            .desktop("ubuntu:GNOME")
            .prints("gsettings get org.gnome.desktop.screensaver lock-enabled", lock)
            .prints("gsettings get org.gnome.desktop.lockdown disable-lock-screen", forbidden)
            .prints("gsettings get org.gnome.desktop.session idle-delay", idle)
            .prints("gsettings get org.gnome.desktop.screensaver lock-delay", delay)
    };
    let cases = [
        (["true\n", "false\n", "uint32 300\n", "uint32 30\n"], Some(Setting::On), "after 330 seconds"),
        (["false\n", "false\n", "uint32 300\n", "uint32 0\n"], Some(Setting::Off), "screen lock is off"),
        (["true\n", "true\n", "uint32 300\n", "uint32 0\n"], Some(Setting::Off), "disabled"),
        (["true\n", "false\n", "uint32 0\n", "uint32 0\n"], Some(Setting::Off), "never blanks"),
        (["true\n", "false\n", "uint32 300\n", "uint32 4294967295\n"], Some(Setting::Off), "an hour at most"),
        (["true\n", "false\n", "300\n", "uint32 0\n"], None, "gsettings does not tell"),
        (["yes\n", "false\n", "uint32 300\n", "uint32 0\n"], None, "gsettings does not tell"),
    ];
    for (printed, setting, reason) in cases {
        told(&gnome(printed).posture().screen_lock, setting, reason);
    }
    told(&Machine::new().desktop("GNOME").posture().screen_lock, None, "gsettings does not tell");
}

#[test]
fn kde_tells_when_it_locks() {
    let kde = |text: &str| Machine::new().desktop("KDE").file("home/alice/.config/kscreenlockerrc", text);
    let system = |text: &str, machine: Machine| machine.file("etc/xdg/kscreenlockerrc", text);
    let cases = [
        (Machine::new().desktop("KDE"), Some(Setting::On), "after 300 seconds"),
        (kde("[Daemon]\nAutolock=true\nTimeout=10\n"), Some(Setting::On), "after 600 seconds"),
        (kde("[Daemon]\nAutolock=false\n"), Some(Setting::Off), "does not lock"),
        (kde("[Daemon]\nAutolock[$i]=false\n"), Some(Setting::Off), "does not lock"),
        (kde("[Daemon]\nTimeout=0\n"), Some(Setting::Off), "never locks"),
        (kde("[Daemon]\nTimeout=600\n"), Some(Setting::Off), "an hour at most"),
        (kde("[Daemon]\nTimeout=soon\n"), None, "Timeout"),
        (kde("[Daemon]\nAutolock=perhaps\n"), None, "Autolock"),
        (kde("[Greeter]\nAutolock=false\n"), Some(Setting::On), "after 300 seconds"),
        (system("[Daemon]\nAutolock=false\n", Machine::new().desktop("KDE")), Some(Setting::Off), "does not lock"),
        (system("[Daemon]\nAutolock=false\n", kde("[Daemon]\nAutolock=true\n")), Some(Setting::On), "300"),
        (kde(&"#".repeat(65_537)), None, "can't be read"),
    ];
    for (machine, setting, reason) in cases {
        told(&machine.posture().screen_lock, setting, reason);
    }
}

#[test]
fn other_desktops_tell_nothing() {
    told(&Machine::new().desktop("sway").posture().screen_lock, None, "only GNOME and KDE");
    told(&Machine::new().posture().screen_lock, None, "run this in your session");
}

#[test]
fn this_machine_is_looked_at_without_harm() {
    let session = Session::of_environment();
    let posture = LinuxPosture::collect(&Root::system(), &std::env::temp_dir(), &session, &SystemPrograms);
    assert!(posture.kernel.value().is_some());
    assert!(serde_json::to_value(&posture).unwrap()["disk_encryption"].is_object());
}
