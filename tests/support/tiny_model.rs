//! A Whisper of a few dimensions with made-up weights: as CTranslate2 would store it, and, written by code of its own, the
//! ggml file that must come out. Included by the unit tests of the conversion too.

#![allow(clippy::unwrap_used)]

use half::f16;

const STATE: usize = 32;
const VOCAB: usize = 6;
const AUDIO_CTX: usize = 4;
const TEXT_CTX: usize = 3;
const MELS: usize = 80;

/// The same small model in every form.
pub struct TinyModel {
    /// CTranslate2's model.bin, float16.
    pub model_bin: Vec<u8>,
    /// Its tokenizer.json.
    pub tokenizer: String,
    /// The ggml file, float16.
    pub ggml: Vec<u8>,
    #[allow(dead_code, reason = "the unit tests look at them")]
    /// Every tensor of the ggml file: name, dimensions (outermost first), values.
    pub tensors: Vec<(String, Vec<usize>, Vec<f16>)>,
}

fn values(n: usize, seed: usize) -> Vec<f16> {
    (0..n)
        .map(|i| f16::from_f32((((i * 7919 + seed * 104_729) % 2001) as f32 - 1000.0) / 500.0))
        .collect()
}

struct Made {
    seed: usize,
    ct2: Vec<(String, Vec<usize>, Vec<f16>)>,
    ggml: Vec<(String, Vec<usize>, Vec<f16>)>,
}

impl Made {
    fn fresh(&mut self, n: usize) -> Vec<f16> {
        self.seed += 1;
        values(n, self.seed)
    }

    fn same(&mut self, ggml: &str, ct2: &str, shape: &[usize]) {
        let v = self.fresh(shape.iter().product());
        self.ct2.push((ct2.into(), shape.into(), v.clone()));
        self.ggml.push((ggml.into(), shape.into(), v));
    }

    fn norm(&mut self, ggml: &str, ct2: &str) {
        self.same(&format!("{ggml}.weight"), &format!("{ct2}/gamma"), &[STATE]);
        self.same(&format!("{ggml}.bias"), &format!("{ct2}/beta"), &[STATE]);
    }

    fn linear(&mut self, ggml: &str, ct2: &str, to: usize, from: usize) {
        self.same(
            &format!("{ggml}.weight"),
            &format!("{ct2}/weight"),
            &[to, from],
        );
        self.same(&format!("{ggml}.bias"), &format!("{ct2}/bias"), &[to]);
    }

    /// Several ggml projections in one CTranslate2 matrix; the key's bias is zero there and absent here.
    fn stacked(&mut self, ggml: &str, ct2: &str, names: &[&str]) {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for name in names {
            let weight = self.fresh(STATE * STATE);
            weights.extend(weight.clone());
            self.ggml
                .push((format!("{ggml}.{name}.weight"), vec![STATE, STATE], weight));
            if *name == "key" {
                biases.extend(vec![f16::ZERO; STATE]);
            } else {
                let bias = self.fresh(STATE);
                biases.extend(bias.clone());
                self.ggml
                    .push((format!("{ggml}.{name}.bias"), vec![STATE], bias));
            }
        }
        let rows = names.len() * STATE;
        self.ct2
            .push((format!("{ct2}/weight"), vec![rows, STATE], weights));
        self.ct2.push((format!("{ct2}/bias"), vec![rows], biases));
    }

    fn block(&mut self, side: &str) {
        let (g, c) = (format!("{side}.blocks.0"), format!("{side}/layer_0"));
        self.norm(&format!("{g}.mlp_ln"), &format!("{c}/ffn/layer_norm"));
        self.linear(
            &format!("{g}.mlp.0"),
            &format!("{c}/ffn/linear_0"),
            4 * STATE,
            STATE,
        );
        self.linear(
            &format!("{g}.mlp.2"),
            &format!("{c}/ffn/linear_1"),
            STATE,
            4 * STATE,
        );
        self.norm(
            &format!("{g}.attn_ln"),
            &format!("{c}/self_attention/layer_norm"),
        );
        let attention = format!("{c}/self_attention");
        self.stacked(
            &format!("{g}.attn"),
            &format!("{attention}/linear_0"),
            &["query", "key", "value"],
        );
        self.linear(
            &format!("{g}.attn.out"),
            &format!("{attention}/linear_1"),
            STATE,
            STATE,
        );
    }
}

/// Makes the model; `mel` are the filters that its ggml file must hold, MELS x 201.
pub fn tiny_model(mel: &[f32]) -> TinyModel {
    let mut m = Made {
        seed: 0,
        ct2: Vec::new(),
        ggml: Vec::new(),
    };
    m.same(
        "decoder.positional_embedding",
        "decoder/position_encodings/encodings",
        &[TEXT_CTX, STATE],
    );
    m.same(
        "encoder.positional_embedding",
        "encoder/position_encodings/encodings",
        &[AUDIO_CTX, STATE],
    );
    m.same(
        "decoder.token_embedding.weight",
        "decoder/embeddings/weight",
        &[VOCAB, STATE],
    );
    m.block("decoder");
    m.norm(
        "decoder.blocks.0.cross_attn_ln",
        "decoder/layer_0/attention/layer_norm",
    );
    m.linear(
        "decoder.blocks.0.cross_attn.query",
        "decoder/layer_0/attention/linear_0",
        STATE,
        STATE,
    );
    m.stacked(
        "decoder.blocks.0.cross_attn",
        "decoder/layer_0/attention/linear_1",
        &["key", "value"],
    );
    m.linear(
        "decoder.blocks.0.cross_attn.out",
        "decoder/layer_0/attention/linear_2",
        STATE,
        STATE,
    );
    m.norm("decoder.ln", "decoder/layer_norm");
    for (name, channels) in [("conv1", MELS), ("conv2", STATE)] {
        m.same(
            &format!("encoder.{name}.weight"),
            &format!("encoder/{name}/weight"),
            &[STATE, channels, 3],
        );
        m.same(
            &format!("encoder.{name}.bias"),
            &format!("encoder/{name}/bias"),
            &[STATE],
        );
        m.ggml.last_mut().unwrap().1.push(1);
    }
    m.block("encoder");
    m.norm("encoder.ln_post", "encoder/layer_norm");
    TinyModel {
        model_bin: ct2(&m.ct2),
        tokenizer: r#"{"model":{"vocab":{"a":0,"Ġb":1,"Ċ":2,"é":3,"":4,"<|endoftext|>":5}}}"#
            .into(),
        ggml: ggml(&m.ggml, mel),
        tensors: m.ggml,
    }
}

/// A name as CTranslate2 writes it.
pub fn ct2_string(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u16 + 1).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes.push(0);
    bytes
}

fn ct2(variables: &[(String, Vec<usize>, Vec<f16>)]) -> Vec<u8> {
    let mut out = 6u32.to_le_bytes().to_vec();
    out.extend(ct2_string("WhisperSpec"));
    out.extend(3u32.to_le_bytes());
    out.extend((variables.len() as u32 + 2).to_le_bytes());
    for side in ["encoder", "decoder"] {
        out.extend(ct2_string(&format!("{side}/num_heads")));
        out.extend([0, 2]); // a single value of 16 bits
        out.extend(2u32.to_le_bytes());
        out.extend(2i16.to_le_bytes());
    }
    for (name, shape, values) in variables {
        out.extend(ct2_string(name));
        out.push(shape.len() as u8);
        shape
            .iter()
            .for_each(|&d| out.extend((d as u32).to_le_bytes()));
        out.push(4);
        out.extend((values.len() as u32 * 2).to_le_bytes());
        values.iter().for_each(|v| out.extend(v.to_le_bytes()));
    }
    out.extend(1u32.to_le_bytes());
    out.extend(ct2_string("decoder/projection/weight"));
    out.extend(ct2_string("decoder/embeddings/weight"));
    out
}

fn ggml(tensors: &[(String, Vec<usize>, Vec<f16>)], mel: &[f32]) -> Vec<u8> {
    let mut out = b"lmgg".to_vec();
    let head = [
        VOCAB, AUDIO_CTX, STATE, 2, 1, TEXT_CTX, STATE, 2, 1, MELS, 1, MELS, 201,
    ];
    head.iter()
        .for_each(|&n| out.extend((n as u32).to_le_bytes()));
    mel.iter().for_each(|w| out.extend(w.to_le_bytes()));
    out.extend((VOCAB as u32).to_le_bytes());
    for word in [&b"a"[..], b" b", b"\n", b"\xe9", b"", b"<|endoftext|>"] {
        out.extend((word.len() as u32).to_le_bytes());
        out.extend(word);
    }
    for (name, shape, values) in tensors {
        let single = shape.len() == 1 || name.ends_with("positional_embedding") || shape[1] == 1;
        for n in [shape.len(), name.len(), usize::from(!single)] {
            out.extend((n as u32).to_le_bytes());
        }
        shape
            .iter()
            .rev()
            .for_each(|&d| out.extend((d as u32).to_le_bytes()));
        out.extend(name.as_bytes());
        for v in values {
            if single {
                out.extend(v.to_f32().to_le_bytes());
            } else {
                out.extend(v.to_le_bytes());
            }
        }
    }
    out
}
