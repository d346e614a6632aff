use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};

/// A QR code's modules, read from one of its drawings; true is dark.
pub(crate) struct Drawing(Vec<Vec<bool>>);

impl Drawing {
    /// From the lines on a terminal, two modules to a character, light modules in the foreground.
    pub(crate) fn on_terminal(lines: &[String]) -> Self {
        let halves = |character| match character {
            '█' => [false, false],
            '▀' => [false, true],
            '▄' => [true, false],
            ' ' => [true, true],
            other => panic!("{other:?} is no part of a QR code"),
        };
        let rows = lines.iter().flat_map(|line| {
            [0, 1].map(|half| line.chars().map(|character| halves(character)[half]).collect::<Vec<bool>>())
        });
        Self(rows.collect())
    }

    /// From an SVG image whose last path draws a square for each dark module.
    pub(crate) fn in_svg(svg: &str) -> Self {
        let side: usize = between(svg, "viewBox=\"0 0 ", " ").parse().unwrap();
        let mut rows = vec![vec![false; side]; side];
        let (_, path) = svg.rsplit_once("d=\"").unwrap();
        for module in path.split_once('"').unwrap().0.split_terminator("h1v1h-1z") {
            let (x, y) = module.strip_prefix('M').unwrap().split_once(' ').unwrap();
            rows[y.parse::<usize>().unwrap()][x.parse::<usize>().unwrap()] = true;
        }
        Self(rows)
    }

    /// What a camera sees of it.
    pub(crate) fn photograph(&self) -> Vec<u8> {
        let (width, height) = (self.0[0].len(), self.0.len());
        let side = |modules: usize| u32::try_from(modules * PIXELS).unwrap();
        let image = GrayImage::from_fn(side(width), side(height), |x, y| {
            let dark = self.0[usize::try_from(y).unwrap() / PIXELS][usize::try_from(x).unwrap() / PIXELS];
            Luma([if dark { 0 } else { 255 }])
        });
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png).unwrap();
        png.into_inner()
    }
}

pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

const PIXELS: usize = 4;
