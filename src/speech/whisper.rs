//! whisper.cpp as an [`Engine`]; the only place that knows whisper_rs.

use super::engine::{Cancel, Engine, HearOptions, Heard, Piece, Session, SpeechError, Token};
use super::models;
use crate::audio::SAMPLE_RATE;
use crate::domain::transcript::Word;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, PoisonError};
use whisper_rs::{
    DtwMode, DtwModelPreset, DtwParameters, FullParams, SamplingStrategy, WhisperContext,
    WhisperContextParameters, WhisperState,
};

/// Encoder positions per second of sound.
const POSITIONS_PER_S: f64 = 50.0;

/// Positions beyond the end of the sound. Without them whisper writes "[BLANK_AUDIO]" or repeats itself; 32 and 64 give
/// the same word errors.
const POSITION_MARGIN: usize = 32;

/// Fewest positions for less than [`SHORT`] of sound (15 s of window). The model was trained on 30 s and hears a lone sentence
/// worse in a short window: 42 readings had 7.6 word errors of 100 with 384 positions, 6.8 with 768 and 6.3 with 1500, and
/// twice as many with 160. Chunks of a dictation, which are longer, came out as well with a window that fits.
const FEWEST_POSITIONS: usize = 768;

/// Positions (10 s) below which a piece is short.
const SHORT: usize = 500;

/// A multiple of 32 keeps the kernels on whole blocks.
const POSITION_STEP: usize = 32;

/// Shortest sound in samples that is handed over; whisper.cpp ignores what is shorter than a second.
const SHORTEST: usize = SAMPLE_RATE + SAMPLE_RATE / 4;

/// Whether this build can use a GPU at all.
const GPU_BUILD: bool = cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal"));

/// A whisper model in memory.
pub struct WhisperEngine {
    context: Arc<WhisperContext>,
    name: String,
    sha256: String,
    aligned: bool,
}

/// How a model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// Use a GPU where the build has one.
    pub gpu: bool,
    /// Fused attention kernels. Off: in whisper.cpp 1.8.3 they read keys and values padded to 256 positions without a
    /// mask, so that a piece with a fitted `audio_ctx` hears remains of an earlier, longer one (seen as loops and changed
    /// words). On the CPU they are not faster either.
    pub flash_attention: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            gpu: GPU_BUILD,
            flash_attention: false,
        }
    }
}

impl WhisperEngine {
    /// Loads the weights. `name` and `sha256` are kept for the record.
    pub fn load(
        path: &Path,
        name: &str,
        sha256: &str,
        options: LoadOptions,
    ) -> Result<Self, SpeechError> {
        silence();
        models::inspect(path)?;
        let broken = |reason: String| SpeechError::ModelBroken {
            path: path.display().to_string(),
            reason,
        };
        let mut parameters = WhisperContextParameters::default();
        parameters
            .use_gpu(options.gpu)
            .flash_attn(options.flash_attention);
        let heads = alignment_heads(name).filter(|_| !options.flash_attention);
        let aligned = heads.is_some();
        if let Some(model_preset) = heads {
            parameters.dtw_parameters(DtwParameters {
                mode: DtwMode::ModelPreset { model_preset },
                ..DtwParameters::default()
            });
        }
        let context =
            WhisperContext::new_with_params(path, parameters).map_err(|e| broken(e.to_string()))?;
        Ok(Self {
            context: Arc::new(context),
            name: name.to_owned(),
            sha256: sha256.to_owned(),
            aligned,
        })
    }
}

/// Whether whisper has a language of this code.
pub fn knows_language(code: &str) -> bool {
    silence();
    // whisper_rs answers a NUL with a panic.
    !code.contains('\0') && whisper_rs::get_lang_id(code).is_some()
}

/// Without this whisper.cpp writes its model table, and more, to stderr.
fn silence() {
    static QUIET: Once = Once::new();
    QUIET.call_once(whisper_rs::install_logging_hooks);
}

/// The attention heads that follow the sound, which whisper.cpp knows for the published models. Other models get the
/// rougher times that come from the probabilities of time tokens.
fn alignment_heads(name: &str) -> Option<DtwModelPreset> {
    Some(match name {
        "tiny" => DtwModelPreset::Tiny,
        "tiny.en" => DtwModelPreset::TinyEn,
        "base" => DtwModelPreset::Base,
        "base.en" => DtwModelPreset::BaseEn,
        "small" => DtwModelPreset::Small,
        "small.en" => DtwModelPreset::SmallEn,
        "medium" => DtwModelPreset::Medium,
        "medium.en" => DtwModelPreset::MediumEn,
        "large-v3" => DtwModelPreset::LargeV3,
        "large-v3-turbo" => DtwModelPreset::LargeV3Turbo,
        _ => return None,
    })
}

impl Engine for WhisperEngine {
    fn open(&self) -> Result<Box<dyn Session>, SpeechError> {
        let state = self
            .context
            .create_state()
            .map_err(|e| SpeechError::Engine(format!("no memory for a decoder state: {e}")))?;
        Ok(Box::new(WhisperSession {
            context: self.context.clone(),
            state,
            parameters: Vec::new(),
            aligned: self.aligned,
            cancel: Arc::new(Mutex::new(Cancel::default())),
        }))
    }

    fn model_name(&self) -> &str {
        &self.name
    }

    fn model_sha256(&self) -> &str {
        &self.sha256
    }
}

/// What a set of decoding parameters was built for. Building leaks the prompt and the callback in whisper_rs 0.16, so
/// that each combination is built once per session and cloned.
#[derive(PartialEq, Clone)]
struct Key {
    language: String,
    threads: usize,
    beam: usize,
    temperature: f32,
    prompt: String,
}

struct WhisperSession {
    context: Arc<WhisperContext>,
    state: WhisperState,
    parameters: Vec<(Key, FullParams<'static, 'static>)>,
    /// Whether tokens get their times from alignment heads.
    aligned: bool,
    cancel: Arc<Mutex<Cancel>>,
}

/// The callback of whisper_rs is only sound for a closure that is boxed before it is handed over.
type Abort = Box<dyn FnMut() -> bool>;

impl WhisperSession {
    fn parameters(
        &mut self,
        options: &HearOptions,
        prompt: &str,
    ) -> Result<FullParams<'static, 'static>, SpeechError> {
        let key = Key {
            language: options.language.clone(),
            threads: options.threads,
            beam: options.beam,
            temperature: options.temperature,
            // A NUL would end the C string early, which whisper_rs answers with a panic.
            prompt: prompt.replace('\0', " "),
        };
        if let Some((_, built)) = self.parameters.iter().find(|(k, _)| *k == key) {
            return Ok(built.clone());
        }
        let language = whisper_rs::get_lang_id(&key.language)
            .and_then(whisper_rs::get_lang_str)
            .ok_or_else(|| {
                SpeechError::Engine(format!(
                    "the language {:?} is not one that whisper knows",
                    key.language
                ))
            })?;
        let strategy = if key.beam > 1 {
            SamplingStrategy::BeamSearch {
                beam_size: key.beam as i32,
                patience: -1.0,
            }
        } else {
            SamplingStrategy::Greedy { best_of: 1 }
        };
        let mut p = FullParams::new(strategy);
        p.set_n_threads(key.threads.max(1) as i32);
        p.set_language(Some(language));
        p.set_no_context(true);
        // Time tokens are only of use where no alignment heads give the times: they cost a tenth of the tokens, and with
        // them more words of noisy recordings come out wrong.
        p.set_token_timestamps(!self.aligned);
        p.set_no_timestamps(self.aligned);
        p.set_single_segment(true);
        // Whoever calls decides about a second try with another temperature.
        p.set_temperature(key.temperature);
        p.set_temperature_inc(0.0);
        p.set_suppress_blank(true);
        p.set_suppress_nst(true);
        p.set_print_special(false);
        p.set_print_progress(false);
        p.set_print_realtime(false);
        p.set_print_timestamps(false);
        if !key.prompt.is_empty() {
            p.set_initial_prompt(&key.prompt);
        }
        let cancel = self.cancel.clone();
        let abort: Abort = Box::new(move || {
            cancel
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_cancelled()
        });
        p.set_abort_callback_safe::<_, Abort>(Some(abort));
        self.parameters.push((key, p.clone()));
        Ok(p)
    }

    /// Words and tokens of the last call, in seconds of the piece.
    fn collect(&self, length_s: f64) -> Heard {
        let mut heard = Heard::default();
        let end_of_text = self.context.token_eot();
        // whisper.cpp gives a token the moment at which the decoder's attention leaves it; it begins where the one before
        // ends.
        let mut aligned_s = 0.0;
        let mut bytes: Vec<u8> = Vec::new();
        let mut open: Option<Word> = None;
        for segment in self.state.as_iter() {
            for i in 0..segment.n_tokens() {
                let Some(token) = segment.get_token(i) else {
                    continue;
                };
                let data = token.token_data();
                if data.id >= end_of_text {
                    continue;
                }
                let Ok(text) = token.to_bytes() else { continue };
                let (start_s, end_s) = if data.t_dtw >= 0 {
                    (aligned_s, data.t_dtw as f64 / 100.0)
                } else {
                    (data.t0 as f64 / 100.0, data.t1 as f64 / 100.0)
                };
                aligned_s = end_s;
                if open.is_none() || text.first() == Some(&b' ') {
                    close(&mut open, &mut bytes, &mut heard, length_s);
                    open = Some(Word {
                        text: String::new(),
                        start_s,
                        end_s,
                        probability: 1.0,
                        take: 0,
                    });
                }
                bytes.extend_from_slice(text);
                let silent = text.iter().all(|b| b.is_ascii_punctuation());
                if let Some(word) = &mut open {
                    // A comma's own time is the pause behind the word.
                    if !silent {
                        word.end_s = word.end_s.max(end_s);
                    }
                    word.probability = word.probability.min(data.p);
                }
                heard.tokens.push(Token {
                    id: data.id,
                    log_probability: data.plog,
                    word: heard.words.len(),
                });
            }
        }
        close(&mut open, &mut bytes, &mut heard, length_s);
        heard
    }
}

/// Ends the word being built. Times are made to rise and to stay within the piece.
fn close(open: &mut Option<Word>, bytes: &mut Vec<u8>, heard: &mut Heard, length_s: f64) {
    let text = String::from_utf8_lossy(bytes).trim().to_owned();
    bytes.clear();
    let Some(mut word) = open.take() else { return };
    let number = heard.words.len();
    if !text.chars().any(says_something) {
        heard.tokens.retain(|t| t.word != number);
        return;
    }
    let floor = heard.words.last().map_or(0.0, |w| w.end_s);
    word.text = text;
    word.start_s = word.start_s.max(floor).min(length_s);
    word.end_s = word.end_s.clamp(word.start_s, length_s.max(word.start_s));
    heard.words.push(word);
}

/// Whether a character can be said. Notes and lone stops are how the model writes music and noise.
fn says_something(c: char) -> bool {
    c.is_alphanumeric() || "%°+&/=<>$€£±×µ".contains(c)
}

/// Encoder positions for a piece: as many as its sound needs and a margin, never more than the model has.
fn positions(samples: usize, most: usize) -> usize {
    let needed = (samples as f64 / SAMPLE_RATE as f64 * POSITIONS_PER_S).ceil() as usize;
    let fitted = (needed + POSITION_MARGIN).next_multiple_of(POSITION_STEP);
    if needed < SHORT {
        FEWEST_POSITIONS.min(most)
    } else {
        fitted.min(most)
    }
}

/// Tokens that a piece can hold: twice what a hurried speaker with rare words needs. A decoder that has gone into a loop
/// would else go on to the end of its context, for seconds.
fn most_tokens(samples: usize) -> usize {
    20 + (samples as f64 / SAMPLE_RATE as f64 * 12.0) as usize
}

impl Session for WhisperSession {
    fn hear(&mut self, piece: &Piece<'_>) -> Result<Heard, SpeechError> {
        if piece.cancel.is_cancelled() {
            return Err(SpeechError::Cancelled);
        }
        if piece.pcm.is_empty() {
            return Ok(Heard::default());
        }
        let mut parameters = self.parameters(piece.options, piece.prompt)?;
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = piece.cancel.clone();
        let most = self.context.model_n_audio_ctx().max(1) as usize;
        let fitted = positions(piece.pcm.len().max(SHORTEST), most);
        let chosen = piece.options.audio_ctx.unwrap_or(fitted).clamp(1, most);
        parameters.set_audio_ctx(chosen as i32);
        parameters.set_max_tokens(most_tokens(piece.pcm.len()) as i32);
        let padded;
        let pcm = if piece.pcm.len() < SHORTEST {
            let mut longer = piece.pcm.to_vec();
            longer.resize(SHORTEST, 0.0);
            padded = longer;
            &padded
        } else {
            piece.pcm
        };
        let done = self.state.full(parameters, pcm);
        if piece.cancel.is_cancelled() {
            return Err(SpeechError::Cancelled);
        }
        done.map_err(|e| SpeechError::Engine(e.to_string()))?;
        let mut heard = self.collect(piece.pcm.len() as f64 / SAMPLE_RATE as f64);
        for word in &mut heard.words {
            word.start_s += piece.offset_s;
            word.end_s += piece.offset_s;
        }
        Ok(heard)
    }

    fn score(
        &mut self,
        _span: Range<usize>,
        candidates: &[String],
    ) -> Result<Vec<Option<f32>>, SpeechError> {
        // Not judged: without a score no candidate replaces what was heard.
        Ok(vec![None; candidates.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_follow_the_sound_and_never_exceed_the_model() {
        assert_eq!(positions(SAMPLE_RATE, 1500), 768);
        assert_eq!(positions(11 * SAMPLE_RATE, 1500), 608);
        assert_eq!(positions(28 * SAMPLE_RATE, 1500), 1440);
        assert_eq!(positions(30 * SAMPLE_RATE, 1500), 1500);
    }

    #[test]
    fn positions_cover_every_frame_of_the_sound() {
        // whisper.cpp aborts the process where there are fewer positions than half the frames.
        for tenth in 1..=300 {
            let samples = tenth * SAMPLE_RATE / 10;
            assert!(positions(samples, 1500) as f64 >= samples as f64 / 16_000.0 * 50.0);
        }
    }
}
