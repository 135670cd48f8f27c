//! A dictation on disk while it is spoken in takes: one file to which everything is appended, sound and takes alike.
//!
//! Every record carries its length and a checksum. A program that is killed, or a machine that loses power, leaves at worst a
//! torn record at the end; opening the file again cuts it off, and what is before it is whole. Nothing that was said is ever deleted: an insertion or an overwriting is a take like any other, and
//! the recording that is made of all takes ([`compose`]) leaves out what was overwritten.
//!
//! Layout: the eight bytes of [`MAGIC`], then records: length of the payload (u32), kind (u8), payload, CRC-32 over kind and
//! payload (u32). Little-endian throughout. Kinds: 1 sound (take u32, number of the first sample u64, samples i16), 2 a take
//! begins ([`Mode`] as JSON), 3 a note of whoever records (JSON).

use super::playable::header;
use super::{Bytes, Growing, SAMPLE_RATE, seconds};
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// How a file begins.
const MAGIC: &[u8; 8] = b"OSLRTAK1";

/// Bytes of a record around its payload.
const AROUND: u64 = 9;

/// Bytes of a sound record before its samples.
const BEFORE_SAMPLES: usize = 12;

/// Longest payload that is written, and believed when read.
const LONGEST: usize = 8 * 1024 * 1024;

/// Most takes of one dictation.
pub const MOST_TAKES: usize = 1000;

/// Samples that are read at a time.
const READ: u64 = 64 * 1024;

/// Where a take goes. Places are samples of the recording as it was before the take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Mode {
    /// At the end.
    Append,
    /// Between what is before `at` and what is behind it.
    Insert {
        /// Where.
        at: u64,
    },
    /// In the place of what is between `at` and `to`; without `to`, of as much as the take is long, as on tape.
    Overwrite {
        /// From where on.
        at: u64,
        /// Up to where.
        to: Option<u64>,
    },
}

impl Mode {
    /// A second as the number of a sample; none for what is no time.
    pub fn place(s: f64) -> Option<u64> {
        (s.is_finite() && (0.0..1e9).contains(&s)).then(|| (s * SAMPLE_RATE as f64).round() as u64)
    }
}

/// A stretch of one take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Which take.
    pub take: u32,
    /// Its first sample.
    pub from: u64,
    /// The sample behind its last one.
    pub to: u64,
}

/// What the takes make together: their modes and lengths in the order in which they were begun.
pub fn compose(takes: &[(Mode, u64)]) -> Vec<Piece> {
    let mut line: Vec<Piece> = Vec::new();
    for (number, &(mode, samples)) in takes.iter().enumerate() {
        // Whoever said nothing has changed nothing.
        if samples == 0 {
            continue;
        }
        let (at, to) = match mode {
            Mode::Append => (u64::MAX, u64::MAX),
            Mode::Insert { at } => (at, at),
            Mode::Overwrite { at, to } => {
                (at, to.unwrap_or_else(|| at.saturating_add(samples)).max(at))
            }
        };
        let new = Piece {
            take: number as u32,
            from: 0,
            to: samples,
        };
        let mut out = Vec::with_capacity(line.len() + 2);
        let mut placed = false;
        let mut start = 0u64;
        for piece in &line {
            let end = start + (piece.to - piece.from);
            // What of it is before the place, and what is behind.
            let before = at.clamp(start, end) - start;
            let behind = to.clamp(start, end) - start;
            if before > 0 {
                out.push(Piece {
                    to: piece.from + before,
                    ..*piece
                });
            }
            if at < end && !placed {
                out.push(new);
                placed = true;
            }
            if behind < end - start && at < end {
                out.push(Piece {
                    from: piece.from + behind,
                    ..*piece
                });
            }
            start = end;
        }
        if !placed {
            out.push(new);
        }
        line = out;
    }
    line
}

/// Why sound or a take is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Sound is missing before it.
    #[error(
        "take {take} is kept up to sample {expected}; send it from there on (this began at {first})"
    )]
    Gap {
        /// The take.
        take: u32,
        /// The sample that is expected.
        expected: u64,
        /// The sample that came.
        first: u64,
    },
    /// There is no such take.
    #[error("take {take} was not begun; the next take is {next}")]
    NoTake {
        /// The take.
        take: u32,
        /// The number of the next one.
        next: u32,
    },
    /// A later take was begun.
    #[error("take {take} ended at sample {samples} when take {now} began")]
    Closed {
        /// The take.
        take: u32,
        /// Its length.
        samples: u64,
        /// The one that is recorded.
        now: u32,
    },
    /// It is there, and otherwise.
    #[error("take {take} was begun in another way; the next take is {next}")]
    OtherTake {
        /// The take.
        take: u32,
        /// The number of the next one.
        next: u32,
    },
    /// There is more of it than one dictation may have.
    #[error("a dictation may be {0:.0} minutes long; finish it and begin another")]
    TooLong(f64),
    /// There are too many takes.
    #[error("a dictation may have {MOST_TAKES} takes; finish it and begin another")]
    TooMany,
    /// The disk.
    #[error("{path}: the sound cannot be kept: {source}")]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no such file.
    #[error("{0}: not a dictation in takes")]
    Foreign(PathBuf),
}

/// Where samples of a take lie in the file.
#[derive(Debug, Clone, Copy)]
struct Extent {
    first: u64,
    count: u64,
    offset: u64,
}

#[derive(Debug)]
struct Take {
    mode: Mode,
    samples: u64,
    /// Those that are on the disk for certain.
    synced: u64,
    extents: Vec<Extent>,
}

/// A dictation that is being recorded. Calls block.
#[derive(Debug)]
pub struct Journal {
    file: Box<dyn Growing>,
    /// Bytes of whole records.
    length: u64,
    takes: Vec<Take>,
    notes: Vec<Vec<u8>>,
    longest: u64,
    dirty: bool,
}

impl Journal {
    /// Begins with take 0 in a file that is empty. `longest` is the number of samples that all takes may have together.
    pub fn create(file: Box<dyn Growing>, longest: u64) -> Result<Self, Refused> {
        let mut journal = Self {
            file,
            length: 0,
            takes: Vec::new(),
            notes: Vec::new(),
            longest,
            dirty: true,
        };
        journal.file.append(MAGIC).map_err(|e| journal.failed(e))?;
        journal.length = MAGIC.len() as u64;
        journal.begin(0, Mode::Append)?;
        journal.sync()?;
        Ok(journal)
    }

    /// Opens what was recorded before. A torn end is cut off.
    pub fn open(file: Box<dyn Growing>, longest: u64) -> Result<Self, Refused> {
        // A run that was killed before it wrote anything.
        if file.length() == 0 {
            return Self::create(file, longest);
        }
        let mut journal = Self::scan(file, longest)?;
        if journal.length < journal.file.length() {
            let length = journal.length;
            journal.file.cut(length).map_err(|e| journal.failed(e))?;
        }
        // What is here now may be here only in memory: the one who wrote it is gone.
        journal.file.sync().map_err(|e| journal.failed(e))?;
        for take in &mut journal.takes {
            take.synced = take.samples;
        }
        if journal.takes.is_empty() {
            journal.begin(0, Mode::Append)?;
            journal.sync()?;
        }
        Ok(journal)
    }

    /// Seconds of the recording that the takes in a file make; nothing is changed, whoever records into it.
    pub fn length_of(file: Box<dyn Growing>) -> Result<f64, Refused> {
        Self::scan(file, 0).map(|journal| journal.length_s())
    }

    /// Reads all whole records.
    fn scan(file: Box<dyn Growing>, longest: u64) -> Result<Self, Refused> {
        let total = file.length();
        let mut journal = Self {
            file,
            length: MAGIC.len() as u64,
            takes: Vec::new(),
            notes: Vec::new(),
            longest,
            dirty: false,
        };
        let mut reader = BufReader::new(journal.file.read().map_err(|e| journal.failed(e))?);
        let mut magic = [0; MAGIC.len()];
        if reader.read_exact(&mut magic).is_err() || magic != *MAGIC {
            return Err(Refused::Foreign(journal.file.name().to_path_buf()));
        }
        while let Some((kind, payload)) =
            record(&mut reader, total - journal.length).map_err(|e| journal.failed(e))?
        {
            let offset = journal.length;
            if !journal.replay(kind, &payload, offset) {
                break;
            }
            journal.length += AROUND + payload.len() as u64;
        }
        Ok(journal)
    }

    /// The takes in order: how they go together, and how many samples of each are kept.
    pub fn takes(&self) -> Vec<(Mode, u64)> {
        self.takes.iter().map(|t| (t.mode, t.samples)).collect()
    }

    /// Samples of each take that are on the disk for certain.
    pub fn synced(&self) -> Vec<u64> {
        self.takes.iter().map(|t| t.synced).collect()
    }

    /// What was noted, in order.
    pub fn notes(&self) -> &[Vec<u8>] {
        &self.notes
    }

    /// Length of the recording that the takes make, seconds.
    pub fn length_s(&self) -> f64 {
        seconds(
            compose(&self.takes())
                .iter()
                .map(|p| p.to - p.from)
                .sum::<u64>(),
        )
    }

    /// Begins a take. One that was begun in the same way before is found again.
    ///
    /// # Errors
    /// [`Refused::NoTake`] for a number that is not the next one, [`Refused::OtherTake`] for one that is another take's.
    pub fn begin(&mut self, take: u32, mode: Mode) -> Result<(), Refused> {
        let next = self.takes.len() as u32;
        if let Some(known) = self.takes.get(take as usize) {
            return if known.mode == mode {
                Ok(())
            } else {
                Err(Refused::OtherTake { take, next })
            };
        }
        if take != next {
            return Err(Refused::NoTake { take, next });
        }
        if self.takes.len() >= MOST_TAKES {
            return Err(Refused::TooMany);
        }
        // A value of three plain fields is always JSON.
        let payload = serde_json::to_vec(&mode).unwrap_or_default();
        let offset = self.append(2, &[&payload])?;
        self.replay(2, &payload, offset);
        Ok(())
    }

    /// Takes samples of a take, the first of which has the number `first`. What is known already is left out. They are
    /// safe only after [`Journal::sync`]. Returns what was new.
    ///
    /// # Errors
    /// [`Refused`]; nothing was taken then.
    pub fn push<'a>(
        &mut self,
        take: u32,
        first: u64,
        samples: &'a [i16],
    ) -> Result<&'a [i16], Refused> {
        let now = self.takes.len() as u32;
        let Some(known) = self.takes.get(take as usize).map(|t| t.samples) else {
            return Err(Refused::NoTake { take, next: now });
        };
        let Some(old) = known.checked_sub(first) else {
            return Err(Refused::Gap {
                take,
                expected: known,
                first,
            });
        };
        if old >= samples.len() as u64 {
            return Ok(&[]);
        }
        let new = &samples[old as usize..];
        if take + 1 != now {
            return Err(Refused::Closed {
                take,
                samples: known,
                now: now - 1,
            });
        }
        let all: u64 = self.takes.iter().map(|t| t.samples).sum();
        if all + new.len() as u64 > self.longest {
            return Err(Refused::TooLong(seconds(self.longest) / 60.0));
        }
        for part in new.chunks((LONGEST - BEFORE_SAMPLES) / 2) {
            let first = self.takes[take as usize].samples;
            let bytes: Vec<u8> = part.iter().flat_map(|s| s.to_le_bytes()).collect();
            let offset = self.append(1, &[&take.to_le_bytes(), &first.to_le_bytes(), &bytes])?;
            self.extend(take, first, part.len() as u64, offset);
        }
        Ok(new)
    }

    /// Keeps a note with the dictation; safe after the next [`Journal::sync`].
    pub fn note(&mut self, note: &[u8]) -> Result<(), Refused> {
        self.append(3, &[note])?;
        self.notes.push(note.to_vec());
        Ok(())
    }

    /// Returns when everything before is on the disk.
    pub fn sync(&mut self) -> Result<(), Refused> {
        if self.dirty {
            self.file.sync().map_err(|e| self.failed(e))?;
            self.dirty = false;
        }
        for take in &mut self.takes {
            take.synced = take.samples;
        }
        Ok(())
    }

    /// The samples of pieces, part by part, read from the file.
    pub fn read(
        &self,
        pieces: &[Piece],
    ) -> std::io::Result<impl Iterator<Item = std::io::Result<Vec<i16>>> + Send + use<>> {
        let mut places = Vec::new();
        for piece in pieces {
            let Some(take) = self.takes.get(piece.take as usize) else {
                continue;
            };
            let begin = take
                .extents
                .partition_point(|e| e.first + e.count <= piece.from);
            for extent in &take.extents[begin..] {
                let mut from = piece.from.max(extent.first);
                let to = piece.to.min(extent.first + extent.count);
                while from < to {
                    let count = (to - from).min(READ);
                    places.push((extent.offset + 2 * (from - extent.first), count as usize));
                    from += count;
                }
            }
        }
        let mut file: Box<dyn Bytes> = self.file.read()?;
        Ok(places.into_iter().map(move |(offset, count)| {
            let mut bytes = vec![0; 2 * count];
            file.seek(SeekFrom::Start(offset))?;
            file.read_exact(&mut bytes)?;
            Ok(samples(&bytes))
        }))
    }

    /// A WAV file of pieces, as a stream: 16 kHz mono, 16 bit, the same bytes each time.
    pub fn wav(&self, pieces: &[Piece]) -> std::io::Result<impl Read + Send + use<>> {
        let samples = pieces.iter().map(|p| p.to - p.from).sum();
        let header = header(samples)
            .ok_or_else(|| std::io::Error::other("the recording is too long for a WAV file"))?;
        Ok(Wav {
            part: header.to_vec(),
            at: 0,
            parts: self.read(pieces)?,
        })
    }

    /// Writes a record; returns where it begins.
    fn append(&mut self, kind: u8, parts: &[&[u8]]) -> Result<u64, Refused> {
        let length: usize = parts.iter().map(|p| p.len()).sum();
        let mut bytes = Vec::with_capacity(length + AROUND as usize);
        bytes.extend_from_slice(&(length as u32).to_le_bytes());
        bytes.push(kind);
        for part in parts {
            bytes.extend_from_slice(part);
        }
        let sum = crc32fast::hash(&bytes[4..]);
        bytes.extend_from_slice(&sum.to_le_bytes());
        let offset = self.length;
        self.file.append(&bytes).map_err(|e| self.failed(e))?;
        self.length += bytes.len() as u64;
        self.dirty = true;
        Ok(offset)
    }

    /// Takes over a record that is in the file; `false` where it cannot be one of ours.
    fn replay(&mut self, kind: u8, payload: &[u8], offset: u64) -> bool {
        match kind {
            1 => {
                let (Some(take), Some(first), Some(bytes)) = (
                    payload.get(..4).and_then(|b| b.try_into().ok()),
                    payload
                        .get(4..BEFORE_SAMPLES)
                        .and_then(|b| b.try_into().ok()),
                    payload.get(BEFORE_SAMPLES..),
                ) else {
                    return false;
                };
                let (take, first) = (u32::from_le_bytes(take), u64::from_le_bytes(first));
                let fits = bytes.len().is_multiple_of(2)
                    && self
                        .takes
                        .get(take as usize)
                        .is_some_and(|t| t.samples == first);
                if fits {
                    self.extend(take, first, bytes.len() as u64 / 2, offset);
                }
                fits
            }
            2 => {
                let Ok(mode) = serde_json::from_slice(payload) else {
                    return false;
                };
                self.takes.push(Take {
                    mode,
                    samples: 0,
                    synced: 0,
                    extents: Vec::new(),
                });
                true
            }
            3 => {
                self.notes.push(payload.to_vec());
                true
            }
            _ => false,
        }
    }

    fn extend(&mut self, take: u32, first: u64, count: u64, record: u64) {
        if let Some(take) = self.takes.get_mut(take as usize) {
            take.samples += count;
            take.extents.push(Extent {
                first,
                count,
                offset: record + 5 + BEFORE_SAMPLES as u64,
            });
        }
    }

    fn failed(&self, source: std::io::Error) -> Refused {
        Refused::Disk {
            path: self.file.name().to_path_buf(),
            source,
        }
    }
}

/// Bytes that come part by part.
struct Wav<I> {
    part: Vec<u8>,
    at: usize,
    parts: I,
}

impl<I: Iterator<Item = std::io::Result<Vec<i16>>>> Read for Wav<I> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.part.len() {
            match self.parts.next() {
                None => return Ok(0),
                Some(samples) => {
                    self.part = samples?.iter().flat_map(|s| s.to_le_bytes()).collect();
                    self.at = 0;
                }
            }
        }
        let count = buffer.len().min(self.part.len() - self.at);
        buffer[..count].copy_from_slice(&self.part[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Little-endian samples of 16 bits; an odd byte at the end is no sample.
pub fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|b| i16::from_le_bytes(*b))
        .collect()
}

/// The next whole record among `left` bytes; none at the end, and where it is torn.
fn record(reader: &mut impl Read, left: u64) -> std::io::Result<Option<(u8, Vec<u8>)>> {
    if left < AROUND {
        return Ok(None);
    }
    let mut head = [0; 5];
    reader.read_exact(&mut head)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if length > LONGEST || length as u64 > left - AROUND {
        return Ok(None);
    }
    let mut payload = vec![0; length];
    reader.read_exact(&mut payload)?;
    let mut sum = [0; 4];
    reader.read_exact(&mut sum)?;
    let mut hash = crc32fast::Hasher::new();
    hash.update(&head[4..]);
    hash.update(&payload);
    Ok((hash.finalize() == u32::from_le_bytes(sum)).then_some((head[4], payload)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs::{File, OpenOptions};
    use std::io::Write;
    use std::path::Path;

    /// A file as it is.
    #[derive(Debug)]
    struct Plain {
        path: PathBuf,
        file: File,
    }

    impl Growing for Plain {
        fn name(&self) -> &Path {
            &self.path
        }

        fn length(&self) -> u64 {
            self.file.metadata().unwrap().len()
        }

        fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
            self.file.write_all(bytes)
        }

        fn sync(&mut self) -> std::io::Result<()> {
            self.file.sync_data()
        }

        fn cut(&mut self, length: u64) -> std::io::Result<()> {
            self.file.set_len(length)
        }

        fn read(&self) -> std::io::Result<Box<dyn Bytes>> {
            Ok(Box::new(File::open(&self.path)?))
        }
    }

    fn plain(path: &Path) -> Box<dyn Growing> {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(path).unwrap();
        Box::new(Plain {
            path: path.to_path_buf(),
            file,
        })
    }

    const HOUR: u64 = 3600 * SAMPLE_RATE as u64;

    fn piece(take: u32, from: u64, to: u64) -> Piece {
        Piece { take, from, to }
    }

    #[test]
    fn takes_go_where_their_mode_says() {
        use Mode::{Append, Insert, Overwrite};
        let first = (Append, 100);
        for (second, made) in [
            ((Append, 10), vec![piece(0, 0, 100), piece(1, 0, 10)]),
            (
                (Insert { at: 40 }, 10),
                vec![piece(0, 0, 40), piece(1, 0, 10), piece(0, 40, 100)],
            ),
            (
                (Insert { at: 0 }, 10),
                vec![piece(1, 0, 10), piece(0, 0, 100)],
            ),
            (
                (Insert { at: 900 }, 10),
                vec![piece(0, 0, 100), piece(1, 0, 10)],
            ),
            (
                (Overwrite { at: 40, to: None }, 10),
                vec![piece(0, 0, 40), piece(1, 0, 10), piece(0, 50, 100)],
            ),
            (
                (Overwrite { at: 40, to: None }, 90),
                vec![piece(0, 0, 40), piece(1, 0, 90)],
            ),
            (
                (
                    Overwrite {
                        at: 40,
                        to: Some(60),
                    },
                    90,
                ),
                vec![piece(0, 0, 40), piece(1, 0, 90), piece(0, 60, 100)],
            ),
            // The end before the beginning takes nothing away.
            (
                (
                    Overwrite {
                        at: 40,
                        to: Some(20),
                    },
                    5,
                ),
                vec![piece(0, 0, 40), piece(1, 0, 5), piece(0, 40, 100)],
            ),
            // Nobody said anything.
            (
                (
                    Overwrite {
                        at: 40,
                        to: Some(60),
                    },
                    0,
                ),
                vec![piece(0, 0, 100)],
            ),
        ] {
            assert_eq!(compose(&[first, second]), made, "{second:?}");
        }
    }

    fn mode() -> impl Strategy<Value = Mode> {
        prop_oneof![
            Just(Mode::Append),
            (0..300u64).prop_map(|at| Mode::Insert { at }),
            (0..300u64, prop::option::of(0..300u64))
                .prop_map(|(at, to)| Mode::Overwrite { at, to }),
        ]
    }

    /// The same by cutting and joining lists.
    fn joined(takes: &[(Mode, Vec<i16>)]) -> Vec<i16> {
        let mut all: Vec<i16> = Vec::new();
        for (mode, sound) in takes {
            if sound.is_empty() {
                continue;
            }
            let place = |n: u64| (n as usize).min(all.len());
            let range = match *mode {
                Mode::Append => all.len()..all.len(),
                Mode::Insert { at } => place(at)..place(at),
                Mode::Overwrite { at, to } => {
                    let to = to.unwrap_or(at + sound.len() as u64).max(at);
                    place(at)..place(to)
                }
            };
            all.splice(range, sound.iter().copied());
        }
        all
    }

    /// What happens between two frames.
    #[derive(Debug, Clone)]
    enum Event {
        /// Goes on with so many samples, some of which are sent once more.
        Send(usize, usize),
        Sync,
        /// The power goes: of what was not synced some bytes are there, and some are noise. The sender asks what is kept.
        Cut(prop::sample::Index, u8),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            6 => (1..60usize, 0..40usize).prop_map(|(n, again)| Event::Send(n, again)),
            2 => Just(Event::Sync),
            2 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, noise)| Event::Cut(at, noise)),
        ]
    }

    fn recorded(journal: &Journal) -> Vec<i16> {
        journal
            .read(&compose(&journal.takes()))
            .unwrap()
            .flat_map(Result::unwrap)
            .collect()
    }

    proptest! {
        // Each case waits for the disk many times.
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn however_it_is_cut_and_resumed_the_recording_is_the_same(
            takes in prop::collection::vec((mode(), prop::collection::vec(any::<i16>(), 0..250)), 1..5),
            events in prop::collection::vec(event(), 1..60),
        ) {
            let mut takes = takes;
            takes[0].0 = Mode::Append;
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.takes");
            let mut journal = Journal::create(plain(&path), HOUR).unwrap();
            let mut events = events.iter().cycle();
            // Beyond so many only sound comes, so that it ends.
            let mut budget = 200;
            for (number, (mode, sound)) in takes.iter().enumerate() {
                let number = number as u32;
                let mut sent = 0;
                journal.begin(number, *mode).unwrap();
                journal.sync().unwrap();
                while sent < sound.len() {
                    budget -= 1;
                    let event = if budget > 0 { events.next().unwrap().clone() } else { Event::Send(50, 0) };
                    match event {
                        Event::Send(n, again) => {
                            let from = sent.saturating_sub(again);
                            let to = (sent + n).min(sound.len());
                            journal.push(number, from as u64, &sound[from..to]).unwrap();
                            sent = to;
                        }
                        Event::Sync => journal.sync().unwrap(),
                        Event::Cut(at, noise) => {
                            let safe = journal.synced()[number as usize];
                            let (length, synced) = (journal.length, synced_length(&journal));
                            drop(journal);
                            let keep = synced + at.index((length - synced) as usize + 1) as u64;
                            let mut bytes = std::fs::read(&path).unwrap();
                            bytes.truncate(keep as usize);
                            bytes.extend(std::iter::repeat_n(noise, usize::from(noise % 19)));
                            std::fs::write(&path, &bytes).unwrap();
                            journal = Journal::open(plain(&path), HOUR).unwrap();
                            let kept = journal.takes()[number as usize].1;
                            prop_assert!(kept >= safe, "what was acknowledged is lost");
                            sent = kept as usize;
                        }
                    }
                }
            }
            journal.sync().unwrap();
            prop_assert_eq!(recorded(&journal), joined(&takes));
            drop(journal);
            prop_assert_eq!(recorded(&Journal::open(plain(&path), HOUR).unwrap()), joined(&takes));
        }
    }

    /// Bytes of the file up to the last sample that was synced.
    fn synced_length(journal: &Journal) -> u64 {
        let take = journal.takes.last().unwrap();
        take.extents
            .iter()
            .filter(|e| e.first + e.count <= take.synced)
            .map(|e| e.offset + 2 * e.count + 4)
            .max()
            .unwrap_or(if journal.dirty && take.samples > 0 {
                take.extents[0].offset - 5 - BEFORE_SAMPLES as u64
            } else {
                journal.length
            })
    }

    #[test]
    fn sound_that_is_known_is_left_out_and_a_gap_says_what_is_expected() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(plain(&dir.path().join("a")), HOUR).unwrap();
        assert_eq!(journal.push(0, 0, &[1, 2, 3]).unwrap(), [1, 2, 3]);
        assert_eq!(journal.push(0, 0, &[1, 2, 3]).unwrap(), [0i16; 0]);
        assert_eq!(journal.push(0, 1, &[2, 3, 4]).unwrap(), [4]);
        let gap = journal.push(0, 9, &[5]).unwrap_err();
        assert!(matches!(gap, Refused::Gap { expected: 4, .. }), "{gap}");
        assert!(gap.to_string().contains("sample 4"), "{gap}");
        assert!(matches!(
            journal.push(1, 0, &[5]),
            Err(Refused::NoTake { next: 1, .. })
        ));
        // No number makes it overflow.
        assert!(matches!(
            journal.push(0, u64::MAX, &[5]),
            Err(Refused::Gap { .. })
        ));
        journal.begin(1, Mode::Insert { at: 2 }).unwrap();
        assert!(matches!(
            journal.push(0, 4, &[5]),
            Err(Refused::Closed { samples: 4, .. })
        ));
        // Said twice is said once; otherwise it is another take.
        journal.begin(1, Mode::Insert { at: 2 }).unwrap();
        assert!(matches!(
            journal.begin(1, Mode::Append),
            Err(Refused::OtherTake { next: 2, .. })
        ));
        assert!(matches!(
            journal.begin(3, Mode::Append),
            Err(Refused::NoTake { next: 2, .. })
        ));
    }

    #[test]
    fn a_dictation_is_not_longer_than_it_may_be() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(plain(&dir.path().join("a")), 5).unwrap();
        journal.push(0, 0, &[0; 5]).unwrap();
        assert!(matches!(journal.push(0, 5, &[0]), Err(Refused::TooLong(_))));
    }

    #[test]
    fn a_torn_end_is_cut_off_and_a_foreign_file_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut journal = Journal::create(plain(&path), HOUR).unwrap();
        journal.push(0, 0, &[7; 10]).unwrap();
        journal.note(b"{}").unwrap();
        journal.sync().unwrap();
        let length = journal.length;
        let mut wav = Vec::new();
        journal
            .wav(&compose(&journal.takes()))
            .unwrap()
            .read_to_end(&mut wav)
            .unwrap();
        let mut read = hound::WavReader::new(&wav[..]).unwrap();
        assert_eq!(read.spec(), crate::audio::playable::SPEC);
        assert_eq!(read.duration(), 10);
        assert!(read.samples::<i16>().all(|s| s.unwrap() == 7));
        drop(journal);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"half a record");
        std::fs::write(&path, &bytes).unwrap();
        let journal = Journal::open(plain(&path), HOUR).unwrap();
        assert_eq!(journal.takes(), [(Mode::Append, 10)]);
        assert_eq!(journal.notes(), [b"{}".to_vec()]);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), length);

        let foreign = dir.path().join("b");
        std::fs::write(&foreign, "a letter").unwrap();
        assert!(matches!(
            Journal::open(plain(&foreign), HOUR),
            Err(Refused::Foreign(_))
        ));
        assert_eq!(std::fs::read(&foreign).unwrap(), b"a letter");
    }
}
