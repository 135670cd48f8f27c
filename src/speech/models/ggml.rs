//! The file that whisper.cpp loads ("ggml"): reading its index, and writing it as float16 or q8_0.
//!
//! Layout, little-endian: magic; eleven numbers (dimensions, type of the weights); the mel filters; the vocabulary; then
//! tensors until the end, each with its rank, the length of its name, its type, its dimensions (innermost first), its name
//! and its values. A [`Plan`] is that index with a place in some source file for each tensor, so a conversion streams: what
//! it holds in memory does not depend on the size of the model.

use super::bytes::{FormatError, Reader, format_error};
use half::f16;
use half::slice::HalfFloatSliceExt;
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};

const MAGIC: u32 = 0x6767_6d6c;
/// Value of the weight type for float16.
const FTYPE_F16: i32 = 1;
/// q8_0 (7) in the second version of the quantisation format (2 x 1000).
const FTYPE_Q8_0: i32 = 2007;
const TYPE_F32: u32 = 0;
const TYPE_F16: u32 = 1;
const TYPE_Q8_0: u32 = 8;
/// Weights in one q8_0 block: a float16 scale and this many signed bytes.
pub const BLOCK: usize = 32;
/// Values that are converted at a time; a multiple of [`BLOCK`].
const CHUNK: usize = 1024 * BLOCK;

/// Two-dimensional, yet always float32: whisper.cpp allocates them so.
const ALWAYS_F32: [&str; 4] = [
    "encoder.conv1.bias",
    "encoder.conv2.bias",
    "encoder.positional_embedding",
    "decoder.positional_embedding",
];

/// How the values of a tensor lie in the source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// 4 bytes each.
    F32,
    /// 2 bytes each.
    F16,
}

impl Stored {
    /// Bytes of one value.
    pub fn width(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }
}

/// How the matrices of an output are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Two bytes a weight, as published.
    F16,
    /// Blocks of 32 signed bytes with a scale: half the size, and faster.
    Q8_0,
}

/// One tensor: what it will be called and where its values are.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Name in whisper.cpp.
    pub name: String,
    /// Dimensions, outermost first.
    pub shape: Vec<u32>,
    /// Byte in the source where the values begin.
    pub at: u64,
    /// How they lie there.
    pub stored: Stored,
}

impl Tensor {
    fn values(&self) -> u64 {
        self.shape.iter().map(|&d| u64::from(d)).product()
    }

    fn is_f32(&self) -> bool {
        self.shape.len() < 2 || ALWAYS_F32.contains(&self.name.as_str())
    }

    fn written(&self, encoding: Encoding) -> u32 {
        match encoding {
            _ if self.is_f32() => TYPE_F32,
            Encoding::Q8_0 if self.shape.len() == 2 => TYPE_Q8_0,
            _ => TYPE_F16,
        }
    }
}

/// The numbers at the head of the file, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dimensions {
    /// Tokens, special ones included.
    pub n_vocab: u32,
    /// Positions of the encoder (1500 for 30 s).
    pub n_audio_ctx: u32,
    /// Width of the encoder.
    pub n_audio_state: u32,
    /// Attention heads of the encoder.
    pub n_audio_head: u32,
    /// Layers of the encoder.
    pub n_audio_layer: u32,
    /// Positions of the decoder.
    pub n_text_ctx: u32,
    /// Width of the decoder.
    pub n_text_state: u32,
    /// Attention heads of the decoder.
    pub n_text_head: u32,
    /// Layers of the decoder.
    pub n_text_layer: u32,
    /// Mel bands.
    pub n_mels: u32,
}

impl Dimensions {
    fn in_order(&self) -> [u32; 10] {
        [
            self.n_vocab,
            self.n_audio_ctx,
            self.n_audio_state,
            self.n_audio_head,
            self.n_audio_layer,
            self.n_text_ctx,
            self.n_text_state,
            self.n_text_head,
            self.n_text_layer,
            self.n_mels,
        ]
    }

    fn from_order(n: [u32; 10]) -> Self {
        Self {
            n_vocab: n[0],
            n_audio_ctx: n[1],
            n_audio_state: n[2],
            n_audio_head: n[3],
            n_audio_layer: n[4],
            n_text_ctx: n[5],
            n_text_state: n[6],
            n_text_head: n[7],
            n_text_layer: n[8],
            n_mels: n[9],
        }
    }

    /// Refuses numbers that no Whisper has, before anything is sized by them: at most three times those of the largest
    /// one, both widths equal and divided evenly among the heads.
    pub fn check(&self) -> Result<(), String> {
        let limits = [150_000, 4_500, 4_096, 64, 96, 1_344, 4_096, 64, 96, 384];
        let within = self
            .in_order()
            .into_iter()
            .zip(limits)
            .all(|(value, limit)| (1..=limit).contains(&value));
        let even = within
            && self.n_audio_state == self.n_text_state
            && self.n_audio_state.is_multiple_of(self.n_audio_head)
            && self.n_text_state.is_multiple_of(self.n_text_head);
        if !even {
            return Err(format!("no Whisper has the dimensions {self:?}"));
        }
        Ok(())
    }

    /// Every tensor of a Whisper of these dimensions with its shape, outermost first.
    fn shapes(&self) -> BTreeMap<String, Vec<u32>> {
        let (audio, text) = (self.n_audio_state, self.n_text_state);
        let mut all = BTreeMap::new();
        let mut put = |name: String, shape: &[u32]| {
            all.insert(name, shape.to_vec());
        };
        put(
            "encoder.positional_embedding".into(),
            &[self.n_audio_ctx, audio],
        );
        put(
            "decoder.positional_embedding".into(),
            &[self.n_text_ctx, text],
        );
        put(
            "decoder.token_embedding.weight".into(),
            &[self.n_vocab, text],
        );
        for (name, from) in [("conv1", self.n_mels), ("conv2", audio)] {
            put(format!("encoder.{name}.weight"), &[audio, from, 3]);
            put(format!("encoder.{name}.bias"), &[audio, 1]);
        }
        let sides = [
            (
                "encoder",
                audio,
                self.n_audio_layer,
                "ln_post",
                &["attn"][..],
            ),
            (
                "decoder",
                text,
                self.n_text_layer,
                "ln",
                &["attn", "cross_attn"],
            ),
        ];
        for (side, width, layers, last, attentions) in sides {
            let mut norms = vec![format!("{side}.{last}")];
            for block in (0..layers).map(|i| format!("{side}.blocks.{i}")) {
                norms.push(format!("{block}.mlp_ln"));
                put(format!("{block}.mlp.0.weight"), &[4 * width, width]);
                put(format!("{block}.mlp.0.bias"), &[4 * width]);
                put(format!("{block}.mlp.2.weight"), &[width, 4 * width]);
                put(format!("{block}.mlp.2.bias"), &[width]);
                for attention in attentions {
                    norms.push(format!("{block}.{attention}_ln"));
                    for part in ["query", "key", "value", "out"] {
                        put(
                            format!("{block}.{attention}.{part}.weight"),
                            &[width, width],
                        );
                        if part != "key" {
                            put(format!("{block}.{attention}.{part}.bias"), &[width]);
                        }
                    }
                }
            }
            for norm in norms {
                put(format!("{norm}.weight"), &[width]);
                put(format!("{norm}.bias"), &[width]);
            }
        }
        all
    }
}

/// Everything a model file says, with its weights still in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The head.
    pub dimensions: Dimensions,
    /// Mel filters, row after row, [`super::mel::BINS`] weights each.
    pub mel: Vec<f32>,
    /// Bytes of each token that is not special.
    pub vocabulary: Vec<Vec<u8>>,
    /// In the order in which they are written.
    pub tensors: Vec<Tensor>,
}

/// Checks that a model file of any weight type is what it claims: dimensions that a Whisper has, and exactly the tensors
/// of those dimensions, all there. whisper.cpp sizes its memory by the claims before it looks for the tensors.
pub fn inspect(source: impl Read + Seek) -> Result<(), FormatError> {
    let mut r = Reader::new(source)?;
    let head = Head::read(&mut r)?;
    let mut missing = head.dimensions.shapes();
    while r.left() > 0 {
        let tensor = Entry::read(&mut r)?;
        match missing.remove(&tensor.name) {
            Some(shape) if shape == tensor.shape => {}
            Some(shape) => {
                return Err(r.error(format!(
                    "{} has the shape {:?}, not {shape:?}",
                    tensor.name, tensor.shape
                )));
            }
            None => {
                return Err(r.error(format!(
                    "a tensor {:?} that no Whisper of these dimensions has, or twice",
                    tensor.name
                )));
            }
        }
    }
    match missing.first_key_value() {
        Some((name, _)) => Err(r.error(format!(
            "{name} and {} more tensors are missing; the file is cut short",
            missing.len() - 1
        ))),
        None => Ok(()),
    }
}

/// What stands before the tensors.
struct Head {
    dimensions: Dimensions,
    weights: i32,
    mel: Vec<f32>,
    vocabulary: Vec<Vec<u8>>,
}

impl Head {
    fn read<R: Read + Seek>(r: &mut Reader<R>) -> Result<Self, FormatError> {
        if r.u32()? != MAGIC {
            return Err(r.error("not a ggml model file (wrong magic number)"));
        }
        let mut numbers = [0u32; 10];
        for n in &mut numbers {
            *n = r.u32()?;
        }
        let dimensions = Dimensions::from_order(numbers);
        dimensions.check().map_err(|e| r.error(e))?;
        let weights = r.u32()? as i32;
        let (rows, columns) = (r.u32()?, r.u32()?);
        if rows != dimensions.n_mels || columns as usize != super::mel::BINS {
            return Err(r.error(format!("mel filters of {rows} x {columns}")));
        }
        let mel = r
            .bytes(u64::from(rows) * u64::from(columns) * 4)?
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        let tokens = r.u32()?;
        if tokens > dimensions.n_vocab {
            return Err(r.error(format!(
                "{tokens} tokens in a vocabulary of {}",
                dimensions.n_vocab
            )));
        }
        let mut vocabulary = Vec::new();
        for _ in 0..tokens {
            let length = r.u32()?;
            if length > 1024 {
                return Err(r.error(format!("a token of {length} bytes")));
            }
            vocabulary.push(r.bytes(u64::from(length))?);
        }
        Ok(Self {
            dimensions,
            weights,
            mel,
            vocabulary,
        })
    }
}

/// Values and bytes of a block of each type that whisper.cpp reads (ggml.h, ggml-common.h).
fn block(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        TYPE_F32 => (1, 4),
        TYPE_F16 | 30 => (1, 2),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        TYPE_Q8_0 => (32, 34),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        _ => return None,
    })
}

/// What stands before the values of a tensor; they are passed over.
struct Entry {
    name: String,
    shape: Vec<u32>,
    kind: u32,
    at: u64,
}

impl Entry {
    fn read<R: Read + Seek>(r: &mut Reader<R>) -> Result<Self, FormatError> {
        let (rank, name_length, kind) = (r.u32()?, r.u32()?, r.u32()?);
        if !(1..=4).contains(&rank) || !(1..=256).contains(&name_length) {
            return Err(r.error(format!(
                "a tensor of rank {rank} with a name of {name_length} bytes"
            )));
        }
        let (values_a_block, bytes_a_block) =
            block(kind).ok_or_else(|| r.error(format!("a tensor of type {kind}")))?;
        let mut shape = Vec::new();
        for _ in 0..rank {
            shape.push(r.u32()?);
        }
        shape.reverse();
        let name = String::from_utf8(r.bytes(u64::from(name_length))?)
            .map_err(|_| r.error("the name of a tensor is not text"))?;
        let row = u64::from(shape.last().copied().unwrap_or(0));
        let size = count(&shape)
            .filter(|_| row.is_multiple_of(values_a_block))
            .and_then(|values| (values / values_a_block).checked_mul(bytes_a_block))
            .ok_or_else(|| r.error(format!("{name} has the shape {shape:?}")))?;
        let at = r.position();
        r.skip(size)?;
        Ok(Self {
            name,
            shape,
            kind,
            at,
        })
    }
}

impl Plan {
    /// Reads the index of a float16 model file. Nothing that the file claims is allocated before it is compared with the
    /// file's length.
    pub fn read(source: impl Read + Seek) -> Result<Self, FormatError> {
        let mut r = Reader::new(source)?;
        let Head {
            dimensions,
            weights,
            mel,
            vocabulary,
        } = Head::read(&mut r)?;
        if weights != FTYPE_F16 {
            return Err(r.error(format!("weights of type {weights}; float16 (1) is needed")));
        }
        let mut tensors = Vec::new();
        while r.left() > 0 {
            tensors.push(read_tensor(&mut r)?);
        }
        Ok(Self {
            dimensions,
            mel,
            vocabulary,
            tensors,
        })
    }

    /// Writes the model to every output in one pass over `source`; `progress` gets the bytes read and their total.
    pub fn write(
        &self,
        source: &mut (impl Read + Seek),
        outputs: &mut [Output<'_>],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), ConvertError> {
        for output in outputs.iter_mut() {
            self.write_head(output)?;
        }
        let total = self
            .tensors
            .iter()
            .map(|t| t.values() * t.stored.width())
            .sum();
        let mut done = 0;
        let mut chunk = Chunk::default();
        for tensor in &self.tensors {
            let row = tensor.shape.last().copied().unwrap_or(1) as usize;
            source.seek(SeekFrom::Start(tensor.at))?;
            for output in outputs.iter_mut() {
                let kind = tensor.written(output.encoding);
                if kind == TYPE_Q8_0 && !row.is_multiple_of(BLOCK) {
                    return Err(format_error(
                        tensor.at,
                        format!(
                            "{} has rows of {row} values, not a multiple of {BLOCK}",
                            tensor.name
                        ),
                    )
                    .into());
                }
                write_tensor_head(output.to, tensor, kind)?;
            }
            let mut left = tensor.values();
            while left > 0 {
                let n = left.min(CHUNK as u64) as usize;
                chunk.read(source, n, tensor.stored)?;
                for output in outputs.iter_mut() {
                    chunk.write(output.to, tensor.written(output.encoding))?;
                }
                left -= n as u64;
                done += n as u64 * tensor.stored.width();
                progress(done, total);
            }
        }
        Ok(())
    }

    fn write_head(&self, output: &mut Output<'_>) -> io::Result<()> {
        let mut head = MAGIC.to_le_bytes().to_vec();
        for n in self.dimensions.in_order() {
            head.extend(n.to_le_bytes());
        }
        head.extend(match output.encoding {
            Encoding::F16 => FTYPE_F16.to_le_bytes(),
            Encoding::Q8_0 => FTYPE_Q8_0.to_le_bytes(),
        });
        head.extend(self.dimensions.n_mels.to_le_bytes());
        head.extend((super::mel::BINS as u32).to_le_bytes());
        for weight in &self.mel {
            head.extend(weight.to_le_bytes());
        }
        head.extend((self.vocabulary.len() as u32).to_le_bytes());
        for word in &self.vocabulary {
            head.extend((word.len() as u32).to_le_bytes());
            head.extend(word);
        }
        output.to.write_all(&head)
    }
}

fn read_tensor<R: Read + Seek>(r: &mut Reader<R>) -> Result<Tensor, FormatError> {
    let Entry {
        name,
        shape,
        kind,
        at,
    } = Entry::read(r)?;
    let stored = match kind {
        TYPE_F32 => Stored::F32,
        TYPE_F16 => Stored::F16,
        other => {
            return Err(r.error(format!(
                "a tensor of type {other}; float32 or float16 is needed"
            )));
        }
    };
    let tensor = Tensor {
        name,
        shape,
        at,
        stored,
    };
    if tensor.is_f32() != (stored == Stored::F32) {
        return Err(format_error(
            at,
            format!(
                "{} is not of the type it has in a float16 model",
                tensor.name
            ),
        ));
    }
    Ok(tensor)
}

/// Number of values of a shape; `None` where it is zero or does not fit.
pub fn count(shape: &[u32]) -> Option<u64> {
    shape
        .iter()
        .try_fold(1u64, |n, &d| n.checked_mul(u64::from(d)))
        .filter(|&n| n > 0)
}

fn write_tensor_head(to: &mut dyn Write, tensor: &Tensor, kind: u32) -> io::Result<()> {
    let mut head = Vec::new();
    head.extend((tensor.shape.len() as u32).to_le_bytes());
    head.extend((tensor.name.len() as u32).to_le_bytes());
    head.extend(kind.to_le_bytes());
    for d in tensor.shape.iter().rev() {
        head.extend(d.to_le_bytes());
    }
    head.extend(tensor.name.as_bytes());
    to.write_all(&head)
}

/// One file that a conversion writes.
pub struct Output<'a> {
    /// How its matrices are written.
    pub encoding: Encoding,
    /// Where the bytes go.
    pub to: &'a mut dyn Write,
}

/// Why a conversion stopped.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The source says something that a model does not say.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A stretch of values on its way from the source to the outputs; its buffers are reused.
#[derive(Default)]
struct Chunk {
    raw: Vec<u8>,
    halves: Vec<f16>,
    values: Vec<f32>,
    out: Vec<u8>,
}

impl Chunk {
    fn read(&mut self, source: &mut impl Read, n: usize, stored: Stored) -> io::Result<()> {
        self.raw.resize(n * stored.width() as usize, 0);
        source.read_exact(&mut self.raw)?;
        self.values.clear();
        match stored {
            Stored::F32 => self.values.extend(
                self.raw
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
            ),
            Stored::F16 => {
                self.halves.clear();
                self.halves.extend(
                    self.raw
                        .chunks_exact(2)
                        .map(|b| f16::from_le_bytes([b[0], b[1]])),
                );
                self.values.resize(n, 0.0);
                self.halves.convert_to_f32_slice(&mut self.values);
            }
        }
        Ok(())
    }

    fn write(&mut self, to: &mut dyn Write, kind: u32) -> io::Result<()> {
        self.out.clear();
        match kind {
            TYPE_F32 => self
                .values
                .iter()
                .for_each(|v| self.out.extend(v.to_le_bytes())),
            TYPE_Q8_0 => self
                .values
                .chunks(BLOCK)
                .for_each(|block| quantise(block, &mut self.out)),
            _ => self
                .values
                .iter()
                .for_each(|v| self.out.extend(f16::from_f32(*v).to_le_bytes())),
        }
        to.write_all(&self.out)
    }
}

/// Appends one q8_0 block: the scale max|x| / 127 as float16, then every x / scale rounded to a signed byte. The division
/// uses the scale before it is rounded, as whisper.cpp's quantiser does, so that both make the same file.
fn quantise(block: &[f32], out: &mut Vec<u8>) {
    let largest = block.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    let scale = largest / 127.0;
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    out.extend(f16::from_f32(scale).to_le_bytes());
    out.extend(block.iter().map(|x| (x * inverse).round() as i8 as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_a_scale_and_32_signed_bytes() {
        let mut block = [0.0f32; BLOCK];
        block[0] = 12.7;
        block[1] = -12.7;
        block[2] = 0.25; // 2.5 scales: half away from zero
        block[3] = -0.04;
        let mut out = Vec::new();
        quantise(&block, &mut out);
        assert_eq!(out.len(), 34);
        assert_eq!(f16::from_le_bytes([out[0], out[1]]), f16::from_f32(0.1));
        let signed: Vec<i8> = out[2..].iter().map(|&b| b as i8).collect();
        assert_eq!(&signed[..5], &[127, -127, 3, 0, 0]);
    }

    #[test]
    fn a_block_of_zeros_stays_zero_and_an_infinite_one_does_not_panic() {
        let mut out = Vec::new();
        quantise(&[0.0; BLOCK], &mut out);
        assert_eq!(out, [0; 34]);
        quantise(&[f32::INFINITY; BLOCK], &mut out);
        quantise(&[f32::NAN; BLOCK], &mut out);
    }
}
