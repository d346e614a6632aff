//! What a person sees and types.

mod ask;
mod codes;
mod files;
pub(crate) mod page;
pub(crate) mod passphrase;
mod progress;
mod qr_image;
mod table;

pub(crate) use ask::{ask_line, ask_yes};
pub(crate) use codes::CodeExchange;
pub(crate) use files::{
    create_new, is_stream, read_large_file, read_line_of_fd, read_line_of_file, read_small_file, write_new, write_whole,
};
pub(crate) use keyfold_client::{printable, rfc3339};
pub(crate) use progress::{SyncProgress, bar, spinner};
pub(crate) use qr_image::{read_qr, to_png, to_svg, to_text};
pub(crate) use table::table;
