//! Reading a file that may lie about its own sizes.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// A file does not say what a model file says.
#[derive(Debug, thiserror::Error)]
#[error("{what} (byte {at})")]
pub struct FormatError {
    at: u64,
    what: String,
}

/// A format error at a byte of the file.
pub fn format_error(at: u64, what: impl Into<String>) -> FormatError {
    FormatError {
        at,
        what: what.into(),
    }
}

/// Reads little-endian numbers and counts bytes; never allocates or skips more than the file has left.
pub struct Reader<R> {
    inner: BufReader<R>,
    at: u64,
    length: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// Starts at the beginning of `source`.
    pub fn new(mut source: R) -> Result<Self, FormatError> {
        let length = source
            .seek(SeekFrom::End(0))
            .and_then(|length| source.rewind().map(|()| length))
            .map_err(|e| format_error(0, e.to_string()))?;
        Ok(Self {
            inner: BufReader::new(source),
            at: 0,
            length,
        })
    }

    /// The next byte's number.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Bytes that are left.
    pub fn left(&self) -> u64 {
        self.length - self.at
    }

    /// An error at this place.
    pub fn error(&self, what: impl Into<String>) -> FormatError {
        format_error(self.at, what)
    }

    fn need(&self, n: u64) -> Result<(), FormatError> {
        if n > self.left() {
            return Err(self.error(format!(
                "the file is cut short: {n} bytes are announced and {} are left",
                self.left()
            )));
        }
        Ok(())
    }

    fn io(&self, e: io::Error) -> FormatError {
        self.error(e.to_string())
    }

    /// The next `n` bytes.
    pub fn bytes(&mut self, n: u64) -> Result<Vec<u8>, FormatError> {
        self.need(n)?;
        let mut bytes = vec![0; usize::try_from(n).map_err(|_| self.error("too large"))?];
        self.inner.read_exact(&mut bytes).map_err(|e| self.io(e))?;
        self.at += n;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        self.need(N as u64)?;
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes).map_err(|e| self.io(e))?;
        self.at += N as u64;
        Ok(bytes)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, FormatError> {
        Ok(self.array::<1>()?[0])
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, FormatError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Passes over `n` bytes.
    pub fn skip(&mut self, n: u64) -> Result<(), FormatError> {
        self.need(n)?;
        let step = i64::try_from(n).map_err(|_| self.error("too large"))?;
        self.inner.seek_relative(step).map_err(|e| self.io(e))?;
        self.at += n;
        Ok(())
    }
}
