//! Any recording to a stream of 16 kHz mono samples.
//!
//! Symphonia demuxes and decodes, libopus decodes Opus. A packet that cannot be decoded becomes silence of its own
//! length and a hole that is reported: the times after it stay true.

use super::dss::{self, Header, Kind};
use super::external::{External, Stopper};
use super::input::{Bytes, Input, Scratch};
use super::lost::Lost;
use super::quality::{Clipping, HighPass};
use super::resample::To16k;
use super::{AudioError, Channel, INPUT, OpenOptions, seconds};
use crate::domain::recognition::SourceInfo;
use crate::domain::transcript::Stretch;
use std::fs::File;
use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

/// Sample rates that a recording can have; anything else is a damaged header.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=768_000;

/// Packets in a row that may fail before the rest is given up.
const MAX_FAILURES: u32 = 2_000;

/// Packets in a row that fail before another decoder is tried.
const STUBBORN: u32 = 4;

/// Jumps of the time stamps, in seconds, that are taken for missing packets; more is a damaged stamp.
const JUMPS_S: std::ops::Range<f64> = 0.25..600.0;

/// How much shorter than its header says a recording may be before it is called cut off, seconds.
const SHORTFALL_S: f64 = 0.5;

/// The same for dictaphone files, whose headers count whole seconds, and pauses with them.
const DSS_SHORTFALL_S: f64 = 2.0;

/// Decodes DSS where nothing else is configured. The format is named so that no other file is opened by what it says.
const FFMPEG: [&str; 15] = [
    "ffmpeg",
    "-nostdin",
    "-v",
    "error",
    "-f",
    "dss",
    "-i",
    "file:{input}",
    "-f",
    "wav",
    "-ar",
    "16000",
    "-ac",
    "1",
    "-",
];

/// Longest recording a header may claim and be believed, seconds (two days).
const BELIEVABLE_S: f64 = 172_800.0;

/// Bytes of sound from which the length in a WAV header is what recorders write before they know it.
const PLACEHOLDER: u64 = 0x7fff_0000;

/// Least seconds of missing bytes in an MP3 or raw AAC stream that are a hole: one frame.
const LEAST_LOST_S: f64 = 0.02;

/// A recording being read.
pub struct Decoder {
    path: PathBuf,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    time_base: Option<TimeBase>,
    info: SourceInfo,
    claimed_s: Option<f64>,
    shortfall_s: f64,
    channel: Channel,
    external: Option<Program>,
    complaint: Option<String>,
    rate: u32,
    resampler: Option<To16k>,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    produced: u64,
    holes: Vec<Stretch>,
    failures: u32,
    repaired: u64,
    ended: bool,
    expected_s: Option<f64>,
    unfinished: Option<&'static str>,
    lost: Option<Lost<Box<dyn Bytes>>>,
    high_pass: HighPass,
    clipping: Clipping,
}

/// A dictaphone file's decoder, and what messages call it and the file.
struct Program {
    running: External,
    /// What it reads, where the recording is no file.
    _copy: Option<Scratch>,
    name: String,
    kind: &'static str,
}

/// What symphonia reads.
struct Seekable {
    bytes: Box<dyn Bytes>,
    length: u64,
}

impl Read for Seekable {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.bytes.read(buffer)
    }
}

impl Seek for Seekable {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl MediaSource for Seekable {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length)
    }
}

/// The header of a dictaphone file; reads from the beginning and goes back to it.
fn dictation(bytes: &mut (impl Read + Seek)) -> std::io::Result<Option<(Kind, Header)>> {
    let mut start = Vec::new();
    bytes
        .by_ref()
        .take(dss::PREFIX as u64)
        .read_to_end(&mut start)?;
    bytes.rewind()?;
    Ok(Header::parse(&start))
}

fn codecs() -> &'static CodecRegistry {
    static CODECS: OnceLock<CodecRegistry> = OnceLock::new();
    CODECS.get_or_init(|| {
        let mut registry = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut registry);
        registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
        registry
    })
}

impl Decoder {
    /// Opens a recording and reads its header; all channels are heard.
    pub fn open(recording: impl Into<Input>) -> Result<Self, AudioError> {
        Self::open_with(recording, &OpenOptions::default())
    }

    /// Opens a recording and reads its header.
    pub fn open_with(
        recording: impl Into<Input>,
        options: &OpenOptions,
    ) -> Result<Self, AudioError> {
        let input = recording.into();
        let path = input.name();
        let unreadable = |e| AudioError::Read(path.to_path_buf(), e);
        let Some(opened) = input.open() else {
            return Self::open_file(path, &input, options);
        };
        let mut bytes = opened.map_err(unreadable)?;
        let length = bytes.seek(SeekFrom::End(0)).map_err(unreadable)?;
        if length == 0 {
            return Err(AudioError::Empty(path.to_path_buf()));
        }
        bytes.rewind().map_err(unreadable)?;
        if let Some((kind, header)) = dictation(&mut bytes).map_err(unreadable)? {
            let copy = Scratch::of(&mut *bytes).map_err(unreadable)?;
            return Self::open_dictation(path, Some(copy), kind, &header, options);
        }
        let source = Box::new(Seekable { bytes, length });
        let mut decoder = Self::probe(path, &Hint::new(), source, options.channel)?;
        decoder.look_for_losses(&input);
        Ok(decoder)
    }

    fn open_file(path: &Path, input: &Input, options: &OpenOptions) -> Result<Self, AudioError> {
        let unreadable = |e| AudioError::Read(path.to_path_buf(), e);
        let mut file = File::open(path).map_err(|e| match e.kind() {
            ErrorKind::NotFound => AudioError::Missing(path.to_path_buf()),
            _ => unreadable(e),
        })?;
        let meta = file.metadata().map_err(unreadable)?;
        if meta.is_dir() {
            return Err(AudioError::NotAudio(
                path.to_path_buf(),
                "it is a folder".into(),
            ));
        }
        if meta.is_file() && meta.len() == 0 {
            return Err(AudioError::Empty(path.to_path_buf()));
        }
        // What comes through a pipe cannot be read twice.
        if meta.is_file()
            && let Some((kind, header)) = dictation(&mut file).map_err(unreadable)?
        {
            return Self::open_dictation(path, None, kind, &header, options);
        }
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
            hint.with_extension(extension);
        }
        let mut decoder = Self::probe(path, &hint, Box::new(file), options.channel)?;
        if meta.is_file() {
            decoder.look_for_losses(input);
        }
        Ok(decoder)
    }

    /// Has the stream read a second time where only that tells what is missing in it.
    fn look_for_losses(&mut self, input: &Input) {
        let container = self.info.format.split('/').next();
        if !matches!(container, Some("mp1" | "mp2" | "mp3" | "aac")) {
            return;
        }
        self.lost = input.bytes().ok().map(Lost::new);
    }

    /// Opens a recording that is in memory, of any format but those of dictaphones; errors call it `name`.
    pub fn of_bytes(name: &Path, bytes: Vec<u8>) -> Result<Self, AudioError> {
        Self::probe(
            name,
            &Hint::new(),
            Box::new(Cursor::new(bytes)),
            Channel::Mix,
        )
    }

    /// A dictaphone file, decoded by a program of its own.
    fn open_dictation(
        path: &Path,
        copy: Option<Scratch>,
        kind: Kind,
        header: &Header,
        options: &OpenOptions,
    ) -> Result<Self, AudioError> {
        let no_decoder = |why: String| AudioError::NoDecoder(path.to_path_buf(), kind.name(), why);
        let configured = &options.dss_decoder;
        let command = match kind {
            Kind::Encrypted => return Err(AudioError::Encrypted(path.to_path_buf())),
            _ if !configured.is_empty() => configured.clone(),
            Kind::Dss if matches!(header.version, 2 | 3) => {
                FFMPEG.iter().map(|&a| a.to_owned()).collect()
            }
            Kind::Dss | Kind::Ds2 => {
                return Err(no_decoder("nothing is set up that decodes it".into()));
            }
        };
        if !command.iter().skip(1).any(|a| a.contains(INPUT)) {
            return Err(no_decoder(format!(
                "dss_decoder does not say where the file goes ({INPUT})"
            )));
        }
        let name = Path::new(&command[0])
            .file_name()
            .map_or_else(|| command[0].clone(), |n| n.to_string_lossy().into_owned());
        let file = copy.as_ref().map_or(path, Scratch::path);
        let (running, output) = External::start(&command, file).map_err(|e| match e.kind() {
            ErrorKind::NotFound => no_decoder(format!("{name} is not installed")),
            _ => no_decoder(format!("{name} cannot be started: {e}")),
        })?;
        let mut hint = Hint::new();
        hint.with_extension("wav");
        let source = Box::new(ReadOnlySource::new(output));
        let mut decoder = Self::probe(path, &hint, source, options.channel).map_err(|e| {
            let why = match (running.finish(), e) {
                (Err(why), _) => why,
                (Ok(()), AudioError::OneChannel(path)) => return AudioError::OneChannel(path),
                (Ok(()), _) => "its output is neither WAV nor samples".into(),
            };
            AudioError::DecoderFailed(path.to_path_buf(), kind.name(), name.clone(), why)
        })?;
        decoder.info.format = format!(
            "{}/{}",
            kind.short_name(),
            header.codec.unwrap_or("unknown")
        );
        decoder.info.header = serde_json::to_value(header).ok();
        // The program writes before it knows how long the sound is; the device knew.
        decoder.claimed_s = header.length_s.map(f64::from).filter(|s| *s > 0.0);
        decoder.shortfall_s = DSS_SHORTFALL_S;
        decoder.external = Some(Program {
            running,
            _copy: copy,
            name,
            kind: kind.name(),
        });
        Ok(decoder)
    }

    fn probe(
        path: &Path,
        hint: &Hint,
        source: Box<dyn MediaSource>,
        channel: Channel,
    ) -> Result<Self, AudioError> {
        let owned = path.to_path_buf();
        let length = source.byte_len();
        let stream = MediaSourceStream::new(source, Default::default());
        let format = guarded(|| {
            symphonia::default::get_probe().probe(
                hint,
                stream,
                FormatOptions::default(),
                MetadataOptions::default(),
            )
        })
        .map_err(|e| AudioError::NotAudio(owned.clone(), describe(&e)))?;
        let container = format.format_info().short_name;
        let track = format
            .default_track(TrackType::Audio)
            .ok_or_else(|| AudioError::NoTrack(owned.clone()))?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err(AudioError::NoTrack(owned));
        };
        let codec = codecs()
            .get_audio_decoder(parameters.codec)
            .map(|d| d.codec.info.short_name.to_owned());
        let decoder =
            guarded(|| codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default()))
                .map_err(|_| {
                    AudioError::Codec(
                        owned.clone(),
                        codec
                            .clone()
                            .unwrap_or_else(|| format!("{container} (unknown codec)")),
                    )
                })?;
        let rate = parameters.sample_rate.unwrap_or(0);
        if rate != 0 && !RATES.contains(&rate) {
            return Err(AudioError::Absurd(
                owned,
                format!("its header claims {rate} samples per second"),
            ));
        }
        let time_base = track
            .time_base
            .or_else(|| TimeBase::try_from_recip(rate.max(1)));
        let claimed_s = match (track.num_frames, rate) {
            (Some(frames), rate) if rate > 0 => Some(frames as f64 / f64::from(rate)),
            _ => None,
        }
        .filter(|s| *s < BELIEVABLE_S);
        let bytes_a_frame = u64::from(parameters.bits_per_sample.unwrap_or(0)).div_ceil(8)
            * parameters.channels.as_ref().map_or(0, |c| c.count()) as u64;
        // What recorders write in the place of the length before they know it. In a file it has stayed so.
        let placeholder = container == "wave"
            && track.num_frames.is_some_and(|n| {
                let bytes = n.saturating_mul(bytes_a_frame);
                bytes >= PLACEHOLDER && length.is_none_or(|l| l < bytes)
            });
        let claimed_s = claimed_s.filter(|_| !placeholder);
        // All ones say that the length was never to be known, as in what a pipe wrote.
        let streamed = track
            .num_frames
            .is_none_or(|n| n >= u64::from(u32::MAX) / bytes_a_frame.max(1));
        let unfinished =
            (placeholder && length.is_some() && !streamed).then_some("its header has no length");
        let info = SourceInfo {
            format: format!("{container}/{}", codec.unwrap_or_else(|| "unknown".into())),
            sample_rate: rate,
            channels: parameters.channels.as_ref().map_or(0, |c| c.count() as u16),
            header: None,
        };
        if info.channels == 1 && channel != Channel::Mix {
            return Err(AudioError::OneChannel(owned));
        }
        Ok(Self {
            path: owned,
            track: track.id,
            format,
            decoder,
            time_base,
            info,
            claimed_s,
            shortfall_s: SHORTFALL_S,
            channel,
            external: None,
            complaint: None,
            rate: 0,
            resampler: None,
            interleaved: Vec::new(),
            mono: Vec::new(),
            produced: 0,
            holes: Vec::new(),
            failures: 0,
            repaired: 0,
            ended: false,
            expected_s: None,
            unfinished,
            lost: None,
            high_pass: HighPass::default(),
            clipping: Clipping::default(),
        })
    }

    /// What the header says; rate and channels are filled in from the sound where the header does not say.
    pub fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// Length in seconds as the header claims it, if it does; for progress only.
    pub fn claimed_s(&self) -> Option<f64> {
        self.claimed_s
    }

    /// Seconds decoded so far.
    pub fn decoded_s(&self) -> f64 {
        seconds(self.produced)
    }

    /// Stretches that could not be decoded, in order. Complete after the end.
    pub fn holes(&self) -> &[Stretch] {
        &self.holes
    }

    /// Samples that were not numbers and were replaced by silence.
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Why there may have been more sound than there is, where no length says how much. Complete after the end.
    pub fn unfinished(&self) -> Option<&'static str> {
        self.unfinished
    }

    /// Half seconds with samples at the rails, and the share of those. Complete after the end.
    pub fn clipped(&self) -> &[(Stretch, f32)] {
        self.clipping.windows()
    }

    /// Why the program that decodes this file ended early, if it did. Complete after the end.
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// Ends the program that decodes this file, if there is one, from another thread.
    pub fn stopper(&self) -> Stopper {
        self.external
            .as_ref()
            .map_or_else(Stopper::default, |p| p.running.stopper())
    }

    /// The next samples at 16 kHz, about a packet's worth; `None` at the end.
    ///
    /// Errors only where nothing at all can be decoded; damage further on ends the stream or leaves a hole.
    pub fn next_block(&mut self) -> Result<Option<Vec<f32>>, AudioError> {
        let mut out = Vec::new();
        while out.is_empty() && !self.ended {
            self.step(&mut out)?;
        }
        self.produced += out.len() as u64;
        self.high_pass.run(&mut out);
        if !out.is_empty() {
            return Ok(Some(out));
        }
        if self.produced == 0 {
            return Err(AudioError::NoSamples(self.path.clone()));
        }
        Ok(None)
    }

    fn step(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        // A demuxer that stopped with a panic stands nowhere any more; the recording ends here.
        let Ok(next) = catch_unwind(AssertUnwindSafe(|| self.format.next_packet())) else {
            self.unfinished = Some("its contents contradict each other here");
            return self.end(out);
        };
        let mut packet = match next {
            Ok(Some(packet)) => packet,
            Ok(None) => return self.end(out),
            // One stream behind another in the same file, perhaps of another rate.
            Err(Error::ResetRequired) => return self.next_stream(out),
            Err(Error::IoError(e)) if e.kind() == ErrorKind::UnexpectedEof => {
                // A WAV has no end mark; its length says whether something is missing.
                if self.external.is_none() && !self.info.format.starts_with("wave") {
                    self.unfinished = Some("it ends without an end mark, or within a packet");
                }
                return self.end(out);
            }
            Err(Error::IoError(e)) if self.produced == 0 => {
                return Err(AudioError::Read(self.path.clone(), e));
            }
            Err(Error::DecodeError(_) | Error::Unsupported(_) | Error::LimitError(_))
                if self.failures < MAX_FAILURES =>
            {
                self.failures += 1;
                return Ok(());
            }
            Err(_) => {
                self.unfinished = Some("the rest cannot be read");
                return self.end(out);
            }
        };
        if packet.track_id != self.track {
            return Ok(());
        }
        // The number of frames in an MP3 is that of its first part where several were put together: nothing is cut off
        // for it. It costs some silence at the end.
        if self.info.format.starts_with("mp") {
            packet.dur = (packet.dur.get() + packet.trim_end.get()).into();
            packet.trim_end = 0u64.into();
        }
        let claimed = self.time_base.and_then(|base| {
            let unit = f64::from(base.numer.get()) / f64::from(base.denom.get());
            let s = packet.dur.get() as f64 * unit;
            (s > 0.0 && s < 60.0).then_some(s)
        });
        self.jump(&packet, claimed.unwrap_or(0.0), out)?;
        let lost_s = match &mut self.lost {
            Some(lost) => lost.before(&packet.data, claimed.unwrap_or(0.0)),
            None => 0.0,
        };
        if (LEAST_LOST_S..JUMPS_S.end).contains(&lost_s) {
            self.hole(Some(lost_s), out)?;
        }
        match guarded(|| self.decoder.decode(&packet)) {
            Ok(buffer) => {
                let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                if channels == 0 || buffer.frames() == 0 {
                    return Ok(());
                }
                self.interleaved.clear();
                buffer.copy_to_vec_interleaved(&mut self.interleaved);
                self.failures = 0;
                self.take(rate, channels, out)
            }
            // A damaged packet may look like anything, also like a feature that is not supported.
            Err(e) if !matches!(e, Error::ResetRequired) && self.failures < MAX_FAILURES => {
                self.failures += 1;
                // A decoder of MP3 stays with the rate of its first packet; a new one takes up another.
                if self.failures == STUBBORN
                    && let Some((decoder, _, _)) = self.fresh()
                {
                    self.decoder = decoder;
                }
                self.hole(claimed, out)
            }
            Err(_) => {
                self.unfinished = Some("the rest cannot be decoded");
                self.end(out)
            }
        }
    }

    /// Goes on with the stream that begins here: what it says of itself replaces what the one before said.
    fn next_stream(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        let Some((decoder, track, time_base)) = self.fresh() else {
            self.unfinished = Some("a second stream in it cannot be decoded");
            return self.end(out);
        };
        (self.decoder, self.track, self.time_base) = (decoder, track, time_base);
        self.expected_s = None;
        Ok(())
    }

    /// A new decoder for the track as the container describes it now.
    fn fresh(&self) -> Option<(Box<dyn AudioDecoder>, u32, Option<TimeBase>)> {
        let track = self.format.default_track(TrackType::Audio)?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return None;
        };
        let decoder =
            guarded(|| codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default()));
        let rate = parameters.sample_rate.unwrap_or(0);
        let base = track
            .time_base
            .or_else(|| TimeBase::try_from_recip(rate.max(1)));
        Some((decoder.ok()?, track.id, base))
    }

    /// Where packets are missing, the next one's time stamp is later than the end of the one before: silence of that
    /// length keeps the times behind it true.
    fn jump(
        &mut self,
        packet: &Packet,
        length_s: f64,
        out: &mut Vec<f32>,
    ) -> Result<(), AudioError> {
        let Some(base) = self.time_base else {
            return Ok(());
        };
        let unit = f64::from(base.numer.get()) / f64::from(base.denom.get());
        let at_s = packet.pts.get() as f64 * unit;
        let expected = self.expected_s.replace(at_s + length_s);
        let Some(missing_s) = expected.map(|e| at_s - e).filter(|s| JUMPS_S.contains(s)) else {
            return Ok(());
        };
        let holes = self.holes.len();
        self.hole(Some(missing_s), out)?;
        // Recorders in a browser leave silence out, which is no damage.
        if self.info.format.starts_with("matroska") {
            self.holes.truncate(holes);
        }
        Ok(())
    }

    /// Down-mixes what was decoded and resamples it.
    fn take(&mut self, rate: u32, channels: usize, out: &mut Vec<f32>) -> Result<(), AudioError> {
        if !RATES.contains(&rate) {
            return Err(AudioError::Absurd(
                self.path.clone(),
                format!("the sound claims {rate} samples per second"),
            ));
        }
        self.set_rate(rate, out)?;
        if self.info.channels == 0 {
            self.info.channels = channels as u16;
        }
        let heard = match self.channel {
            Channel::Mix => 0..channels,
            Channel::Left => 0..1,
            Channel::Right if channels > 1 => 1..2,
            // The sound became one channel on the way.
            Channel::Right if self.produced > 0 => 0..1,
            Channel::Right => return Err(AudioError::OneChannel(self.path.clone())),
        };
        self.mono.clear();
        // Two microphones against each other cancel in the mean; then one of them is heard alone.
        let heard = match opposed(&self.interleaved, channels) {
            Some(loudest) if heard.len() > 1 => loudest..loudest + 1,
            _ => heard,
        };
        let divisor = heard.len() as f32;
        for frame in self.interleaved.chunks_exact(channels) {
            let mut sum = 0.0;
            for &sample in &frame[heard.clone()] {
                if sample.is_finite() {
                    // Floating point files may go beyond full scale; far beyond is damage.
                    sum += sample.clamp(-8.0, 8.0);
                } else {
                    self.repaired += 1;
                }
            }
            self.mono.push(sum / divisor);
        }
        let mono = std::mem::take(&mut self.mono);
        let at_s = seconds(self.produced + out.len() as u64);
        self.clipping.push(&mono, rate, at_s);
        let done = match &mut self.resampler {
            Some(resampler) => resampler.push(&mono, out),
            None => Ok(()),
        };
        self.mono = mono;
        done.map_err(|e| AudioError::Absurd(self.path.clone(), e))
    }

    fn set_rate(&mut self, rate: u32, out: &mut Vec<f32>) -> Result<(), AudioError> {
        if self.rate == rate {
            return Ok(());
        }
        let absurd = |e| AudioError::Absurd(self.path.clone(), e);
        if let Some(old) = &mut self.resampler {
            old.finish(out).map_err(absurd)?;
        }
        self.resampler = Some(To16k::new(rate as usize).map_err(absurd)?);
        self.rate = rate;
        if self.info.sample_rate == 0 {
            self.info.sample_rate = rate;
        }
        Ok(())
    }

    /// A packet that could not be decoded: silence as long as it says it is.
    fn hole(&mut self, claimed_s: Option<f64>, out: &mut Vec<f32>) -> Result<(), AudioError> {
        let Some(length_s) = claimed_s else {
            return Ok(());
        };
        if self.rate == 0 && self.info.sample_rate != 0 {
            self.set_rate(self.info.sample_rate, out)?;
        }
        let start_s = seconds(self.produced + out.len() as u64);
        // Second by second: a damaged packet may claim a minute at the highest rate there is.
        let silence = vec![0.0; self.rate as usize];
        let mut left = (length_s * f64::from(self.rate)) as usize;
        while let Some(resampler) = &mut self.resampler
            && left > 0
        {
            let now = left.min(silence.len());
            resampler
                .push(&silence[..now], out)
                .map_err(|e| AudioError::Absurd(self.path.clone(), e))?;
            left -= now;
        }
        let end_s = start_s + length_s;
        match self.holes.last_mut() {
            Some(last) if start_s - last.end_s < 0.25 => last.end_s = end_s,
            _ => self.holes.push(Stretch { start_s, end_s }),
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        self.ended = true;
        if let Some(resampler) = &mut self.resampler {
            resampler
                .finish(out)
                .map_err(|e| AudioError::Absurd(self.path.clone(), e))?;
        }
        let got_s = seconds(self.produced + out.len() as u64);
        let end_s = self.claimed_s.unwrap_or(got_s).max(got_s);
        if let Some(program) = &self.external
            && let Err(why) = program.running.finish()
        {
            if got_s == 0.0 {
                return Err(AudioError::DecoderFailed(
                    self.path.clone(),
                    program.kind,
                    program.name.clone(),
                    why,
                ));
            }
            self.complaint = Some(format!("{}: {why}", program.name));
        }
        if end_s - got_s > self.shortfall_s || self.complaint.is_some() {
            // Told by the hole.
            self.unfinished = None;
            self.holes.push(Stretch {
                start_s: got_s,
                end_s,
            });
        }
        Ok(())
    }
}

/// Calls the demuxer or the decoder, which stop with a panic over some damaged files: that is one more way to say that
/// something cannot be decoded, and no reason to lose what was heard before it.
fn guarded<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    const STOPPED: &str = "its contents contradict each other";
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Error::DecodeError(STOPPED)))
}

/// The loudest channel, if the mean of all has less than a twentieth of its energy.
fn opposed(interleaved: &[f32], channels: usize) -> Option<usize> {
    if channels < 2 {
        return None;
    }
    let mut energies = vec![0.0f32; channels];
    let mut mean = 0.0f32;
    for frame in interleaved.chunks_exact(channels) {
        let mut sum = 0.0;
        for (energy, s) in energies.iter_mut().zip(frame) {
            let s = if s.is_finite() { *s } else { 0.0 };
            *energy += s * s;
            sum += s;
        }
        mean += (sum / channels as f32).powi(2);
    }
    let (loudest, energy) = energies
        .into_iter()
        .enumerate()
        .rev()
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (mean < energy * 0.05).then_some(loudest)
}

/// The decoder's reason without its type names.
fn describe(e: &Error) -> String {
    match e {
        Error::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => "it ends too early".into(),
        Error::IoError(e) => e.to_string(),
        Error::DecodeError(what) | Error::Unsupported(what) | Error::LimitError(what) => {
            (*what).to_owned()
        }
        other => other.to_string(),
    }
}
