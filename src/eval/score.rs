//! All figures of one clip, and sums of them. Counts are kept, not rates, so that anything can be derived later.

use crate::eval::cut::cut;
use crate::eval::flags::{FlagScore, median};
use crate::eval::hypothesis::{Hypothesis, Outcome};
use crate::eval::manifest::{Clip, Dictation};
use crate::eval::report::{ReportErrors, report_errors};
use crate::eval::terms;
use crate::eval::wer::{WordErrors, sentence_errors, visible_words};
use serde::Serialize;

/// What one dictation came to; a short clip is one dictation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DictationScore {
    /// The text it shares with other clips.
    pub text_id: String,
    /// Word errors of what was heard.
    pub raw: WordErrors,
    /// Word errors after corrections.
    pub transcript: WordErrors,
    /// `raw`, by sentence of the reference: what an interval draws from.
    pub raw_sentences: Vec<WordErrors>,
    /// `transcript`, by sentence of the reference.
    pub transcript_sentences: Vec<WordErrors>,
    /// Words where nothing is said; none where something is.
    pub words_on_silence: Option<usize>,
    /// Terms that must stand in the report.
    pub terms: usize,
    /// Those that do not.
    pub terms_missed: Vec<String>,
    /// Against the reference report, where there is one.
    pub report: Option<ReportErrors>,
    /// The flags, where the tool gave findings ([`flags::mark`](crate::eval::flags::mark)).
    pub flags: Option<FlagScore>,
}

/// What one clip came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClipScore {
    /// Name in the manifest.
    pub id: String,
    /// `medical-dictation`, `medical` or `general`.
    pub domain: String,
    /// `clean`, `telephone`, ...
    pub condition: String,
    /// `real` or `tts`.
    pub kind: String,
    /// Length, seconds.
    pub duration_s: f64,
    /// Why there is no result.
    pub error: Option<String>,
    /// Wall time of the process, seconds.
    pub wall_s: Option<f64>,
    /// Time of the recognition as the tool reports it, seconds.
    pub elapsed_s: Option<f64>,
    /// Greatest resident memory, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// One per dictation, in order of time.
    pub dictations: Vec<DictationScore>,
}

/// Scores one clip. No result counts as an empty one.
pub fn score(clip: &Clip, outcome: &Outcome) -> ClipScore {
    let empty = Hypothesis::default();
    let (hypothesis, error) = match outcome {
        Ok(hypothesis) => (hypothesis, None),
        Err(why) => (&empty, Some(why.clone())),
    };
    let raw = cut(&hypothesis.raw, &clip.dictations);
    let transcript = cut(&hypothesis.transcript, &clip.dictations);
    let report = cut(&hypothesis.report, &clip.dictations);
    let dictations = clip
        .dictations
        .iter()
        .enumerate()
        .map(|(n, dictation)| score_dictation(dictation, &raw[n], &transcript[n], &report[n]))
        .collect();
    ClipScore {
        id: clip.id.clone(),
        domain: clip.domain.clone(),
        condition: clip.condition.clone(),
        kind: clip.kind.clone(),
        duration_s: clip.duration_s,
        error,
        wall_s: hypothesis.wall_s,
        elapsed_s: hypothesis.elapsed_s,
        peak_memory_bytes: hypothesis.peak_memory_bytes,
        dictations,
    }
}

fn score_dictation(
    dictation: &Dictation,
    raw: &str,
    transcript: &str,
    report: &str,
) -> DictationScore {
    let silent = dictation.verbatim.trim().is_empty();
    let errors = |text| match silent {
        true => Vec::new(),
        false => sentence_errors(&dictation.verbatim, text),
    };
    let sum = |sentences: &[WordErrors]| {
        sentences
            .iter()
            .fold(WordErrors::default(), |mut sum, sentence| {
                sum += *sentence;
                sum
            })
    };
    let raw_sentences = errors(raw);
    let transcript_sentences = errors(transcript);
    DictationScore {
        text_id: dictation.text_id.clone(),
        raw: sum(&raw_sentences),
        transcript: sum(&transcript_sentences),
        raw_sentences,
        transcript_sentences,
        words_on_silence: silent.then(|| visible_words(transcript)),
        terms: dictation.terms.len(),
        terms_missed: terms::missing(report, &dictation.terms)
            .into_iter()
            .map(String::from)
            .collect(),
        report: dictation
            .report
            .as_ref()
            .map(|reference| report_errors(reference, report)),
        flags: None,
    }
}

/// Sums over clips.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Sum {
    /// Clips.
    pub clips: usize,
    /// Of those, the ones without a result.
    pub failed: usize,
    /// Word errors of what was heard.
    pub raw: WordErrors,
    /// Word errors after corrections.
    pub transcript: WordErrors,
    /// Recordings in which nothing is said.
    pub silent: usize,
    /// Words in them.
    pub words_on_silence: usize,
    /// Terms that stand in the report.
    pub terms_right: usize,
    /// Terms that should.
    pub terms: usize,
    /// Dictations with a reference report.
    pub reports: usize,
    /// Against those.
    pub report: ReportErrors,
    /// The flags.
    pub flags: FlagScore,
    /// Flags per 200 words of each dictation.
    pub flag_rates: Vec<f64>,
    /// Seconds of recording of the clips whose time was taken.
    pub timed_audio_s: f64,
    /// Wall time of those, seconds.
    pub wall_s: f64,
    /// Seconds of recording of the clips for which the tool reports its own time.
    pub engine_audio_s: f64,
    /// That time, seconds.
    pub engine_s: f64,
    /// Greatest resident memory of any run, bytes.
    pub peak_memory_bytes: Option<u64>,
}

impl Sum {
    /// Sums over `clips`.
    pub fn of<'a>(clips: impl IntoIterator<Item = &'a ClipScore>) -> Self {
        let mut sum = Self::default();
        for clip in clips {
            sum.add(clip);
        }
        sum
    }

    fn add(&mut self, clip: &ClipScore) {
        self.clips += 1;
        self.failed += usize::from(clip.error.is_some());
        if let Some(wall) = clip.wall_s {
            self.timed_audio_s += clip.duration_s;
            self.wall_s += wall;
        }
        if let Some(elapsed) = clip.elapsed_s {
            self.engine_audio_s += clip.duration_s;
            self.engine_s += elapsed;
        }
        self.peak_memory_bytes = self.peak_memory_bytes.max(clip.peak_memory_bytes);
        for dictation in &clip.dictations {
            self.raw += dictation.raw;
            self.transcript += dictation.transcript;
            self.terms += dictation.terms;
            self.terms_right += dictation.terms - dictation.terms_missed.len();
            if let Some(words) = dictation.words_on_silence {
                self.silent += 1;
                self.words_on_silence += words;
            }
            if let Some(report) = dictation.report {
                self.reports += 1;
                self.report += report;
            }
            if let Some(flags) = dictation.flags {
                self.flags += flags;
                self.flag_rates.extend(flags.per_200_words());
            }
        }
    }

    /// Per cent of the terms that stand in the report.
    pub fn term_recall(&self) -> Option<f64> {
        (self.terms > 0).then(|| 100.0 * self.terms_right as f64 / self.terms as f64)
    }

    /// Flags per 200 words of the dictation in the middle.
    pub fn flags_per_200_words(&self) -> Option<f64> {
        median(self.flag_rates.iter().copied())
    }

    /// Seconds of recording per second of wall time; of the tool's own time where no wall time was taken.
    pub fn speed(&self) -> Option<f64> {
        if self.wall_s > 0.0 {
            return Some(self.timed_audio_s / self.wall_s);
        }
        self.engine_speed()
    }

    /// Seconds of recording per second of the recognition's own time, without start and model load.
    pub fn engine_speed(&self) -> Option<f64> {
        (self.engine_s > 0.0).then(|| self.engine_audio_s / self.engine_s)
    }
}

/// A row of the result: all clips of one domain and condition, of one domain, or all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// None: all domains.
    pub domain: Option<String>,
    /// None: all conditions.
    pub condition: Option<String>,
    /// The figures.
    pub sum: Sum,
}

/// Per domain, a group for each condition in order of appearance and one for the domain; last, all.
pub fn groups(clips: &[ClipScore]) -> Vec<Group> {
    let mut out = Vec::new();
    for domain in distinct(clips.iter().map(|c| c.domain.as_str())) {
        let of_domain: Vec<&ClipScore> = clips.iter().filter(|c| c.domain == domain).collect();
        let conditions = distinct(of_domain.iter().map(|c| c.condition.as_str()));
        for condition in &conditions {
            out.push(Group {
                domain: Some(domain.into()),
                condition: Some((*condition).into()),
                sum: Sum::of(
                    of_domain
                        .iter()
                        .copied()
                        .filter(|c| c.condition == *condition),
                ),
            });
        }
        out.push(Group {
            domain: Some(domain.into()),
            condition: None,
            sum: Sum::of(of_domain),
        });
    }
    out.push(Group {
        domain: None,
        condition: None,
        sum: Sum::of(clips),
    });
    out
}

pub(super) fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut out = Vec::new();
    for value in values {
        if !out.contains(&value) {
            out.push(value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::hypothesis::parse;

    fn dictation(verbatim: &str, report: Option<&str>, terms: &[&str]) -> Dictation {
        Dictation {
            text_id: "t".into(),
            start_s: 0.0,
            end_s: 10.0,
            verbatim: verbatim.into(),
            report: report.map(String::from),
            terms: terms.iter().map(|t| (*t).to_owned()).collect(),
        }
    }

    fn clip(condition: &str, dictations: Vec<Dictation>) -> Clip {
        Clip {
            id: "c".into(),
            file: "c.wav".into(),
            duration_s: 20.0,
            kind: "tts".into(),
            domain: "medical-dictation".into(),
            condition: condition.into(),
            dictations,
        }
    }

    fn heard(json: &str) -> Outcome {
        parse(json).unwrap()
    }

    #[test]
    fn raw_transcript_and_report_are_scored_apart() {
        let clip = clip(
            "clean",
            vec![dictation(
                "start apixaban five milligrams period",
                Some("Start apixaban 5 mg."),
                &["apixaban 5 mg", "heparin"],
            )],
        );
        let outcome = heard(
            r#"{"raw":{"text":"start epixaban five milligrams period"},"transcript":{"text":"start apixaban five milligrams period"},
                "report":{"text":"Start apixaban 5 mg"},"elapsed_s":4.0,"wall_s":5.0,"peak_memory_bytes":7}"#,
        );
        let s = score(&clip, &outcome);
        let d = &s.dictations[0];
        assert_eq!((d.raw.errors(), d.raw.reference), (1, 4));
        assert_eq!(d.transcript.errors(), 0);
        assert_eq!(d.terms_missed, ["heparin"]);
        let report = d.report.unwrap();
        assert_eq!((report.words.errors(), report.mark_errors), (0, 1));
        let sum = Sum::of([&s]);
        assert_eq!(sum.term_recall(), Some(50.0));
        assert_eq!((sum.speed(), sum.engine_speed()), (Some(4.0), Some(5.0)));
    }

    #[test]
    fn silence_has_words_but_no_rate() {
        let clip = clip("silence", vec![dictation("", None, &[])]);
        let s = score(&clip, &heard(r#"{"text":"Thank you."}"#));
        let sum = Sum::of([&s]);
        assert_eq!((sum.silent, sum.words_on_silence), (1, 2));
        assert_eq!(sum.transcript, WordErrors::default());
    }

    #[test]
    fn a_clip_that_failed_counts_as_nothing_heard() {
        let clip = clip(
            "clean",
            vec![dictation(
                "stop aspirin",
                Some("Stop aspirin."),
                &["aspirin"],
            )],
        );
        let s = score(&clip, &Err("empty: no sound".into()));
        let sum = Sum::of([&s]);
        assert_eq!((sum.failed, sum.transcript.deletions), (1, 2));
        assert_eq!((sum.terms_right, sum.terms), (0, 1));
        assert_eq!(sum.report.words.deletions, 2);
        assert_eq!(sum.speed(), None);
        assert_eq!(s.error.as_deref(), Some("empty: no sound"));
    }

    #[test]
    fn a_term_counts_once_per_dictation() {
        let mut second = dictation("aspirin", None, &["aspirin"]);
        (second.start_s, second.end_s) = (12.0, 20.0);
        let clip = clip(
            "pauses",
            vec![dictation("aspirin", None, &["aspirin"]), second],
        );
        let words = r#"[{"text":"aspirin","start_s":1.0,"end_s":2.0},{"text":"aspirin","start_s":3.0,"end_s":4.0}]"#;
        let s = score(
            &clip,
            &heard(&format!(r#"{{"text":"aspirin aspirin","words":{words}}}"#)),
        );
        let sum = Sum::of([&s]);
        assert_eq!((sum.terms_right, sum.terms), (1, 2));
        assert_eq!(
            (sum.transcript.insertions, sum.transcript.deletions),
            (1, 1)
        );
    }

    #[test]
    fn each_domain_has_its_conditions_and_a_sum() {
        let scores: Vec<ClipScore> = [("a", "clean"), ("a", "babble"), ("b", "clean")]
            .iter()
            .map(|(domain, condition)| {
                let mut c = clip(condition, vec![dictation("x", None, &[])]);
                c.domain = (*domain).into();
                score(&c, &heard(r#"{"text":"x"}"#))
            })
            .collect();
        let rows: Vec<(Option<String>, Option<String>, usize)> = groups(&scores)
            .into_iter()
            .map(|g| (g.domain, g.condition, g.sum.clips))
            .collect();
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(
            rows,
            [
                (some("a"), some("clean"), 1),
                (some("a"), some("babble"), 1),
                (some("a"), None, 2),
                (some("b"), some("clean"), 1),
                (some("b"), None, 1),
                (None, None, 3),
            ]
        );
    }
}
