use std::{
    fs::File,
    io::{BufRead, BufReader, Lines},
    path::PathBuf,
};

/// What a device shows line by line in a pipe: who reads it waits for the next line.
pub struct Screen {
    pipe: PathBuf,
    lines: Option<Lines<BufReader<File>>>,
}

impl Screen {
    pub(crate) const fn new(pipe: PathBuf) -> Self {
        Self { pipe, lines: None }
    }

    /// For the option that names where to show codes.
    pub fn path(&self) -> &str {
        self.pipe.to_str().unwrap()
    }

    /// Waits for the next line.
    pub fn reads(&mut self) -> String {
        // It opens only once the device has opened its end.
        let lines = self.lines.get_or_insert_with(|| BufReader::new(File::open(&self.pipe).unwrap()).lines());
        lines.next().expect("nothing more is shown").unwrap()
    }
}
