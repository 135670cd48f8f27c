//! The header of dictaphone files (DSS, DS2): who dictated, when, how long, how urgent.
//!
//! Only the header is read here; the sound is decoded by a program of its own (`external`). Offsets: 0x00 version,
//! 0x01 "dss", "ds2" or "enc", 0x0C author, 0x26 start, 0x32 end, 0x3E length, 0x2A4 codec of DSS, 0x319 priority,
//! 0x31E comment, 0x3E6 serial number. Unused bytes are NUL, space or 0xFF. Sound begins at version times 512, in
//! blocks of 512 whose third byte counts frames and whose fifth names the codec of DS2.

use jiff::civil::DateTime;
use serde::Serialize;

/// Bytes from the start of the file that hold everything [`Header::parse`] looks at: headers of up to 7 blocks and the
/// first block of sound.
pub const PREFIX: usize = 4_096;

const BLOCK: usize = 512;

/// Which of the three kinds of dictaphone file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Digital Speech Standard.
    Dss,
    /// DSS Pro.
    Ds2,
    /// DSS Pro, encrypted.
    Encrypted,
}

impl Kind {
    /// What the bytes at the start of a file say, whatever its name is.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let (&version, magic) = (bytes.first()?, bytes.get(1..4)?);
        if !(1..=15).contains(&version) {
            return None;
        }
        match magic {
            b"dss" => Some(Self::Dss),
            b"ds2" => Some(Self::Ds2),
            b"enc" => Some(Self::Encrypted),
            _ => None,
        }
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dss => "DSS",
            Self::Ds2 => "DS2",
            Self::Encrypted => "encrypted DS2",
        }
    }

    /// As it stands in `source.format`.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Dss => "dss",
            Self::Ds2 | Self::Encrypted => "ds2",
        }
    }
}

/// What the header says; a field that is empty or cannot be true is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Header {
    /// Author identifier that is set on the device.
    pub author: Option<String>,
    /// Begin of the dictation by the device's clock, local time.
    pub recorded_start: Option<DateTime>,
    /// End of the dictation.
    pub recorded_end: Option<DateTime>,
    /// Length in seconds.
    pub length_s: Option<u32>,
    /// Priority as the device numbers it.
    pub priority: Option<u8>,
    /// Comment of the author.
    pub comment: Option<String>,
    /// Serial number of the device (DS2).
    pub serial: Option<String>,
    /// Version of the format.
    pub version: u8,
    /// `sp`, `lp`, `qp` or `qp7`.
    pub codec: Option<&'static str>,
}

impl Header {
    /// Reads the beginning of a file, ideally [`PREFIX`] bytes; `None` where it is no dictaphone file.
    pub fn parse(bytes: &[u8]) -> Option<(Kind, Self)> {
        let kind = Kind::of(bytes)?;
        let field = |at: usize, length: usize| {
            let end = (at + length).min(bytes.len());
            bytes.get(at..end).unwrap_or_default()
        };
        let version = bytes[0];
        let header = Self {
            author: text(field(0x0c, 16)),
            recorded_start: time(field(0x26, 12)),
            recorded_end: time(field(0x32, 12)),
            length_s: length(field(0x3e, 6)),
            priority: field(0x319, 1).first().copied().and_then(priority),
            comment: text(field(0x31e, 100)),
            serial: match kind {
                Kind::Dss => None,
                Kind::Ds2 | Kind::Encrypted => text(field(0x3e6, 10)),
            },
            version,
            codec: match kind {
                Kind::Dss => match field(0x2a4, 1) {
                    [0] => Some("sp"),
                    [2] => Some("lp"),
                    _ => None,
                },
                Kind::Ds2 | Kind::Encrypted => match field(usize::from(version) * BLOCK, 5) {
                    // A block without frames is a pause and names no codec.
                    [_, _, 1..=254, _, 0 | 1] => Some("sp"),
                    [_, _, 1..=254, _, 6] => Some("qp"),
                    [_, _, 1..=254, _, 7] => Some("qp7"),
                    _ => None,
                },
            },
        };
        Some((kind, header))
    }
}

/// Text up to the first byte of padding; UTF-8, or else Latin-1, which can spell every byte.
fn text(field: &[u8]) -> Option<String> {
    let end = field
        .iter()
        .position(|b| matches!(b, 0 | 0xff))
        .unwrap_or(field.len());
    let text = match std::str::from_utf8(&field[..end]) {
        Ok(text) => text.to_owned(),
        Err(_) => field[..end].iter().map(|&b| char::from(b)).collect(),
    };
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Pairs of decimal digits.
fn pairs<const N: usize>(field: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    if field.len() != 2 * N || !field.iter().all(u8::is_ascii_digit) {
        return None;
    }
    for (value, pair) in out.iter_mut().zip(field.chunks_exact(2)) {
        *value = (pair[0] - b'0') * 10 + (pair[1] - b'0');
    }
    Some(out)
}

/// YYMMDDhhmmss; the format is of the year 1994 and its devices of this century.
fn time(field: &[u8]) -> Option<DateTime> {
    let [year, rest @ ..] = pairs::<6>(field)?;
    let [month, day, hour, minute, second] = rest.map(|v| v as i8);
    DateTime::new(2000 + i16::from(year), month, day, hour, minute, second, 0).ok()
}

/// HHMMSS.
fn length(field: &[u8]) -> Option<u32> {
    let [hours, minutes, seconds] = pairs::<3>(field)?;
    (minutes < 60 && seconds < 60)
        .then(|| u32::from(hours) * 3600 + u32::from(minutes) * 60 + u32::from(seconds))
}

/// A number, or the digit of one.
fn priority(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        0..=15 => Some(byte),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
        bytes[at..at + what.len()].copy_from_slice(what);
    }

    /// A header as dictaphones write it: unused bytes are 0xFF.
    fn made(magic: &[u8; 4]) -> Vec<u8> {
        let mut bytes = vec![0xff; PREFIX];
        put(&mut bytes, 0, magic);
        put(&mut bytes, 0x0c, b"DR MARSH\0\0\0\0\0\0\0\0");
        put(&mut bytes, 0x26, b"260606090902");
        put(&mut bytes, 0x32, b"260606091015");
        put(&mut bytes, 0x3e, b"000113");
        bytes[0x319] = 3;
        put(&mut bytes, 0x31e, b"knee, left   ");
        bytes
    }

    #[test]
    fn a_dss_header_says_who_when_how_long_and_how_urgent() {
        let mut bytes = made(b"\x02dss");
        bytes[0x2a4] = 2;
        let (kind, header) = Header::parse(&bytes).unwrap();
        assert_eq!(kind, Kind::Dss);
        assert_eq!(
            header,
            Header {
                author: Some("DR MARSH".into()),
                recorded_start: Some(date(2026, 6, 6).at(9, 9, 2, 0)),
                recorded_end: Some(date(2026, 6, 6).at(9, 10, 15, 0)),
                length_s: Some(73),
                priority: Some(3),
                comment: Some("knee, left".into()),
                serial: None,
                version: 2,
                codec: Some("lp"),
            }
        );
        let json = serde_json::to_value(&header).unwrap();
        assert_eq!(json["recorded_start"], "2026-06-06T09:09:02");
        assert_eq!(json["serial"], serde_json::Value::Null);
    }

    #[test]
    fn a_ds2_header_has_a_serial_number_and_its_codec_in_the_first_block() {
        for (code, codec) in [(0, "sp"), (1, "sp"), (6, "qp"), (7, "qp7")] {
            let mut bytes = made(b"\x03ds2");
            put(&mut bytes, 0x3e6, b"0012345678");
            put(&mut bytes, 0x600, &[0, 3, 10, 0xff, code]);
            let (kind, header) = Header::parse(&bytes).unwrap();
            assert_eq!(kind, Kind::Ds2);
            assert_eq!(header.serial.as_deref(), Some("0012345678"));
            assert_eq!(header.codec, Some(codec));
        }
        let mut pause = made(b"\x03ds2");
        put(&mut pause, 0x600, &[0, 3, 0, 0xff, 6]);
        assert_eq!(Header::parse(&pause).unwrap().1.codec, None);
    }

    #[test]
    fn what_cannot_be_true_is_left_out() {
        let mut bytes = made(b"\x03dss");
        put(&mut bytes, 0x26, b"260230090902");
        put(&mut bytes, 0x32, b"26060624 0902");
        put(&mut bytes, 0x3e, b"007500");
        bytes[0x319] = 0xff;
        put(&mut bytes, 0x31e, &[b' '; 100]);
        put(&mut bytes, 0x0c, b"M\xfcller\xff\xff");
        let (_, header) = Header::parse(&bytes).unwrap();
        assert_eq!(header.recorded_start, None);
        assert_eq!(header.recorded_end, None);
        assert_eq!(header.length_s, None);
        assert_eq!(header.priority, None);
        assert_eq!(header.comment, None);
        assert_eq!(header.author.as_deref(), Some("Müller"));
    }

    #[test]
    fn magic_bytes_decide() {
        assert_eq!(Kind::of(b"\x03enc"), Some(Kind::Encrypted));
        for other in [&b"RIFF"[..], b"fLaC", b"xdss", b"\0ds2", b"\x03ds", b""] {
            assert_eq!(Kind::of(other), None, "{other:?}");
        }
        // Cut off behind the magic bytes: all fields are empty.
        let (kind, header) = Header::parse(b"\x02dss").unwrap();
        assert_eq!(
            (kind, header.author, header.length_s),
            (Kind::Dss, None, None)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(version in 0u8..20, magic in 0usize..3, junk in proptest::collection::vec(any::<u8>(), 0..PREFIX)) {
            let mut bytes = vec![version];
            bytes.extend([b"dss", b"ds2", b"enc"][magic]);
            bytes.extend(junk);
            if let Some((_, header)) = Header::parse(&bytes) {
                prop_assert!(header.author.is_none_or(|a| a.chars().count() <= 16));
                prop_assert!(header.length_s.is_none_or(|s| s < 360_000));
            }
        }
    }
}
