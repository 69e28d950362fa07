//! Invites as pictures: a QR code in the terminal, in a PNG file, and read back from one.
//!
//! Draws and reads texts, whatever they say: whether a text found is an invite is the
//! invite parser's to judge.

mod grey;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use quircs::Quirc;

use grey::Grey;

/// Why there is no code to show, or no text to read.
#[derive(Debug, thiserror::Error)]
pub enum QrError {
    /// More than the largest code holds.
    #[error("this text is too long for a QR code")]
    TooLong,
    /// The file could not be read or written.
    #[error("the picture cannot be opened or written: {0}")]
    File(#[from] io::Error),
    /// No PNG, or one cut short.
    #[error("this file is not a PNG picture, or it is damaged")]
    NotAPicture,
    /// Beyond what we are willing to look at.
    #[error("this picture is too large: at most 16 MiB and 40 million pixels")]
    TooLarge,
    /// Nothing in it looks like a code.
    #[error("there is no QR code in this picture")]
    NoCode,
    /// A code, but damaged, blurred or holding no text.
    #[error("the QR code in this picture cannot be read: try a sharper picture")]
    Unreadable,
}

/// The code as lines of half blocks, two modules to a character.
///
/// Black and white are set outright, from the part of the palette that themes leave alone.
/// Where colours are stripped the light modules are the ones printed, as a dark terminal needs.
pub fn terminal(text: &str) -> Result<String, QrError> {
    let blocks = encode(text)?
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .module_dimensions(1, 1)
        .build();
    let line = |blocks| format!("{WHITE_ON_BLACK}{blocks}{RESET}\n");
    Ok(blocks.lines().map(line).collect())
}

const WHITE_ON_BLACK: &str = "\x1b[38;5;231;48;5;16m";
const RESET: &str = "\x1b[0m";

/// Writes the code to a PNG file.
pub fn write_png(path: &Path, text: &str) -> Result<(), QrError> {
    Ok(fs::write(path, draw(&encode(text)?).to_png()?)?)
}

/// The text of the first legible code in a PNG file.
pub fn read_png(path: &Path) -> Result<String, QrError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(QrError::TooLarge);
    }
    read(&bytes)
}

/// The text of the first legible code in a PNG picture.
pub fn read(png: &[u8]) -> Result<String, QrError> {
    let mut picture = Grey::from_png(png)?;
    match find(&picture) {
        // Light on dark is how a code looks on a terminal without colours.
        Err(QrError::NoCode) => find(picture.invert()),
        found => found,
    }
}

const MAX_FILE: u64 = 16 << 20;

/// A text in capitals and digits gets alphanumeric mode.
fn encode(text: &str) -> Result<QrCode, QrError> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| QrError::TooLong)
}

fn draw(code: &QrCode) -> Grey {
    let (width, side) = (code.width(), code.width() + 2 * QUIET);
    let mut modules = vec![255; side * side];
    let rows = modules.chunks_mut(side).skip(QUIET);
    for (row, colors) in rows.zip(code.to_colors().chunks(width)) {
        for (module, color) in row.iter_mut().skip(QUIET).zip(colors) {
            *module = color.select(0, 255);
        }
    }
    let wide = |row: &[u8]| row.iter().flat_map(|m| [*m; SCALE]).collect::<Vec<_>>();
    let pixels = modules.chunks(side).flat_map(|row| wide(row).repeat(SCALE));
    Grey { width: side * SCALE, pixels: pixels.collect() }
}

/// Modules of white around a code, as the standard asks.
const QUIET: usize = 4;
/// Pixels to a module.
const SCALE: usize = 8;

fn find(picture: &Grey) -> Result<String, QrError> {
    let mut outcome = Err(QrError::NoCode);
    for code in
        Quirc::default().identify(picture.width, picture.height(), &picture.pixels).flatten()
    {
        match code.decode().map(|data| String::from_utf8(data.payload)) {
            Ok(Ok(text)) => return Ok(text),
            Ok(Err(_)) | Err(_) => outcome = Err(QrError::Unreadable),
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "COVEY:ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    #[test]
    fn a_text_comes_back_from_its_picture() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("invite.png");
        write_png(&path, TEXT).unwrap();
        assert_eq!(read_png(&path).unwrap(), TEXT);
    }

    #[test]
    fn the_longest_invite_fits_version_11_and_is_read() {
        let text =
            format!("COVEY:{}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".repeat(12).split_at(360).0);
        let code = encode(&text).unwrap();
        assert_eq!(code.version(), qrcode::Version::Normal(11));
        assert_eq!(find(&draw(&code)).unwrap(), text);
    }

    #[test]
    fn a_terminal_shows_the_code_in_black_and_white_of_its_own() {
        let screen = screen(&terminal(TEXT).unwrap());
        assert!(screen.pixels[..4 * screen.width].iter().all(|p| *p == 255), "a quiet zone");
        assert_eq!(read(&enlarge(&screen)).unwrap(), TEXT);
    }

    #[test]
    fn a_terminal_of_a_light_theme_without_colours_is_read() {
        let mut screen = screen(&terminal(TEXT).unwrap());
        screen.invert();
        assert_eq!(read(&enlarge(&screen)).unwrap(), TEXT);
    }

    #[test]
    fn a_turned_picture_is_read() {
        let mut picture = drawn();
        for _ in 0..3 {
            picture = turn(&picture);
            assert_eq!(read(&picture).unwrap(), TEXT);
        }
    }

    #[test]
    fn a_picture_held_askew_or_taken_from_the_side_is_read() {
        let picture = drawn();
        for degrees in [10_f64, 30.0, 45.0, 70.0] {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let askew = warp(&picture, |x, y| (x * cos + y * sin, y * cos - x * sin));
            assert_eq!(read(&askew).unwrap(), TEXT, "{degrees} degrees");
        }
        for lean in [0.1, 0.2, 0.3] {
            let side = warp(&picture, |x, y| (x / (1.0 - lean * y), y / (1.0 - lean * y)));
            assert_eq!(read(&side).unwrap(), TEXT, "{lean} of the way");
        }
    }

    #[test]
    fn a_pale_blurred_and_noisy_picture_is_read() {
        let mut picture = blur(&drawn(), 2);
        let mut dice = 1_u64;
        for pixel in &mut picture.pixels {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *pixel = *pixel / 2 + 40 + (dice >> 59) as u8;
        }
        assert_eq!(read(&picture).unwrap(), TEXT);
    }

    #[test]
    fn a_picture_without_a_code_says_so() {
        let blank = Grey { width: 300, pixels: vec![128; 90_000] };
        assert!(matches!(read(&blank), Err(QrError::NoCode)));
    }

    #[test]
    fn a_picture_crowded_with_corners_of_codes_is_searched_quickly() {
        let corner = |i: usize| (i % 9).abs_diff(4);
        let at = |i: usize| corner(i / 900).max(corner(i % 900));
        let pixels = (0..900 * 900).map(|i| if [2, 4].contains(&at(i)) { 255 } else { 0 });
        let crowd = Grey { width: 900, pixels: pixels.collect() };
        assert!(matches!(read(&crowd), Err(QrError::NoCode | QrError::Unreadable)));
    }

    #[test]
    fn a_code_painted_over_says_so() {
        let mut picture = drawn();
        let (width, height) = (picture.width, picture.height());
        for row in picture.pixels.chunks_mut(width).skip(height / 3).take(height / 4) {
            row[width / 3..width * 9 / 10].fill(255);
        }
        assert!(matches!(read(&picture), Err(QrError::Unreadable)));
    }

    #[test]
    fn a_file_of_more_than_16_mib_is_not_read_to_its_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 40).unwrap();
        assert!(matches!(read_png(file.path()), Err(QrError::TooLarge)));
    }

    #[test]
    fn a_text_beyond_the_largest_code_is_refused() {
        assert!(matches!(terminal(&"A".repeat(4_000)), Err(QrError::TooLong)));
    }

    fn drawn() -> Grey {
        draw(&encode(TEXT).unwrap())
    }

    fn read(picture: &Grey) -> Result<String, QrError> {
        super::read(&picture.to_png().unwrap())
    }

    /// The modules a terminal shows for these lines.
    fn screen(shown: &str) -> Grey {
        let (mut width, mut pixels) = (0, Vec::new());
        for line in shown.lines() {
            let blocks = line.strip_prefix(WHITE_ON_BLACK).unwrap().strip_suffix(RESET).unwrap();
            width = blocks.chars().count();
            for lit in ["█▀", "█▄"] {
                pixels.extend(blocks.chars().map(|c| if lit.contains(c) { 255 } else { 0 }));
            }
        }
        Grey { width, pixels }
    }

    fn enlarge(grey: &Grey) -> Grey {
        let wide = |row: &[u8]| row.iter().flat_map(|p| [*p; 5]).collect::<Vec<_>>();
        let rows = grey.pixels.chunks(grey.width).flat_map(|row| wide(row).repeat(5));
        Grey { width: grey.width * 5, pixels: rows.collect() }
    }

    fn turn(grey: &Grey) -> Grey {
        let (width, height) = (grey.width, grey.height());
        let column = |x: usize| (0..height).rev().map(move |y| grey.pixels[y * width + x]);
        Grey { width: height, pixels: (0..width).flat_map(column).collect() }
    }

    /// A picture on a table, seen so: from where in it each point comes, both from -1 to 1.
    fn warp(grey: &Grey, from: impl Fn(f64, f64) -> (f64, f64)) -> Grey {
        let half = grey.width as f64 / 2.0;
        let width = grey.width * 3 / 2;
        let at = |i: usize| i as f64 / half - width as f64 / (2.0 * half);
        let pixel = |i: usize| {
            let (x, y) = from(at(i % width), at(i / width));
            let (x, y) = ((x + 1.0) * half, (y + 1.0) * half);
            let side = 0.0..grey.width as f64;
            let inside = side.contains(&x) && side.contains(&y);
            if inside { grey.pixels[y as usize * grey.width + x as usize] } else { 200 }
        };
        Grey { width, pixels: (0..width * width).map(pixel).collect() }
    }

    fn blur(grey: &Grey, radius: usize) -> Grey {
        let mean = |i: usize| {
            let (x, y) = (i % grey.width, i / grey.width);
            let rows =
                grey.pixels.chunks(grey.width).skip(y.saturating_sub(radius)).take(2 * radius + 1);
            let near =
                rows.flat_map(|row| row.iter().skip(x.saturating_sub(radius)).take(2 * radius + 1));
            let (sum, count) = near.fold((0, 0), |(s, n), p| (s + u32::from(*p), n + 1));
            (sum / count) as u8
        };
        Grey { width: grey.width, pixels: (0..grey.pixels.len()).map(mean).collect() }
    }
}
