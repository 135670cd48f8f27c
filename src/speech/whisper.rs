//! whisper.cpp as an [`Engine`]; the only place that knows whisper_rs.

use super::engine::{Cancel, Engine, HearOptions, Heard, Piece, Session, SpeechError, Token};
use super::models;
use super::vocabulary::Vocabulary;
use crate::audio::SAMPLE_RATE;
use crate::domain::transcript::Word;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
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

/// Tokens behind a wording that are judged with it: what it makes of the words that follow tells whether it swallowed some
/// of them.
const FOLLOWING: usize = 5;

/// Tokens that are judged at once. More are no faster, and what has become hopeless by then is not followed further.
const AT_ONCE: usize = 3;

/// Nats under what was heard from which a wording is hopeless: it is not followed to its end, and this is its score.
const HOPELESS: f32 = -20.0;

/// Nats behind the best of the wordings before it from which a wording is hopeless too: only the best can take the place,
/// and what is close to it.
const BEHIND: f32 = 8.0;

/// Nats by which a token that is judged again may differ from what it was in hearing, where notes and other signs were left
/// out: 0.3 was seen.
const SAME: f32 = 1.0;

/// Whether this build can use a GPU at all.
const GPU_BUILD: bool = cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal"));

/// A whisper model in memory.
pub struct WhisperEngine {
    context: Arc<WhisperContext>,
    name: String,
    sha256: String,
    aligned: bool,
    vocabulary: Arc<OnceLock<Vocabulary>>,
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
            vocabulary: Arc::default(),
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

impl WhisperEngine {
    fn session(&self) -> Result<WhisperSession, SpeechError> {
        let state = self
            .context
            .create_state()
            .map_err(|e| SpeechError::Engine(format!("no memory for a decoder state: {e}")))?;
        Ok(WhisperSession {
            context: self.context.clone(),
            state,
            parameters: Vec::new(),
            aligned: self.aligned,
            vocabulary: self.vocabulary.clone(),
            said: None,
            cancel: Arc::new(Mutex::new(Cancel::default())),
        })
    }
}

impl Engine for WhisperEngine {
    fn open(&self) -> Result<Box<dyn Session>, SpeechError> {
        Ok(Box::new(self.session()?))
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
    /// Made when the first wording is judged.
    vocabulary: Arc<OnceLock<Vocabulary>>,
    /// What was heard last, if other wordings can be judged against it.
    said: Option<Said>,
    cancel: Arc<Mutex<Cancel>>,
}

/// What the decoder wrote.
struct Said {
    /// Tokens in the decoder's order: prompt, task, text, and the end of the text if it came to that.
    tokens: Vec<i32>,
    words: Vec<SaidWord>,
    threads: usize,
    /// Log probability of each token of the text, as it was heard.
    log_probability: Vec<f32>,
    /// Tokens from the first on that are in the decoder's memory.
    remembered: usize,
    /// A place, and the log probability of every token there.
    next: Option<(usize, Vec<f32>)>,
}

/// Log probabilities after some tokens.
struct Followed<'a> {
    /// Of each of them but the first.
    inner: &'a [f32],
    /// Of every token that may come next.
    next: &'a [f32],
}

struct SaidWord {
    text: String,
    tokens: Range<usize>,
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

    /// What the decoder wrote in the last call, where it can be repeated: in one window.
    fn said(
        &self,
        heard: &Heard,
        places: &[usize],
        options: &HearOptions,
        prompt: &str,
    ) -> Option<Said> {
        if self.state.full_n_segments() != 1 {
            return None;
        }
        let segment = self.state.get_segment(0)?;
        let mut tokens = self.before_the_text(options, prompt)?;
        let text_from = tokens.len();
        let mut log_probability = vec![0.0; text_from];
        for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
            tokens.push(token.token_id());
            log_probability.push(token.token_data().plog);
        }
        // After hearing, the decoder has all tokens but the last in its memory, if there was room for the alignment beside
        // them: its own beginning, the text, and the end of the text.
        let room = self.context.model_n_text_ctx().max(0) as usize;
        let kept = self.aligned && options.beam <= 1 && 2 * tokens.len() + 4 <= room;
        let remembered = if kept { tokens.len() - 1 } else { 0 };
        let mut words: Vec<SaidWord> = heard
            .words
            .iter()
            .map(|word| SaidWord {
                text: word.text.clone(),
                tokens: Range {
                    start: usize::MAX,
                    end: 0,
                },
            })
            .collect();
        for (token, place) in heard.tokens.iter().zip(places) {
            let at = &mut words.get_mut(token.word)?.tokens;
            at.start = at.start.min(text_from + place);
            at.end = at.end.max(text_from + place + 1);
        }
        Some(Said {
            tokens,
            words,
            threads: options.threads.max(1),
            log_probability,
            remembered,
            next: None,
        })
    }

    /// The tokens that whisper.cpp gives the decoder before the text.
    fn before_the_text(&self, options: &HearOptions, prompt: &str) -> Option<Vec<i32>> {
        let context = &self.context;
        let mut tokens = Vec::new();
        if !prompt.is_empty() {
            // Never more tokens than bytes; for too many whisper_rs would take an error for their number.
            let prompt = context.tokenize(prompt, prompt.len()).ok()?;
            let most = (context.model_n_text_ctx() / 2 - 1).max(0) as usize;
            tokens.push(context.token_prev());
            tokens.extend(&prompt[prompt.len().saturating_sub(most)..]);
        }
        tokens.push(context.token_sot());
        if context.is_multilingual() {
            let language = whisper_rs::get_lang_id(&options.language)?;
            tokens.extend([context.token_lang(language), context.token_transcribe()]);
        }
        if self.aligned {
            tokens.push(context.token_not());
        }
        Some(tokens)
    }

    /// Words and tokens of the last call, in seconds of the piece; and for each token, which one it was of those that the
    /// decoder wrote.
    fn collect(&self, length_s: f64) -> (Heard, Vec<usize>) {
        let mut heard = Heard::default();
        let end_of_text = self.context.token_eot();
        // whisper.cpp gives a token the moment at which the decoder's attention leaves it; it begins where the one before
        // ends.
        let mut aligned_s = 0.0;
        let mut bytes: Vec<u8> = Vec::new();
        let mut open: Option<Word> = None;
        let mut places = Vec::new();
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
                    places.truncate(heard.tokens.len());
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
                places.push(i as usize);
            }
        }
        close(&mut open, &mut bytes, &mut heard, length_s);
        places.truncate(heard.tokens.len());
        (heard, places)
    }
}

impl WhisperSession {
    /// How much likelier the model finds the sound with each wording in place of the words of a span.
    fn judge(
        &mut self,
        said: &mut Said,
        span: Range<usize>,
        candidates: &[String],
    ) -> Option<Vec<Option<f32>>> {
        let words = said.words.get(span)?;
        let (first, last) = (words.first()?, words.last()?);
        let (from, to) = (first.tokens.start, last.tokens.end);
        let end = (to + FOLLOWING).min(said.tokens.len());
        let before = from.checked_sub(1).filter(|_| from < to)?;
        let mut asked: Vec<(usize, Vec<i32>)> = Vec::new();
        for (i, candidate) in candidates.iter().enumerate() {
            for wording in wordings(candidate, &first.text, &last.text) {
                if let Some(mut tokens) = self.vocabulary().tokens(&wording) {
                    tokens.extend(&said.tokens[to..end]);
                    asked.push((i, tokens));
                }
            }
        }
        let of_said: f32 = said.log_probability.get(from..end)?.iter().sum();
        // What may come after the token before the span; the same for all spans that begin there.
        let next = match said.next.take() {
            Some((place, next)) if place == from && said.remembered == from => next,
            _ => self.after(said, before)?,
        };
        let firsts: Vec<f32> = asked
            .iter()
            .map(|(_, tokens)| next.get(*tokens.first()? as usize).copied())
            .collect::<Option<_>>()?;
        said.next = Some((from, next));
        let mut scores = vec![None; candidates.len()];
        let mut best_of_all = f32::NEG_INFINITY;
        for ((i, tokens), first) in asked.iter().zip(firsts) {
            let mut score = first - of_said;
            let mut at = 0;
            // Each token takes something away, so that what falls behind stays behind.
            let least = HOPELESS.max(best_of_all - BEHIND);
            while score > least && at + 1 < tokens.len() {
                let some = &tokens[at..(at + AT_ONCE).min(tokens.len() - 1)];
                let followed = self.follow(some, from + at, said.threads)?;
                at += some.len();
                score += followed.inner.iter().sum::<f32>();
                score += followed.next.get(*tokens.get(at)? as usize)?;
            }
            if at + 1 < tokens.len() {
                score = score.min(HOPELESS);
            }
            best_of_all = best_of_all.max(score);
            let best = &mut scores[*i];
            *best = Some(best.map_or(score, |best: f32| best.max(score)));
        }
        Some(scores)
    }

    /// Log probability of every token behind those up to `last`, as they were heard; `None` where what was heard there is not
    /// as likely as it was: the decoder is not where it was then.
    fn after(&mut self, said: &mut Said, last: usize) -> Option<Vec<f32>> {
        if said.remembered < last {
            let prefix = said.tokens.get(..last)?;
            self.state.decode(prefix, 0, said.threads).ok()?;
        }
        said.remembered = last;
        let followed = self.follow(&said.tokens[last..=last], last, said.threads)?;
        let next = followed.next.to_vec();
        said.remembered = last + 1;
        let again = next.get(*said.tokens.get(last + 1)? as usize)?;
        let heard = said.log_probability.get(last + 1)?;
        ((again - heard).abs() <= SAME).then_some(next)
    }

    /// Has the decoder take in tokens behind `past` others; `None` where this whisper.cpp does not say what is asked
    /// (scripts/whisper-fixes.cmake).
    fn follow(&mut self, tokens: &[i32], past: usize, threads: usize) -> Option<Followed<'_>> {
        let most = self.context.model_n_text_ctx().max(0) as usize;
        if past == 0 || past + tokens.len() > most {
            return None;
        }
        self.state.decode(tokens, past, threads).ok()?;
        let all = self.state.get_logits().ok()?;
        let (next, judged) = all.split_at_checked(all.len().checked_sub(tokens.len())?)?;
        let (mark, inner) = judged.split_last()?;
        let sound = |p: &f32| *p <= 0.0;
        (*mark == 1.0 && inner.iter().all(sound) && next.iter().all(sound))
            .then_some(Followed { inner, next })
    }

    fn vocabulary(&self) -> &Vocabulary {
        self.vocabulary.get_or_init(|| {
            let tokens = 0..self.context.token_eot();
            Vocabulary::new(tokens.map(|t| self.context.token_to_bytes(t).unwrap_or_default()))
        })
    }
}

/// How a wording may stand in the text in place of words that begin and end as these: with the marks around them, and with
/// a capital if they have one.
fn wordings(wording: &str, first: &str, last: &str) -> Vec<String> {
    let wording = wording.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(letter) = wording.chars().next() else {
        return Vec::new();
    };
    let says = |c: char| c.is_alphanumeric();
    let lead = &first[..first.find(says).unwrap_or(0)];
    let tail = match last.char_indices().rfind(|(_, c)| says(*c)) {
        Some((at, c)) => &last[at + c.len_utf8()..],
        None => "",
    };
    let capital = first[lead.len()..].starts_with(char::is_uppercase);
    let mut all = vec![format!(" {lead}{wording}{tail}")];
    if capital && letter.is_lowercase() {
        let rest = &wording[letter.len_utf8()..];
        all.push(format!(" {lead}{}{rest}{tail}", letter.to_uppercase()));
    }
    all
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
        self.said = None;
        let done = self.state.full(parameters, pcm);
        if piece.cancel.is_cancelled() {
            return Err(SpeechError::Cancelled);
        }
        done.map_err(|e| SpeechError::Engine(e.to_string()))?;
        let (mut heard, places) = self.collect(piece.pcm.len() as f64 / SAMPLE_RATE as f64);
        self.said = self.said(&heard, &places, piece.options, piece.prompt);
        for word in &mut heard.words {
            word.start_s += piece.offset_s;
            word.end_s += piece.offset_s;
        }
        Ok(heard)
    }

    fn score(
        &mut self,
        span: Range<usize>,
        candidates: &[String],
    ) -> Result<Vec<Option<f32>>, SpeechError> {
        let unjudged = vec![None; candidates.len()];
        let Some(mut said) = self.said.take() else {
            return Ok(unjudged);
        };
        let cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        if cancel.is_cancelled() {
            return Err(SpeechError::Cancelled);
        }
        drop(cancel);
        let scores = self.judge(&mut said, span, candidates);
        self.said = Some(said);
        Ok(scores.unwrap_or(unjudged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wording_stands_between_the_marks_and_with_the_capital_of_the_words() {
        for (wording, first, last, expected) in [
            ("apixaban", "a", "of,", &[" apixaban,"][..]),
            (
                "metoprolol  succinate",
                "(Metaprol",
                "8).",
                &[" (metoprolol succinate).", " (Metoprolol succinate)."],
            ),
            ("Xarelto", "Sorelto", "Sorelto", &[" Xarelto"]),
            ("émbolie", "Embo", "Embo", &[" émbolie", " Émbolie"]),
            ("5", "Five", "Five", &[" 5"]),
            (" ", "a", "a", &[]),
            ("percent", "%", "%", &[" percent"]),
        ] {
            assert_eq!(wordings(wording, first, last), expected, "{wording:?}");
        }
    }

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
