use std::fmt::{self, Write};

use data_encoding::HEXLOWER;

/// What a vector holds: bytes as lower-case hex, numbers, texts of plain ASCII, in the order in which it is told.
pub(crate) enum Json {
    Bytes(Vec<u8>),
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Json {
    Json::Bytes(bytes.as_ref().to_vec())
}

pub(crate) fn text(text: impl ToString) -> Json {
    Json::Text(text.to_string())
}

pub(crate) const fn number(number: u64) -> Json {
    Json::Number(number)
}

pub(crate) fn object<const N: usize>(members: [(&'static str, Json); N]) -> Json {
    Json::Object(members.into())
}

impl Json {
    fn write(&self, out: &mut impl Write, depth: usize) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(out, "\"{}\"", HEXLOWER.encode(bytes)),
            Self::Number(number) => write!(out, "{number}"),
            Self::Text(text) => write_text(out, text),
            Self::List(items) => {
                write_all(out, depth, ('[', ']'), items.iter(), |out, item| item.write(out, depth + 1))
            }
            Self::Object(members) => write_all(out, depth, ('{', '}'), members.iter(), |out, (name, value)| {
                write!(out, "\"{name}\": ")?;
                value.write(out, depth + 1)
            }),
        }
    }
}

fn write_text(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' | '\\' => write!(out, "\\{char}")?,
            '\n' => out.write_str("\\n")?,
            ' '..='~' => out.write_char(char)?,
            other => panic!("{other:?} in a vector's text"),
        }
    }
    out.write_char('"')
}

fn write_all<W: Write, T>(
    out: &mut W,
    depth: usize,
    (open, close): (char, char),
    items: impl ExactSizeIterator<Item = T>,
    mut write: impl FnMut(&mut W, T) -> fmt::Result,
) -> fmt::Result {
    out.write_char(open)?;
    let last = items.len().saturating_sub(1);
    for (index, item) in items.enumerate() {
        write!(out, "\n{}", " ".repeat(depth + 1))?;
        write(out, item)?;
        out.write_str(if index == last { "" } else { "," })?;
    }
    write!(out, "\n{}{close}", " ".repeat(depth))
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)?;
        f.write_char('\n')
    }
}
