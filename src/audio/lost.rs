//! Where in an MP3 or raw AAC stream bytes are missing or damaged.
//!
//! Such a stream has no time stamps: the demuxer looks for the next frame and counts on as if nothing had been there. Read
//! a second time beside it, the file tells where each frame lies, and so how much was passed over.

use std::io::{BufRead, BufReader, Read};

/// Bytes between two frames that belong to the stream: the header of an AAC frame, with its checksum.
const BETWEEN: u64 = 16;

/// Bytes in which a frame is looked for; a larger hole ends the search.
const FARTHEST: u64 = 64 << 20;

/// Bytes by which a frame is known.
const MARK: usize = 32;

/// Follows the demuxer's frames through the file.
pub struct Lost<R> {
    source: Option<BufReader<R>>,
    begun: bool,
    bytes: u64,
    seconds: f64,
}

impl<R: Read> Lost<R> {
    /// Reads `source` from where it stands.
    pub fn new(source: R) -> Self {
        Self {
            source: Some(BufReader::with_capacity(1 << 16, source)),
            begun: false,
            bytes: 0,
            seconds: 0.0,
        }
    }

    /// Takes the next frame, which lasts `length_s`. The seconds that were passed over before it, by the bytes that a
    /// second took so far; 0 where it follows the one before.
    pub fn before(&mut self, frame: &[u8], length_s: f64) -> f64 {
        let Some(source) = &mut self.source else {
            return 0.0;
        };
        let mark = &frame[..frame.len().min(MARK)];
        let (skipped, is_tag) = match find(source, mark) {
            Some(found) if skip(source, (frame.len() - mark.len()) as u64) => found,
            // It is not there any more, or cannot be read: nothing is known from here on.
            _ => {
                self.source = None;
                return 0.0;
            }
        };
        // Before the first frame lie tags and pictures.
        let lost = if self.begun && skipped > BETWEEN && !is_tag && self.bytes > 0 {
            skipped as f64 * self.seconds / self.bytes as f64
        } else {
            0.0
        };
        self.begun = true;
        self.bytes += frame.len() as u64 + skipped.min(BETWEEN);
        self.seconds += length_s;
        lost
    }
}

/// Whether bytes between two frames begin as what stands there where several files were put together.
fn begins_a_tag(bytes: &[u8]) -> bool {
    let holds = |what: &[u8; 4]| bytes.windows(4).any(|w| w == what);
    [&b"ID3"[..], b"TAG", b"APETAGEX"]
        .iter()
        .any(|tag| bytes.starts_with(tag))
        || holds(b"Xing")
        || holds(b"Info")
        || holds(b"VBRI")
}

/// Reads up to behind the next place where `mark` stands: the number of bytes before it, and whether they are a tag.
fn find(source: &mut impl BufRead, mark: &[u8]) -> Option<(u64, bool)> {
    let mut read = 0u64;
    let mut first = Vec::with_capacity(2 * MARK);
    let mut last = std::collections::VecDeque::with_capacity(mark.len());
    while read < FARTHEST {
        let buffer = source.fill_buf().ok()?;
        if buffer.is_empty() {
            return None;
        }
        let mut used = 0;
        for &byte in buffer {
            used += 1;
            if last.len() == mark.len() {
                last.pop_front();
            }
            last.push_back(byte);
            if first.len() < 2 * MARK {
                first.push(byte);
            }
            if last.len() == mark.len() && last.iter().eq(mark) {
                source.consume(used);
                let before = read + used as u64 - mark.len() as u64;
                first.truncate(usize::try_from(before).unwrap_or(usize::MAX));
                return Some((before, begins_a_tag(&first)));
            }
        }
        source.consume(used);
        read += used as u64;
    }
    None
}

fn skip(source: &mut impl BufRead, bytes: u64) -> bool {
    std::io::copy(&mut source.take(bytes), &mut std::io::sink()).is_ok_and(|n| n == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(n: u8) -> Vec<u8> {
        (0..200).map(|i| (i as u8).wrapping_mul(n) ^ n).collect()
    }

    #[test]
    fn what_was_passed_over_is_told_in_seconds_before_the_next_frame() {
        let mut file = b"a tag of the file, longer than what lies between two frames".to_vec();
        for n in 1..=9 {
            file.extend([0xff; 7]);
            if n == 6 {
                file.extend([0x55; 414]);
            }
            file.extend(frame(n));
        }
        let mut lost = Lost::new(file.as_slice());
        for n in 1..=9 {
            let seconds = lost.before(&frame(n), 0.02);
            let expected = if n == 6 { 0.04 } else { 0.0 };
            assert!((seconds - expected).abs() < 0.002, "frame {n}: {seconds}");
        }
    }

    #[test]
    fn a_tag_between_two_files_is_no_loss() {
        for tag in [
            &b"TAG of an old kind"[..],
            b"ID3\x04",
            b"\xff\xfb\x90\x00\0\0\0\0Info",
        ] {
            let mut file = frame(1);
            file.extend(tag);
            file.extend([0; 3_000]);
            file.extend(frame(2));
            let mut lost = Lost::new(file.as_slice());
            assert_eq!(lost.before(&frame(1), 0.02), 0.0);
            assert_eq!(lost.before(&frame(2), 0.02), 0.0);
        }
    }

    #[test]
    fn frames_that_are_not_in_the_file_end_the_search_quietly() {
        let mut lost = Lost::new(&[7u8; 500][..]);
        assert_eq!(lost.before(&frame(3), 0.02), 0.0);
        assert_eq!(lost.before(&frame(4), 0.02), 0.0);
    }
}
