use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// A file that somebody names, of at most 1 MiB; `-` is standard input.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(path, &mut bytes)?;
    Ok(bytes)
}

/// The same, into room that is there.
pub(super) fn read_into(path: &Path, bytes: &mut Vec<u8>) -> io::Result<()> {
    let read = if path == Path::new("-") {
        io::stdin().lock().take(LONGEST + 1).read_to_end(bytes)?
    } else {
        File::open(path)?.take(LONGEST + 1).read_to_end(bytes)?
    };
    if u64::try_from(read).is_ok_and(|read| read > LONGEST) {
        return Err(io::Error::other("longer than 1 MiB"));
    }
    Ok(())
}

const LONGEST: u64 = 1_024 * 1_024;
