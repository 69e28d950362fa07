//! A picture in shades of grey, and PNG files of any kind read into one.
//!
//! A file is a stranger's: how many pixels it unpacks to is known and bounded before
//! anything is allocated for them.

use std::io::{self, Cursor};

use png::{BitDepth, ColorType, Decoder, DecodingError, InterlaceInfo, Limits, Transformations};

use super::QrError;

/// Row by row; 0 is black.
pub(super) struct Grey {
    pub(super) width: usize,
    pub(super) pixels: Vec<u8>,
}

impl Grey {
    pub(super) fn height(&self) -> usize {
        self.pixels.len() / self.width
    }

    pub(super) fn invert(&mut self) -> &Self {
        self.pixels.iter_mut().for_each(|p| *p = !*p);
        self
    }

    pub(super) fn to_png(&self) -> Result<Vec<u8>, QrError> {
        let mut file = Vec::new();
        let (width, height) = (self.width as u32, self.height() as u32);
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(io::Error::from)?;
        writer.write_image_data(&self.pixels).map_err(io::Error::from)?;
        writer.finish().map_err(io::Error::from)?;
        Ok(file)
    }

    pub(super) fn from_png(bytes: &[u8]) -> Result<Self, QrError> {
        let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_SPARE });
        decoder.set_transformations(Transformations::normalize_to_color8());
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let (width, height) = decoder.read_header_info().map_err(refuse)?.size();
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(QrError::TooLarge);
        }
        let mut reader = decoder.read_info().map_err(refuse)?;
        let samples = reader.output_color_type().0.samples();
        let width = width as usize;
        let mut pixels = vec![255; width * height as usize];
        let mut line = 0;
        while let Some(row) = reader.next_interlaced_row().map_err(refuse)? {
            let grey: Vec<u8> = row.data().chunks(samples).map(luminance).collect();
            match row.interlace() {
                InterlaceInfo::Null(_) => {
                    let row = pixels.chunks_mut(width).nth(line).into_iter().flatten();
                    row.zip(grey).for_each(|(pixel, grey)| *pixel = grey);
                    line += 1;
                }
                InterlaceInfo::Adam7(pass) => {
                    png::expand_interlaced_row(&mut pixels, width, &grey, pass, 8);
                }
            }
        }
        Ok(Self { width, pixels })
    }
}

const MAX_PIXELS: u64 = 40_000_000;
/// What the decoder may take for rows, palette and the like.
const MAX_SPARE: usize = 64 << 20;

fn refuse(error: DecodingError) -> QrError {
    match error {
        DecodingError::LimitsExceeded => QrError::TooLarge,
        // The bytes are in memory: an end of file is a file cut short.
        DecodingError::IoError(_) | DecodingError::Format(_) | DecodingError::Parameter(_) => {
            QrError::NotAPicture
        }
    }
}

/// Of one pixel: grey, grey and alpha, RGB or RGBA; what shines through is white.
fn luminance(pixel: &[u8]) -> u8 {
    let (grey, alpha) = match *pixel {
        [grey] => (grey.into(), 255),
        [grey, alpha] => (grey.into(), alpha),
        [r, g, b] => (shade(r, g, b), 255),
        [r, g, b, alpha] => (shade(r, g, b), alpha),
        _ => (255, 255),
    };
    let alpha = u32::from(alpha);
    ((grey * alpha + 255 * (255 - alpha)) / 255) as u8
}

/// By ITU-R BT.601.
fn shade(r: u8, g: u8, b: u8) -> u32 {
    (u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_png_is_read() {
        let with = |f: fn(&u8) -> Vec<u8>| RAMP.iter().flat_map(f).collect::<Vec<_>>();
        let nibbles = RAMP.chunks(2).map(|pair| (pair[0] & 0xf0) | (pair[1] >> 4));
        for (color, depth, data, tolerance) in [
            (ColorType::Grayscale, BitDepth::Eight, RAMP.to_vec(), 0),
            (ColorType::Grayscale, BitDepth::Sixteen, with(|g| vec![*g, 7]), 0),
            (ColorType::Grayscale, BitDepth::Four, nibbles.collect(), 16),
            (ColorType::GrayscaleAlpha, BitDepth::Eight, with(|g| vec![*g, 255]), 0),
            (ColorType::Rgb, BitDepth::Eight, with(|g| vec![*g, *g, *g]), 0),
            (ColorType::Rgba, BitDepth::Eight, with(|g| vec![0, 0, 0, !*g]), 0),
            (ColorType::Indexed, BitDepth::Eight, with(|g| vec![!*g / 128]), 128),
        ] {
            let mut file = Vec::new();
            let mut encoder = png::Encoder::new(&mut file, 8, 4);
            encoder.set_color(color);
            encoder.set_depth(depth);
            encoder.set_palette(vec![255, 255, 255, 0, 0, 0]);
            encoder.write_header().unwrap().write_image_data(&data).unwrap();
            let read = Grey::from_png(&file).unwrap();
            assert_eq!((read.width, read.height()), (8, 4));
            let mut pairs = read.pixels.iter().zip(&RAMP);
            assert!(pairs.all(|(a, b)| a.abs_diff(*b) <= tolerance), "{color:?} {depth:?}");
        }
    }

    #[test]
    fn an_interlaced_png_is_read() {
        let mut raw = Vec::new();
        for (x, y, dx, dy) in
            [(0, 0, 8, 8), (4, 0, 8, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        {
            for row in RAMP.chunks(8).skip(y).step_by(dy) {
                raw.push(0);
                raw.extend(row.iter().skip(x).step_by(dx));
            }
        }
        let mut info = png::Info::with_size(8, 4);
        info.interlaced = true;
        let mut file = Vec::new();
        let mut writer = png::Encoder::with_info(&mut file, info).unwrap().write_header().unwrap();
        writer.write_chunk(png::chunk::IDAT, &stored(&raw)).unwrap();
        drop(writer);
        assert_eq!(Grey::from_png(&file).unwrap().pixels, RAMP);
    }

    #[test]
    fn a_png_cut_short_or_another_file_is_no_picture() {
        let file = Grey { width: 8, pixels: RAMP.to_vec() }.to_png().unwrap();
        for bytes in [&file[..file.len() - 20], &file[..20], b"", b"GIF89a"] {
            assert!(matches!(Grey::from_png(bytes), Err(QrError::NotAPicture)));
        }
    }

    #[test]
    fn a_bomb_of_pixels_is_refused_by_its_header() {
        for (width, height) in [(60_000, 60_000), (u32::MAX / 2, 1), (1, 40_000_001)] {
            let mut file = Vec::new();
            png::Encoder::new(&mut file, width, height).write_header().unwrap();
            assert!(matches!(Grey::from_png(&file), Err(QrError::TooLarge)));
        }
    }

    const RAMP: [u8; 32] = {
        let mut ramp = [0; 32];
        let mut i = 0;
        while i < 32 {
            ramp[i] = (i * 8) as u8;
            i += 1;
        }
        ramp
    };

    /// A zlib stream of one stored block.
    fn stored(raw: &[u8]) -> Vec<u8> {
        let len = (raw.len() as u16).to_le_bytes();
        let (a, b) =
            raw.iter().fold((1, 0), |(a, b), x| (a + u32::from(*x), b + a + u32::from(*x)));
        let adler = (b % 65_521) << 16 | (a % 65_521);
        [&[0x78, 1, 1, len[0], len[1], !len[0], !len[1]], raw, &adler.to_be_bytes()].concat()
    }
}
