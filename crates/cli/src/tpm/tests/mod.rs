//! Stories on real TPM emulators, each test with its own (Debian's packages swtpm and swtpm-tools).

mod chip;
mod evidence;
mod keys;
mod server;
mod wire;
