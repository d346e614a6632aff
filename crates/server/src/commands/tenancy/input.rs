use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// A file that somebody names, of at most 1 MiB; `-` is standard input.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)?
    } else {
        File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?
    };
    if u64::try_from(read).is_ok_and(|read| read > LONGEST) {
        return Err(io::Error::other("longer than 1 MiB"));
    }
    Ok(bytes)
}

const LONGEST: u64 = 1_024 * 1_024;
