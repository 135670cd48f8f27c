//! `osler eval`: measures on a manifest of recordings and prints the figures.

use crate::cli::exit::{Code, Failure};
use crate::config::Config;
use crate::dictionary::index::Index;
use crate::dictionary::load::Tables;
use crate::domain::recognition::Recognition;
use crate::eval::child::{self, Program};
use crate::eval::compare::{Difference, compare};
use crate::eval::flags::{self, Caught};
use crate::eval::hypothesis::{Outcome, parse_many};
use crate::eval::manifest::{self, Clip};
use crate::eval::score::{ClipScore, Group, Sum, groups, score};
use crate::eval::table::{figure, table};
use crate::text::{RULES, Setup};
use crate::workflow::redraft::{Material, redraft};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Measure on a manifest of recordings: word errors, must-be-right terms, reports, silence, speed, memory
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The list of recordings with their reference texts (JSON lines)
    manifest: PathBuf,
    /// Only the first N clips
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Only clips whose id, domain, condition or kind contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print one JSON document with every clip instead of the table
    #[arg(long)]
    json: bool,
    /// Score these results ({id, text, words?, elapsed_s?, wall_s?, peak_memory_bytes?} a line) and run nothing
    #[arg(long, value_name = "FILE.jsonl")]
    hypotheses: Option<PathBuf>,
    /// With --hypotheses: make report and findings again from the saved words, with the rules of this program
    #[arg(long, requires = "hypotheses")]
    redraft: bool,
    /// With --redraft: leave out these rules of the text pass, and "dictionary" the dictionary's corrections, to see what
    /// they do
    #[arg(
        long,
        value_name = "RULE,...",
        value_delimiter = ',',
        requires = "redraft"
    )]
    without: Vec<String>,
    /// Compare with these results (a saved run or another tool's): differences with a 95 % interval
    #[arg(long, value_name = "FILE.jsonl")]
    against: Option<PathBuf>,
    /// Keep what was recognised (with --redraft: the new reports), to score or compare it later without running again
    #[arg(long, value_name = "FILE.jsonl")]
    save: Option<PathBuf>,
    /// Model, as for transcribe
    #[arg(long)]
    model: Option<String>,
    /// Language, as for transcribe
    #[arg(long)]
    language: Option<String>,
    /// Threads, as for transcribe
    #[arg(long)]
    threads: Option<usize>,
    /// Program that is run as `PROGRAM transcribe --format json FILE`; this one by default
    #[arg(long, hide = true, env = "OSLER_EVAL_PROGRAM")]
    program: Option<PathBuf>,
}

/// How common a word may be that counts as a drug when wrong drugs are counted (log10 per 10^9 words): "today" and
/// "choice" are brands too.
const EVERYDAY: f32 = 4.0;

/// Measures and prints.
///
/// # Errors
/// Code 2 for a manifest or results that cannot be read, 3 if a recording gave no result.
pub fn run(args: Args, config: &Config) -> Result<(), Failure> {
    let mut clips = manifest::load(&args.manifest).map_err(usage)?;
    if let Some(filter) = &args.filter {
        clips.retain(|c| {
            [&c.id, &c.domain, &c.condition, &c.kind]
                .iter()
                .any(|s| s.contains(filter.as_str()))
        });
    }
    clips.truncate(args.limit.unwrap_or(usize::MAX));
    if clips.is_empty() {
        return Err(usage(format!(
            "{}: no clip to measure; check --filter and --limit",
            args.manifest.display()
        )));
    }
    let other = args
        .against
        .as_deref()
        .map(|file| parse_results(file, &read(file)?))
        .transpose()?;
    let index = Index::new(Tables::open(config.dictionaries.as_deref())?);
    let is_drug = |word: &str| {
        index
            .term(word)
            .is_some_and(|t| t.category.is_drug() && t.zipf < EVERYDAY)
    };
    let scores = match &args.hypotheses {
        Some(file) => {
            let mut text = read(file)?;
            if args.redraft {
                text = redrafted(file, &text, &index, &args.without)?;
                if let Some(save) = &args.save {
                    std::fs::write(save, &text)
                        .map_err(|e| usage(format!("{}: {e}", save.display())))?;
                }
            } else if args.save.is_some() {
                return Err(usage("--save with --hypotheses needs --redraft"));
            }
            score_results(&clips, &parse_results(file, &text)?, &is_drug)
        }
        None => measure(
            &clips,
            &program(&args, config)?,
            args.save.as_deref(),
            &is_drug,
        )?,
    };
    let differences = other.map(|mut results| {
        // What the other has no result for is not compared: it may have been run on a part.
        let both: Vec<Clip> = clips
            .iter()
            .filter(|c| results.contains_key(&c.id))
            .cloned()
            .collect();
        results.retain(|id, _| both.iter().any(|c| c.id == *id));
        compare(&scores, &score_results(&both, &results, &is_drug))
    });
    let groups = groups(&scores);
    let mut out = std::io::stdout().lock();
    if args.json {
        let document = serde_json::json!({
            "schema": 1,
            "manifest": args.manifest,
            "groups": groups.iter().map(group_json).collect::<Vec<_>>(),
            "differences": differences,
            "clips": scores,
        });
        writeln!(out, "{document}")?;
    } else {
        write!(out, "{}", show(&groups, differences.as_deref()))?;
    }
    let failed: Vec<&ClipScore> = scores.iter().filter(|s| s.error.is_some()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let mut message = format!(
        "{} of {} clips gave no result and count as nothing recognised:",
        failed.len(),
        scores.len()
    );
    for clip in failed {
        let why = clip.error.as_deref().unwrap_or_default();
        message.push_str(&format!("\n  {}: {why}", clip.id));
    }
    Err(Failure::new(Code::Input, message))
}

fn usage(e: impl ToString) -> Failure {
    Failure::new(Code::Usage, e.to_string())
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|e| usage(format!("{}: {e}", file.display())))
}

fn parse_results(file: &Path, text: &str) -> Result<HashMap<String, Outcome>, Failure> {
    parse_many(text).map_err(|(line, e)| usage(format!("{}, line {line}: {e}", file.display())))
}

/// What [`Args::without`] calls the dictionary's corrections.
const DICTIONARY: &str = "dictionary";

/// The saved results with report and findings made again; lines without words (another tool, a failure) stay.
fn redrafted(
    file: &Path,
    text: &str,
    index: &Index,
    without: &[String],
) -> Result<String, Failure> {
    let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    let unknown =
        (without.iter()).find(|name| *name != DICTIONARY && !names.contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(usage(format!(
            "there is no rule {name:?} to leave out; there are {DICTIONARY}, {}",
            names.join(", ")
        )));
    }
    let with = Material {
        setup: Setup {
            without,
            ..Setup::default()
        },
        ..Material::new(index)
    };
    let mut out = String::new();
    for (n, line) in text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty())
    {
        let at = |e: serde_json::Error| usage(format!("{}, line {}: {e}", file.display(), n + 1));
        let mut value: serde_json::Value = serde_json::from_str(line).map_err(at)?;
        if value.get("transcript").is_some() {
            let mut heard: Recognition = serde_json::from_value(value.clone()).map_err(at)?;
            if without.iter().any(|name| name == DICTIONARY) {
                heard.transcript.edits.clear();
                heard.transcript.text.clone_from(&heard.raw.text);
                value["transcript"] = serde_json::to_value(&heard.transcript).map_err(at)?;
            }
            let again = redraft(heard, &with);
            value["report"] = serde_json::to_value(&again.report).map_err(at)?;
            value["findings"] = serde_json::to_value(&again.findings).map_err(at)?;
        }
        out.push_str(&value.to_string());
        out.push('\n');
    }
    Ok(out)
}

fn score_results(
    clips: &[Clip],
    results: &HashMap<String, Outcome>,
    is_drug: &dyn Fn(&str) -> bool,
) -> Vec<ClipScore> {
    let none = Err("no line for this clip".to_owned());
    clips
        .iter()
        .map(|clip| {
            let outcome = results.get(&clip.id).unwrap_or(&none);
            let mut scored = score(clip, outcome);
            flags::mark(&mut scored, clip, outcome, is_drug);
            scored
        })
        .collect()
}

fn program(args: &Args, config: &Config) -> Result<Program, Failure> {
    let path = match &args.program {
        Some(path) => path.clone(),
        None => std::env::current_exe()?,
    };
    let mut arguments = vec![
        "--model".into(),
        args.model.as_ref().unwrap_or(&config.model).into(),
        "--language".into(),
        args.language.as_ref().unwrap_or(&config.language).into(),
    ];
    let threads = args.threads.unwrap_or(config.threads);
    if threads > 0 {
        arguments.extend(["--threads".into(), threads.to_string().into()]);
    }
    Ok(Program {
        path,
        arguments,
        environment: vec![
            ("OSLER_MODELS", config.models.clone().into()),
            ("OSLER_DATA", config.data.clone().into()),
        ],
    })
}

fn measure(
    clips: &[Clip],
    program: &Program,
    save: Option<&Path>,
    is_drug: &dyn Fn(&str) -> bool,
) -> Result<Vec<ClipScore>, Failure> {
    let mut saved = save
        .map(|file| {
            std::fs::File::create(file).map_err(|e| usage(format!("{}: {e}", file.display())))
        })
        .transpose()?;
    // Hidden by itself where stderr is not a terminal.
    let bar = ProgressBar::new(clips.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {wide_bar} {eta} {msg}") {
        bar.set_style(style);
    }
    let mut scores = Vec::with_capacity(clips.len());
    for clip in clips {
        bar.set_message(clip.id.clone());
        let mut run = child::run(program, &clip.file);
        let mut clip_score = score(clip, &run.outcome);
        flags::mark(&mut clip_score, clip, &run.outcome, is_drug);
        if let Some(file) = &mut saved {
            // A program that died has no line of its own, but the clip must not vanish from the file.
            let mut line = match run.line.take() {
                Some(line) if line.is_object() => line,
                _ => serde_json::json!({}),
            };
            line["id"] = clip.id.clone().into();
            line["wall_s"] = run.wall_s.into();
            if let Some(why) = clip_score
                .error
                .as_ref()
                .filter(|_| line["error"].is_null())
            {
                line["error"] = serde_json::json!({"code": "failed", "message": why});
            }
            writeln!(file, "{line}")?;
        }
        scores.push(clip_score);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(scores)
}

fn group_json(group: &Group) -> serde_json::Value {
    let sum = &group.sum;
    serde_json::json!({
        "domain": group.domain,
        "condition": group.condition,
        "counts": sum,
        "wer_percent": sum.transcript.percent(),
        "wer_raw_percent": sum.raw.percent(),
        "term_recall_percent": sum.term_recall(),
        "report_errors_per_100_words": sum.report.words.percent(),
        "mark_errors_per_100_marks": sum.report.mark_percent(),
        "heading_recall_percent": sum.report.heading_recall(),
        "heading_precision_percent": sum.report.heading_precision(),
        "flags_per_200_words_median": sum.flags_per_200_words(),
        "flag_precision_percent": sum.flags.precision(),
        "flag_recall_percent": sum.flags.recall(),
        "speed": sum.speed(),
        "engine_speed": sum.engine_speed(),
    })
}

fn show(groups: &[Group], differences: Option<&[Difference]>) -> String {
    let head = [
        "domain",
        "condition",
        "clips",
        "failed",
        "WER",
        "raw",
        "terms right",
        "%",
        "report",
        "marks",
        "headings",
        "silence",
        "speed",
        "engine",
        "MB",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    rows.extend(groups.iter().map(row));
    let mut out = table(2, &rows);
    out.push_str(
        "\nWER, raw: word errors per 100 words after and before corrections. terms right: must-be-right terms in the \
         report.\nreport: word errors per 100 words of the reference report; marks: punctuation errors per 100 marks; \
         headings: found/precise, %.\nsilence: words where nothing is said. speed: seconds of recording per second of \
         wall time; engine: without start and load. MB: peak.\n",
    );
    out.push_str(&show_flags(groups));
    if let Some(differences) = differences {
        let head = [
            "domain",
            "condition",
            "rate, %",
            "drawn",
            "this",
            "other",
            "difference",
            "95 % interval",
            "",
        ];
        let mut rows = vec![head.map(String::from).to_vec()];
        let all = |name: &Option<String>| name.clone().unwrap_or_else(|| "all".into());
        // Everything once per domain; of a condition what was heard: it has too few terms and reports.
        let widest = |d: &Difference| {
            d.condition.is_none()
                || !differences
                    .iter()
                    .any(|o| o.domain == d.domain && o.condition.is_none())
        };
        let shown = differences
            .iter()
            .filter(|d| d.figure == "WER raw" || widest(d));
        rows.extend(shown.map(|d| {
            vec![
                all(&d.domain),
                all(&d.condition),
                d.figure.into(),
                d.units.to_string(),
                format!("{:.1}", d.this),
                format!("{:.1}", d.other),
                format!("{:+.2}", d.difference),
                format!("{:+.2} to {:+.2}", d.low, d.high),
                d.flag.unwrap_or_default().into(),
            ]
        }));
        out.push('\n');
        out.push_str(&table(3, &rows));
        out.push_str(
            "\ndifference: this less other, below 0 is better. drawn: sentences (WER) or texts that the interval is drawn \
             from, by a paired bootstrap.\n",
        );
    }
    out
}

/// The flags, where any dictation has findings.
fn show_flags(groups: &[Group]) -> String {
    let head = [
        "domain",
        "condition",
        "texts",
        "flags",
        "per 200",
        "right",
        "%",
        "notes",
        "drugs",
        "doses",
        "sides",
        "negations",
        "caught",
        "%",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for group in groups.iter().filter(|g| !g.sum.flag_rates.is_empty()) {
        let sum = &group.sum;
        let flags = &sum.flags;
        let caught = |c: Caught| format!("{}/{}", c.flagged, c.wrong);
        rows.push(vec![
            group.domain.clone().unwrap_or_else(|| "all".into()),
            group.condition.clone().unwrap_or_else(|| "all".into()),
            sum.flag_rates.len().to_string(),
            flags.flags.to_string(),
            figure(sum.flags_per_200_words()),
            flags.right.to_string(),
            figure(flags.precision()),
            flags.notes.to_string(),
            caught(flags.drugs),
            caught(flags.doses),
            caught(flags.sides),
            caught(flags.negations),
            caught(flags.dangerous()),
            figure(flags.recall()),
        ]);
    }
    if rows.len() == 1 {
        return String::new();
    }
    format!(
        "\n{}\nflags: places a reviewer is asked to look at; per 200: words said without spoken marks, median of the dictations; right: at \
         least one word there is\nwrong; notes: information only. drugs, doses, sides, negations: of those that came out \
         otherwise, how many are flagged.\n",
        table(2, &rows)
    )
}

fn row(group: &Group) -> Vec<String> {
    let sum: &Sum = &group.sum;
    let none = || "-".to_owned();
    let headings = match (sum.report.heading_recall(), sum.report.heading_precision()) {
        (None, None) => none(),
        (recall, precision) => {
            let whole = |v: Option<f64>| v.map_or_else(none, |v| format!("{v:.0}"));
            format!("{}/{}", whole(recall), whole(precision))
        }
    };
    vec![
        group.domain.clone().unwrap_or_else(|| "all".into()),
        group.condition.clone().unwrap_or_else(|| "all".into()),
        sum.clips.to_string(),
        sum.failed.to_string(),
        figure(sum.transcript.percent()),
        figure(sum.raw.percent()),
        match sum.terms {
            0 => none(),
            all => format!("{}/{all}", sum.terms_right),
        },
        figure(sum.term_recall()),
        figure(sum.report.words.percent()),
        figure(sum.report.mark_percent()),
        headings,
        match sum.silent {
            0 => none(),
            _ => sum.words_on_silence.to_string(),
        },
        figure(sum.speed()),
        figure(sum.engine_speed()),
        sum.peak_memory_bytes
            .map_or_else(none, |bytes| (bytes / 1_000_000).to_string()),
    ]
}
