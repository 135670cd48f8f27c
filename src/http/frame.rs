//! Sound on a socket: u32 take, u32 zero, u64 number of the first sample, then samples of 16 bits, 16 kHz mono; all
//! little-endian.

use crate::workflow::live_session::samples;

/// Bytes before the samples.
pub const HEADER: usize = 16;

/// Longest frame: half a minute.
pub const LONGEST: usize = HEADER + 2 * 16_000 * 30;

/// A stretch of sound of one take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which take.
    pub take: u32,
    /// Number of its first sample within the take.
    pub first: u64,
    /// The samples, at least one.
    pub samples: Vec<i16>,
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// There is no whole header, or nothing behind it.
    #[error(
        "a frame has a header of {HEADER} bytes and at least one sample; this one has {0} bytes"
    )]
    Short(usize),
    /// It is too long.
    #[error("a frame has at most {LONGEST} bytes; this one has {0}")]
    Long(usize),
    /// Half a sample at the end.
    #[error("a sample has two bytes; this frame ends in the middle of one")]
    Odd,
    /// Another version of the format.
    #[error("bytes 4 to 7 of a frame are zero")]
    Reserved,
    /// A number that no recording reaches.
    #[error("the number of the first sample is too large")]
    Number,
}

impl Frame {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > LONGEST {
            return Err(FrameError::Long(bytes.len()));
        }
        let (Some(&[a, b, c, d]), Some(reserved), Some(first), Some(sound)) = (
            bytes.first_chunk::<4>(),
            bytes.get(4..8),
            bytes.get(8..16).and_then(|b| b.first_chunk::<8>()),
            bytes.get(HEADER..).filter(|s| !s.is_empty()),
        ) else {
            return Err(FrameError::Short(bytes.len()));
        };
        if reserved != [0; 4] {
            return Err(FrameError::Reserved);
        }
        if !sound.len().is_multiple_of(2) {
            return Err(FrameError::Odd);
        }
        let first = u64::from_le_bytes(*first);
        // Far beyond any dictation, and far below where sums overflow.
        if first > u64::from(u32::MAX) {
            return Err(FrameError::Number);
        }
        Ok(Self {
            take: u32::from_le_bytes([a, b, c, d]),
            first,
            samples: samples(sound),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(take: u32, first: u64, sound: &[u8]) -> Vec<u8> {
        let mut bytes = take.to_le_bytes().to_vec();
        bytes.extend([0; 4]);
        bytes.extend(first.to_le_bytes());
        bytes.extend(sound);
        bytes
    }

    #[test]
    fn a_frame_is_what_its_bytes_say() {
        let parsed = Frame::parse(&frame(2, 48_000, &[1, 0, 0xff, 0xff, 0, 0x80])).unwrap();
        assert_eq!(
            parsed,
            Frame {
                take: 2,
                first: 48_000,
                samples: vec![1, -1, i16::MIN],
            }
        );
    }

    #[test]
    fn what_is_no_frame_says_why() {
        for (bytes, error) in [
            (vec![], FrameError::Short(0)),
            (vec![0; 15], FrameError::Short(15)),
            (frame(0, 0, &[]), FrameError::Short(16)),
            (frame(0, 0, &[1, 2, 3]), FrameError::Odd),
            (frame(0, u64::MAX, &[1, 2]), FrameError::Number),
            (
                frame(0, 0, &vec![0; LONGEST]),
                FrameError::Long(LONGEST + 16),
            ),
        ] {
            assert_eq!(Frame::parse(&bytes), Err(error));
        }
        let mut other = frame(0, 0, &[1, 2]);
        other[5] = 1;
        assert_eq!(Frame::parse(&other), Err(FrameError::Reserved));
    }
}
