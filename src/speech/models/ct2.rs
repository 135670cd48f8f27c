//! Whisper weights as CTranslate2 stores them ("WhisperSpec", float16), read as a [`Plan`].
//!
//! Layout, little-endian: version; name of the specification; revision; number of variables; then for each its name (length
//! with a closing zero byte), rank, dimensions, type, size and values. CTranslate2 keeps query, key and value of an
//! attention in one matrix, one above the other (key and value for the attention to the sound), and gives the key a bias of
//! zeros that Whisper does not have.
//!
//! The tensors are planned in the order of the published ggml files, so that the result is that file, byte for byte.

use super::bytes::{FormatError, Reader, format_error};
use super::ggml::{Dimensions, Plan, Stored, Tensor, count};
use super::mel;
use std::collections::BTreeMap;
use std::io::{Read, Seek};

/// The published files list this many tokens, the empty one of the multilingual vocabulary included; whisper.cpp names
/// the special ones itself.
const PLAIN_TOKENS: u32 = 50_257;

struct Variable {
    shape: Vec<u32>,
    kind: u8,
    at: u64,
    /// Value of a single whole number.
    scalar: Option<i64>,
}

const KIND_F32: u8 = 0;
const KIND_I16: u8 = 2;
const KIND_F16: u8 = 4;

/// Bytes of one value of each type.
fn width(kind: u8) -> Option<u64> {
    match kind {
        KIND_F32 | 3 => Some(4),
        1 => Some(1),
        KIND_I16 | KIND_F16 | 5 => Some(2),
        _ => None,
    }
}

struct Variables(BTreeMap<String, Variable>);

/// Plans the conversion of the weights in `source` with the vocabulary of a tokenizer.json.
pub fn plan(source: impl Read + Seek, tokenizer: &[u8]) -> Result<Plan, FormatError> {
    let v = read(source)?;
    let dimensions = v.dimensions()?;
    let tensors = v.tensors(&dimensions)?;
    Ok(Plan {
        dimensions,
        mel: mel::filters(dimensions.n_mels as usize),
        vocabulary: vocabulary(tokenizer, dimensions.n_vocab.min(PLAIN_TOKENS))
            .map_err(|e| format_error(0, format!("tokenizer.json: {e}")))?,
        tensors,
    })
}

fn read(source: impl Read + Seek) -> Result<Variables, FormatError> {
    let mut r = Reader::new(source)?;
    let version = r.u32()?;
    if version != 6 {
        return Err(r.error(format!(
            "version {version} of the CTranslate2 format; 6 is known"
        )));
    }
    let spec = string(&mut r)?;
    if spec != "WhisperSpec" {
        return Err(r.error(format!("the file holds a {spec:?}, not a Whisper")));
    }
    r.u32()?;
    let variables = r.u32()?;
    let mut all = BTreeMap::new();
    // A variable takes 9 bytes at least, so a lie about their number ends at the end of the file.
    for _ in 0..variables {
        let name = string(&mut r)?;
        let rank = r.u8()?;
        if rank > 4 {
            return Err(r.error(format!("{name} has rank {rank}")));
        }
        let mut shape = Vec::new();
        for _ in 0..rank {
            shape.push(r.u32()?);
        }
        let kind = r.u8()?;
        let size = u64::from(r.u32()?);
        let announced = count(&shape)
            .zip(width(kind))
            .and_then(|(n, w)| n.checked_mul(w));
        if announced != Some(size) {
            return Err(r.error(format!(
                "{name} has {size} bytes for the shape {shape:?} and the type {kind}"
            )));
        }
        let at = r.position();
        let scalar = if shape.is_empty() && kind == KIND_I16 {
            Some(i64::from(r.u16()? as i16))
        } else {
            r.skip(size)?;
            None
        };
        all.insert(
            name,
            Variable {
                shape,
                kind,
                at,
                scalar,
            },
        );
    }
    // What follows are aliases, which Whisper has only for the output layer.
    Ok(Variables(all))
}

fn string<R: Read + Seek>(r: &mut Reader<R>) -> Result<String, FormatError> {
    let length = r.u16()?;
    let mut bytes = r.bytes(u64::from(length))?;
    if bytes.pop() != Some(0) {
        return Err(r.error("a name does not end with a zero byte"));
    }
    String::from_utf8(bytes).map_err(|_| r.error("a name is not text"))
}

impl Variables {
    fn get(&self, name: &str) -> Result<&Variable, FormatError> {
        self.0
            .get(name)
            .ok_or_else(|| format_error(0, format!("{name} is missing")))
    }

    fn shape<const N: usize>(&self, name: &str) -> Result<[u32; N], FormatError> {
        let v = self.get(name)?;
        <[u32; N]>::try_from(v.shape.as_slice())
            .map_err(|_| format_error(v.at, format!("{name} has the shape {:?}", v.shape)))
    }

    fn heads(&self, side: &str) -> Result<u32, FormatError> {
        let name = format!("{side}/num_heads");
        let v = self.get(&name)?;
        v.scalar
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| format_error(v.at, format!("{name} is not a number of heads")))
    }

    fn layers(&self, side: &str) -> u32 {
        (0..)
            .take_while(|i| {
                self.0
                    .contains_key(&format!("{side}/layer_{i}/ffn/linear_0/weight"))
            })
            .count() as u32
    }

    fn dimensions(&self) -> Result<Dimensions, FormatError> {
        let [n_vocab, n_text_state] = self.shape("decoder/embeddings/weight")?;
        let [n_text_ctx, _] = self.shape("decoder/position_encodings/encodings")?;
        let [n_audio_ctx, _] = self.shape("encoder/position_encodings/encodings")?;
        let [n_audio_state, n_mels, _] = self.shape("encoder/conv1/weight")?;
        let dimensions = Dimensions {
            n_vocab,
            n_audio_ctx,
            n_audio_state,
            n_audio_head: self.heads("encoder")?,
            n_audio_layer: self.layers("encoder"),
            n_text_ctx,
            n_text_state,
            n_text_head: self.heads("decoder")?,
            n_text_layer: self.layers("decoder"),
            n_mels,
        };
        dimensions.check().map_err(|e| format_error(0, e))?;
        Ok(dimensions)
    }

    fn tensors(&self, d: &Dimensions) -> Result<Vec<Tensor>, FormatError> {
        let mut to = Planner {
            from: self,
            tensors: Vec::new(),
        };
        let (audio, text) = (d.n_audio_state, d.n_text_state);
        to.whole(
            "decoder.positional_embedding",
            "decoder/position_encodings/encodings",
            &[d.n_text_ctx, text],
        )?;
        to.whole(
            "encoder.positional_embedding",
            "encoder/position_encodings/encodings",
            &[d.n_audio_ctx, audio],
        )?;
        to.whole(
            "decoder.token_embedding.weight",
            "decoder/embeddings/weight",
            &[d.n_vocab, text],
        )?;
        for i in 0..d.n_text_layer {
            let (name, from) = (format!("decoder.blocks.{i}"), format!("decoder/layer_{i}"));
            to.block(&name, &from, text)?;
            to.cross_attention(&name, &from, text)?;
        }
        to.norm("decoder.ln", "decoder/layer_norm", text)?;
        to.conv("conv1", d.n_mels, audio)?;
        to.conv("conv2", audio, audio)?;
        for i in 0..d.n_audio_layer {
            to.block(
                &format!("encoder.blocks.{i}"),
                &format!("encoder/layer_{i}"),
                audio,
            )?;
        }
        to.norm("encoder.ln_post", "encoder/layer_norm", audio)?;
        Ok(to.tensors)
    }
}

struct Planner<'a> {
    from: &'a Variables,
    tensors: Vec<Tensor>,
}

impl Planner<'_> {
    /// The `part`-th of `parts` equal slices along the first dimension of a variable, each of `shape`.
    fn slice(
        &mut self,
        name: String,
        from: &str,
        shape: &[u32],
        part: u32,
        parts: u32,
    ) -> Result<(), FormatError> {
        let v = self.from.get(from)?;
        let stored = match v.kind {
            KIND_F32 => Stored::F32,
            KIND_F16 => Stored::F16,
            other => {
                return Err(format_error(
                    v.at,
                    format!("{from} has the type {other}; float16 weights are needed"),
                ));
            }
        };
        let mut whole = shape.to_vec();
        if let Some(first) = whole.first_mut() {
            *first = first.saturating_mul(parts);
        }
        if v.shape != whole {
            return Err(format_error(
                v.at,
                format!("{from} has the shape {:?}, not {whole:?}", v.shape),
            ));
        }
        let values = count(shape).ok_or_else(|| format_error(v.at, format!("{from} is empty")))?;
        self.tensors.push(Tensor {
            name,
            shape: shape.to_vec(),
            at: v.at + values * stored.width() * u64::from(part),
            stored,
        });
        Ok(())
    }

    fn whole(&mut self, name: &str, from: &str, shape: &[u32]) -> Result<(), FormatError> {
        self.slice(name.into(), from, shape, 0, 1)
    }

    fn norm(&mut self, name: &str, from: &str, width: u32) -> Result<(), FormatError> {
        self.whole(
            &format!("{name}.weight"),
            &format!("{from}/gamma"),
            &[width],
        )?;
        self.whole(&format!("{name}.bias"), &format!("{from}/beta"), &[width])
    }

    fn linear(&mut self, name: &str, from: &str, shape: [u32; 2]) -> Result<(), FormatError> {
        self.whole(&format!("{name}.weight"), &format!("{from}/weight"), &shape)?;
        self.whole(
            &format!("{name}.bias"),
            &format!("{from}/bias"),
            &shape[..1],
        )
    }

    fn conv(
        &mut self,
        name: &str,
        from_channels: u32,
        to_channels: u32,
    ) -> Result<(), FormatError> {
        let source = format!("encoder/{name}");
        self.whole(
            &format!("encoder.{name}.weight"),
            &format!("{source}/weight"),
            &[to_channels, from_channels, 3],
        )?;
        self.whole(
            &format!("encoder.{name}.bias"),
            &format!("{source}/bias"),
            &[to_channels],
        )?;
        // whisper.cpp wants the bias as a column.
        if let Some(bias) = self.tensors.last_mut() {
            bias.shape.push(1);
        }
        Ok(())
    }

    /// The feed-forward net and the attention of a layer to itself.
    fn block(&mut self, name: &str, from: &str, width: u32) -> Result<(), FormatError> {
        let square = [width, width];
        let wide = width.saturating_mul(4);
        self.norm(
            &format!("{name}.mlp_ln"),
            &format!("{from}/ffn/layer_norm"),
            width,
        )?;
        self.linear(
            &format!("{name}.mlp.0"),
            &format!("{from}/ffn/linear_0"),
            [wide, width],
        )?;
        self.linear(
            &format!("{name}.mlp.2"),
            &format!("{from}/ffn/linear_1"),
            [width, wide],
        )?;
        let (to, a) = (format!("{name}.attn"), format!("{from}/self_attention"));
        self.norm(
            &format!("{name}.attn_ln"),
            &format!("{a}/layer_norm"),
            width,
        )?;
        for (part, which) in ["query", "key", "value"].into_iter().enumerate() {
            let part = part as u32;
            self.slice(
                format!("{to}.{which}.weight"),
                &format!("{a}/linear_0/weight"),
                &square,
                part,
                3,
            )?;
            if which != "key" {
                self.slice(
                    format!("{to}.{which}.bias"),
                    &format!("{a}/linear_0/bias"),
                    &square[..1],
                    part,
                    3,
                )?;
            }
        }
        self.linear(&format!("{to}.out"), &format!("{a}/linear_1"), square)
    }

    /// The attention of a decoder layer to the sound.
    fn cross_attention(&mut self, name: &str, from: &str, width: u32) -> Result<(), FormatError> {
        let square = [width, width];
        let (to, a) = (format!("{name}.cross_attn"), format!("{from}/attention"));
        self.norm(
            &format!("{name}.cross_attn_ln"),
            &format!("{a}/layer_norm"),
            width,
        )?;
        self.linear(&format!("{to}.query"), &format!("{a}/linear_0"), square)?;
        let (weight, bias) = (format!("{a}/linear_1/weight"), format!("{a}/linear_1/bias"));
        self.slice(format!("{to}.key.weight"), &weight, &square, 0, 2)?;
        self.slice(format!("{to}.value.weight"), &weight, &square, 1, 2)?;
        self.slice(format!("{to}.value.bias"), &bias, &square[..1], 1, 2)?;
        self.linear(&format!("{to}.out"), &format!("{a}/linear_2"), square)
    }
}

#[derive(serde::Deserialize)]
struct Tokenizer {
    model: TokenizerModel,
}

#[derive(serde::Deserialize)]
struct TokenizerModel {
    vocab: BTreeMap<String, u32>,
}

/// The bytes of tokens 0 to `n`. A byte-level vocabulary writes every byte as a printable character: printable Latin-1
/// stands for itself, the other 68 bytes, in order, are U+0100 and up (GPT-2's encoder).
fn vocabulary(tokenizer: &[u8], n: u32) -> Result<Vec<Vec<u8>>, String> {
    let parsed: Tokenizer = serde_json::from_slice(tokenizer).map_err(|e| e.to_string())?;
    let printable = |b: u8| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let mut byte_of: BTreeMap<char, u8> = (0..=255u8)
        .filter(|&b| printable(b))
        .map(|b| (char::from(b), b))
        .collect();
    let hidden = (0..=255u8).filter(|&b| !printable(b));
    byte_of.extend(('\u{100}'..).zip(hidden));
    let mut words: Vec<Option<Vec<u8>>> = vec![None; n as usize];
    for (text, id) in parsed.model.vocab {
        let Some(word) = words.get_mut(id as usize) else {
            continue;
        };
        *word = Some(if text.starts_with("<|") {
            text.into_bytes()
        } else {
            text.chars()
                .map(|c| byte_of.get(&c).copied())
                .collect::<Option<_>>()
                .ok_or_else(|| format!("token {id} ({text:?}) is not byte-level"))?
        });
    }
    words
        .into_iter()
        .enumerate()
        .map(|(id, word)| word.ok_or_else(|| format!("token {id} is missing")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_stand_ins_become_bytes_again() {
        let json = r#"{"model":{"vocab":{"Ġthe":0,"é":1,"Ċ":2,"":3,"<|endoftext|>":4}}}"#;
        let words = vocabulary(json.as_bytes(), 5).unwrap();
        assert_eq!(words[0], b" the");
        assert_eq!(words[1], [0xe9]);
        assert_eq!(words[2], b"\n");
        assert_eq!(words[3], b"");
        assert_eq!(words[4], b"<|endoftext|>");
    }

    #[test]
    fn a_hole_in_the_vocabulary_is_named() {
        let error = vocabulary(br#"{"model":{"vocab":{"a":0,"b":2}}}"#, 3).unwrap_err();
        assert_eq!(error, "token 1 is missing");
    }
}
