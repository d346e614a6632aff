use std::{fmt::Write as _, io::Cursor, path::Path};

use image::{GrayImage, ImageFormat, ImageReader, Limits, Luma};
use qrcode::{Color, EcLevel, QrCode, render::unicode::Dense1x2};
use rqrr::PreparedImage;

use super::{files::read_bounded, read_small_file};
use crate::{exit::Exit, failure::Failure};

/// A QR code for a terminal: two modules to a character.
pub(crate) fn to_text(uri: &str) -> Result<String, Failure> {
    Ok(code(uri)?.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

/// A QR code as a PNG image.
pub(crate) fn to_png(uri: &str) -> Result<Vec<u8>, Failure> {
    let code = code(uri)?;
    let side = u32::try_from(code.width()).unwrap_or(0) + 2 * QUIET_ZONE;
    let image = GrayImage::from_fn(side * MODULE, side * MODULE, |x, y| {
        let place = |pixel: u32| usize::try_from((pixel / MODULE).checked_sub(QUIET_ZONE)?).ok();
        let is_dark = place(x)
            .zip(place(y))
            .is_some_and(|(x, y)| x < code.width() && y < code.width() && code[(x, y)] == Color::Dark);
        Luma([if is_dark { 0 } else { 255 }])
    });
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).map_err(|error| Failure::internal(&error))?;
    Ok(png.into_inner())
}

/// A QR code as an SVG image.
pub(crate) fn to_svg(uri: &str) -> Result<String, Failure> {
    let code = code(uri)?;
    let side = code.width() + 2 * QUIET_ZONE as usize;
    let mut path = String::new();
    for y in 0..code.width() {
        for x in (0..code.width()).filter(|x| code[(*x, y)] == Color::Dark) {
            // Writing to a string does not fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET_ZONE as usize, y + QUIET_ZONE as usize);
        }
    }
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>
"##
    ))
}

/// The text of a QR code: from a file with the text itself or a PNG image, or from standard input (`-`).
pub(crate) fn read_qr(path: &Path) -> Result<String, Failure> {
    let bytes = if path == Path::new("-") {
        read_bounded(std::io::stdin().lock(), Path::new("standard input"))?
    } else {
        read_small_file(path)?
    };
    if !bytes.starts_with(PNG) {
        return String::from_utf8(bytes).map_err(|_| unreadable("neither text nor a PNG image"));
    }
    read_png(&bytes)
}

fn read_png(bytes: &[u8]) -> Result<String, Failure> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png);
    reader.limits(limits);
    let image = reader.decode().map_err(|_| unreadable("not a PNG image of at most 4,096 pixels a side"))?.into_luma8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut prepared = PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        let pixel = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        pixel.and_then(|(x, y)| image.get_pixel_checked(x, y)).map_or(255, |Luma([grey])| *grey)
    });
    let texts = prepared.detect_grids().into_iter().filter_map(|grid| grid.decode().ok());
    texts.map(|(_, text)| text).next().ok_or_else(|| unreadable("no QR code in the image"))
}

fn code(uri: &str) -> Result<QrCode, Failure> {
    QrCode::with_error_correction_level(uri, EcLevel::L).map_err(|error| Failure::internal(&error))
}

fn unreadable(why: &str) -> Failure {
    Failure::new(Exit::Malformed, format!("the QR code cannot be read: {why}"))
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const MAX_SIDE: u32 = 4_096;
/// Modules of light around a code.
const QUIET_ZONE: u32 = 4;
/// Pixels of a module.
const MODULE: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str =
        "keyfold:enrol?v=1&s=https%3A%2F%2Flocalhost%3A8443&f=&e=aaaqeayeaudaocajbifqydiob4&k=AAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn what_is_drawn_as_an_image_reads_back() {
        assert_eq!(read_png(&to_png(URI).unwrap()).unwrap(), URI);
    }

    #[test]
    fn a_drawing_for_the_terminal_and_one_in_svg_are_made() {
        assert!(to_text(URI).unwrap().lines().count() > 20);
        assert!(to_svg(URI).unwrap().starts_with("<svg"));
    }

    #[test]
    fn an_image_without_a_code_is_refused() {
        let mut png = Cursor::new(Vec::new());
        GrayImage::new(64, 64).write_to(&mut png, ImageFormat::Png).unwrap();
        assert!(read_png(&png.into_inner()).is_err());
        assert!(read_png(PNG).is_err());
    }
}
