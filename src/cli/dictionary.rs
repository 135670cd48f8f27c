//! `osler dictionary`: is it a word, what may it have been, how much is in the set, and the layers that lie over it.

use super::common::{NOBODY, with_app};
use super::exit::{Code, Failure};
use crate::app::App;
use crate::config::Config;
use crate::dictionary::index::{Index, Known};
use crate::dictionary::load::{FILES, Tables};
use crate::domain::audit::Actor;
use crate::domain::layer::{Layer, LayerKind, LocalKind};
use crate::store::{FILE_NAME, Opening, RevokeLocal, StoredLocal};
use crate::workflow::layers::{self, Given, List, Verdict};
use crate::workflow::learned as learned_rules;
use crate::workflow::people::users;
use clap::Subcommand;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `osler dictionary ...`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what each word or term is; exit code 1 if one of them is in no dictionary
    Check {
        /// Words, or terms in quotes
        #[arg(required = true)]
        words: Vec<String>,
        /// A layer to ask in, or to act on.
        #[command(flatten)]
        with: With,
    },
    /// Terms that sound and look most like a word or a phrase
    Suggest {
        /// The words as heard
        #[arg(required = true)]
        words: Vec<String>,
        /// How many
        #[arg(short, default_value_t = 5)]
        n: usize,
        /// A layer to ask in, or to act on.
        #[command(flatten)]
        with: With,
    },
    /// Add a word, a name, or a wording for what is heard
    ///
    /// A term is offered where it may have been said. A name is left alone wherever it is heard. A replacement is offered
    /// wherever exactly these words were heard, and stands in the report where the sound agrees.
    Add {
        /// As a report writes it inside a sentence
        written: String,
        /// The layer.
        #[command(flatten)]
        layer: Which,
        /// It is the name of a person, a place or an institution
        #[arg(long, conflicts_with_all = ["heard", "spoken", "category"])]
        name: bool,
        /// It replaces these words when they are heard
        #[arg(long, value_name = "WORDS", conflicts_with_all = ["spoken", "category"])]
        heard: Option<String>,
        /// How it is said, in ordinary spelling, where that is not plain
        #[arg(long, value_name = "WORDS")]
        spoken: Option<String>,
        /// What it is, for example drug.brand, disease, anatomy, procedure, device, lab
        #[arg(long)]
        category: Option<String>,
        /// Who does it.
        #[command(flatten)]
        by: By,
    },
    /// Add the lines of a word list; exit code 3 if some of them are no entries
    ///
    /// One word or phrase on a line; empty lines and lines that begin with # are passed over, and so is what the base set
    /// or the layer has already. What `export` writes is read with its columns.
    Import {
        /// Text file, UTF-8
        file: PathBuf,
        /// The layer.
        #[command(flatten)]
        layer: Which,
        /// The lines are names of people, places or institutions
        #[arg(long, conflicts_with = "category")]
        names: bool,
        /// What they are, for example drug.brand
        #[arg(long)]
        category: Option<String>,
        /// Store nothing; print what would become of each line: verdict, line, text, why
        #[arg(long)]
        preview: bool,
        /// Who does it.
        #[command(flatten)]
        by: By,
    },
    /// Print a layer as a list that `import` reads
    Export {
        /// The layer.
        #[command(flatten)]
        layer: Which,
    },
    /// How many entries each file has, the version of the set, and the layers: whose, kind, in force, taken back
    Stats,
    /// Print entries with their numbers, who added them and when, and who took them back
    List {
        /// A layer to ask in, or to act on.
        #[command(flatten)]
        with: With,
        /// Those that were taken back too
        #[arg(long)]
        revoked: bool,
    },
    /// Corrections that physicians' signed reports teach: look at what a rule would have done, accept, decline
    #[command(subcommand)]
    Learned(Learned),
    /// Take entries back; they stay in the list of what was taken back
    Undo {
        /// Numbers of entries, as `list` prints them
        #[arg(value_name = "ENTRY")]
        entries: Vec<i64>,
        /// Everything that came with this change, for example a list that was imported
        #[arg(long, value_name = "CHANGE", conflicts_with = "entries")]
        change: Option<i64>,
        /// Everything of the layer
        #[arg(long, requires = "layer", conflicts_with_all = ["entries", "change"])]
        all: bool,
        /// A layer to ask in, or to act on.
        #[command(flatten)]
        with: With,
        /// Who does it.
        #[command(flatten)]
        by: By,
    },
}

/// `osler dictionary learned ...`.
#[derive(Debug, Subcommand)]
pub enum Learned {
    /// Print each correction that was seen at three places: number, physician, heard, written, places, reports, state,
    /// signed reports tried, places right, places that a rule would have made worse
    List {
        /// User name of the physician whose reports teach it
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
    },
    /// Print the places that a rule would have made worse: record number, heard, signed
    Show {
        /// Its number, as `list` prints it
        number: i64,
    },
    /// Make a rule of it, in the physician's layer, where `undo` takes it back
    Accept {
        /// Its number, as `list` prints it
        number: i64,
        /// How many places it would have made worse, as `list` prints it
        #[arg(long, value_name = "PLACES", default_value_t = 0)]
        despite: usize,
        /// Who does it.
        #[command(flatten)]
        by: By,
    },
    /// Say that no rule is to be made of it
    Decline {
        /// Its number, as `list` prints it
        number: i64,
        /// Who does it.
        #[command(flatten)]
        by: By,
    },
}

/// A layer.
#[derive(Debug, Clone, clap::Args)]
pub struct Which {
    /// site, specialty, physician or patient
    #[arg(long, value_parser = layer_kind)]
    layer: LayerKind,
    /// Whose it is: name of the specialty, user name of the physician, record number of the patient
    #[arg(long)]
    owner: Option<String>,
}

/// A layer, or none.
#[derive(Debug, Clone, clap::Args)]
pub struct With {
    /// site, specialty, physician or patient; for a question: this layer and those beneath it
    #[arg(long, value_parser = layer_kind)]
    layer: Option<LayerKind>,
    /// Whose it is: name of the specialty, user name of the physician, record number of the patient
    #[arg(long, requires = "layer")]
    owner: Option<String>,
}

/// Who does it.
#[derive(Debug, Clone, clap::Args)]
pub struct By {
    /// Who does it: a user name, for the audit trail
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
}

fn layer_kind(typed: &str) -> Result<LayerKind, String> {
    typed
        .parse()
        .map_err(|_| "a layer is site, specialty, physician or patient".into())
}

impl Which {
    async fn find(&self, app: &App) -> Result<Layer, Failure> {
        Ok(layers::find(app, self.layer, self.owner.as_deref()).await?)
    }
}

impl With {
    async fn find(&self, app: &App) -> Result<Option<Layer>, Failure> {
        match self.layer {
            None => Ok(None),
            Some(kind) => Ok(Some(layers::find(app, kind, self.owner.as_deref()).await?)),
        }
    }
}

impl By {
    async fn actor(&self, app: &App) -> Result<Actor, Failure> {
        match &self.user {
            None => Ok(Actor::cli(NOBODY)),
            Some(name) => Ok(Actor::cli(users::find(app, name).await?.username)),
        }
    }
}

/// Runs the command.
pub fn run(config: &Config, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Check { words, with } => check(&index(config, with)?, words),
        Command::Suggest { words, n, with } => {
            let index = index(config, with)?;
            let mut out = std::io::stdout().lock();
            for suggestion in index.suggest(&words.join(" "), *n) {
                writeln!(out, "{}\t{:.2}", suggestion.text, suggestion.score)?;
            }
            Ok(())
        }
        Command::Add {
            written,
            layer,
            name,
            heard,
            spoken,
            category,
            by,
        } => {
            let kind = match (name, heard) {
                (true, _) => LocalKind::Name,
                (_, Some(_)) => LocalKind::Replacement,
                _ => LocalKind::Term,
            };
            let given = Given {
                kind,
                written,
                spoken: heard.as_deref().or(spoken.as_deref()),
                category: category.as_deref(),
            };
            add(config, layer, given, by)
        }
        Command::Import {
            file,
            layer,
            names,
            category,
            preview,
            by,
        } => {
            let text = read(file)?;
            let list = List {
                text: &text,
                kind: if *names {
                    LocalKind::Name
                } else {
                    LocalKind::Term
                },
                category: category.as_deref(),
            };
            import(config, layer, list, *preview, by).and_then(|invalid| complain(file, invalid))
        }
        Command::Export { layer } => existing(config, async |app| {
            let layer = layer.find(app).await?;
            let text = layers::export(app, &layer).await?;
            Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
        }),
        Command::Stats => stats(config),
        Command::List { with, revoked } => existing(config, async |app| {
            let layer = with.find(app).await?;
            let entries = layers::list(app, layer.as_ref(), *revoked).await?;
            list(&entries)
        }),
        Command::Learned(command) => existing(config, async |app| learned(app, command).await),
        Command::Undo {
            entries,
            change,
            all,
            with,
            by,
        } => existing(config, async |app| {
            let which = match (with.find(app).await?, *all, *change) {
                (Some(layer), true, _) => RevokeLocal::Layer(layer),
                (Some(_), false, _) => {
                    return Err(usage(
                        "--layer goes with --all; entries are named by their numbers",
                    ));
                }
                (None, _, Some(change)) => RevokeLocal::Change(change),
                (None, _, None) if !entries.is_empty() => RevokeLocal::Entries(entries.clone()),
                (None, _, None) => {
                    return Err(usage(
                        "say what to take back: numbers of entries, --change, or --all with --layer",
                    ));
                }
            };
            let undone = layers::undo(app, which, &by.actor(app).await?).await?;
            writeln!(std::io::stdout().lock(), "taken back\t{undone}")?;
            Ok(())
        }),
    }
}

async fn learned(app: &App, command: &Learned) -> Result<(), Failure> {
    match command {
        Learned::List { owner } => {
            let physician = match owner {
                Some(name) => Some(users::physician(app, Some(name)).await?.id),
                None => None,
            };
            let offers = learned_rules::offers(app, physician).await?;
            let mut out = std::io::stdout().lock();
            for offer in offers {
                let (learned, trial) = (&offer.learned, &offer.trial);
                let state = match &learned.decided {
                    None => "open",
                    Some((true, ..)) if learned.in_force => "accepted",
                    Some((true, ..)) => "taken back",
                    Some((false, ..)) => "declined",
                };
                writeln!(
                    out,
                    "{}\t{}\t{}\t{}\t{}\t{}\t{state}\t{}\t{}\t{}",
                    learned.id,
                    offer.physician.username,
                    learned.pair.heard,
                    learned.pair.written,
                    learned.places,
                    learned.reports,
                    trial.reports,
                    trial.right,
                    trial.worse.len()
                )?;
            }
        }
        Learned::Show { number } => {
            let offer = learned_rules::offer(app, *number).await?;
            let mut out = std::io::stdout().lock();
            for (mrn, place) in &offer.trial.worse {
                writeln!(out, "{mrn}\t{}\t{}", place.heard, place.signed)?;
            }
        }
        Learned::Accept {
            number,
            despite,
            by,
        } => {
            let offer = learned_rules::offer(app, *number).await?;
            let actor = by.actor(app).await?;
            learned_rules::accept(app, &offer, *despite, &actor).await?;
            writeln!(std::io::stdout().lock(), "accepted\t{number}")?;
        }
        Learned::Decline { number, by } => {
            let offer = learned_rules::offer(app, *number).await?;
            learned_rules::decline(app, &offer, &by.actor(app).await?).await?;
            writeln!(std::io::stdout().lock(), "declined\t{number}")?;
        }
    }
    Ok(())
}

fn usage(message: &str) -> Failure {
    Failure::new(Code::Usage, message)
}

fn existing(
    config: &Config,
    command: impl AsyncFnOnce(&App) -> Result<(), Failure>,
) -> Result<(), Failure> {
    with_app(config.clone(), Opening::Existing, command)
}

fn base(config: &Config) -> Result<Index, Failure> {
    Ok(Index::new(Tables::open(config.dictionaries.as_deref())?))
}

/// The base set, with a layer and those beneath it where one is named; without one no database is needed.
fn index(config: &Config, with: &With) -> Result<Index, Failure> {
    let base = base(config)?;
    if with.layer.is_none() {
        return Ok(base);
    }
    with_app(config.clone(), Opening::Existing, async |app| {
        let chain = match with.find(app).await? {
            Some(layer) => layers::beneath(app, layer).await?,
            None => Vec::new(),
        };
        let background = layers::background(app, chain, app.clock.today()).await?;
        Ok(layers::over(&base, &background))
    })
}

fn check(index: &Index, words: &[String]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let mut unknown = Vec::new();
    for word in words {
        let answer = describe(index, word);
        if answer.is_none() {
            unknown.push(word.as_str());
        }
        let answer = answer.unwrap_or_else(|| "unknown".into());
        writeln!(out, "{word}\t{answer}")?;
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Code::Failed,
        format!("in no dictionary: {}", unknown.join(", ")),
    ))
}

fn add(config: &Config, layer: &Which, given: Given<'_>, by: &By) -> Result<(), Failure> {
    let base = base(config)?;
    existing(config, async |app| {
        let layer = layer.find(app).await?;
        let actor = by.actor(app).await?;
        let change = layers::add(app, &layer, given, &base, None, &actor).await?;
        writeln!(std::io::stdout().lock(), "added\tchange {change}")?;
        Ok(())
    })
}

fn read(file: &Path) -> Result<String, Failure> {
    let unusable =
        |reason: String| Failure::new(Code::Input, format!("{}: {reason}", file.display()));
    let bytes = std::fs::read(file).map_err(|e| unusable(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| {
        let before = e.utf8_error().valid_up_to();
        let line = 1 + e.as_bytes()[..before]
            .iter()
            .filter(|b| **b == b'\n')
            .count();
        unusable(format!("line {line} is not UTF-8; save the list as UTF-8"))
    })
}

/// Imports a list, or shows what would become of it; how many lines are no entries.
fn import(
    config: &Config,
    layer: &Which,
    list: List<'_>,
    preview_only: bool,
    by: &By,
) -> Result<usize, Failure> {
    let base = base(config)?;
    with_app(config.clone(), Opening::Existing, async |app| {
        let layer = layer.find(app).await?;
        let actor = by.actor(app).await?;
        let preview = layers::preview(app, &layer, list, &base).await?;
        let count = |verdict| preview.count(verdict);
        let (new, known, invalid) = (
            count(Verdict::New),
            count(Verdict::Known),
            count(Verdict::Invalid),
        );
        let mut out = std::io::stdout().lock();
        for line in &preview.lines {
            if preview_only || line.verdict == Verdict::Invalid {
                let verdict = line.verdict.as_str();
                writeln!(
                    out,
                    "{verdict}\t{}\t{}\t{}",
                    line.number, line.text, line.why
                )?;
            }
        }
        if preview_only {
            eprintln!("osler: {new} new, {known} known, {invalid} invalid; nothing was stored");
            return Ok(invalid);
        }
        let done = layers::import(app, &layer, preview, &actor).await?;
        match done.change {
            Some(change) => writeln!(out, "added\tchange {change}\t{} entries", done.added)?,
            None => writeln!(out, "added\tnothing")?,
        }
        eprintln!("osler: {new} new, {known} known, {invalid} invalid");
        Ok(invalid)
    })
}

fn complain(file: &Path, invalid: usize) -> Result<(), Failure> {
    if invalid == 0 {
        return Ok(());
    }
    Err(Failure::new(
        Code::Input,
        format!(
            "{}: {invalid} lines are no entries, see above; correct them and import the list again",
            file.display()
        ),
    ))
}

fn stats(config: &Config) -> Result<(), Failure> {
    let index = base(config)?;
    let mut out = std::io::stdout().lock();
    for file in FILES {
        writeln!(out, "{}\t{}", file.name(), index.tables().table(file).len())?;
    }
    writeln!(
        out,
        "terms and words that suggestions come from\t{}",
        index.target_count()
    )?;
    writeln!(out, "version\t{}", index.version())?;
    drop(out);
    // The base set can be asked about before there is a practice.
    if !config.data.join(FILE_NAME).exists() {
        return Ok(());
    }
    existing(config, async |app| {
        let counts = layers::stats(app).await?;
        let mut out = std::io::stdout().lock();
        for (count, owner) in counts {
            writeln!(
                out,
                "layer {}\t{owner}\t{}\t{}\t{}",
                count.layer.kind().as_str(),
                count.kind.as_str(),
                count.in_force,
                count.revoked
            )?;
        }
        Ok(())
    })
}

fn list(entries: &[(StoredLocal, String)]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "entry\tchange\tlayer\towner\tkind\twritten\tspoken\tcategory\torigin\tadded_by\tadded_at\trevoked_by\trevoked_at"
    )?;
    for (stored, owner) in entries {
        let entry = &stored.entry;
        let (revoked_by, revoked_at) = match &stored.revoked {
            Some((by, at)) => (by.as_str(), at.to_string()),
            None => ("", String::new()),
        };
        writeln!(
            out,
            "{}\t{}\t{}\t{owner}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{revoked_by}\t{revoked_at}",
            stored.seq,
            stored.change,
            stored.layer.kind().as_str(),
            entry.kind.as_str(),
            entry.written,
            entry.spoken.as_deref().unwrap_or(""),
            entry.category,
            stored.origin.as_str(),
            stored.added.0,
            stored.added.1
        )?;
    }
    Ok(())
}

/// What it is in words, or nothing if it is unknown.
fn describe(index: &Index, word: &str) -> Option<String> {
    let term = match index.known(word) {
        Known::Term(term) => Some(term),
        _ => index.term(word),
    };
    if let Some(term) = term {
        let mut text = format!(
            "{}\t{}, tier {}",
            term.written,
            term.category.as_str(),
            term.tier
        );
        if let Some(generic) = term.generic {
            text.push_str(", generic name ");
            text.push_str(generic);
        }
        return Some(text);
    }
    if word.contains(char::is_whitespace) {
        let known = word.split_whitespace().all(|w| index.known(w) != Known::No);
        return known.then(|| "no term, but every word is known".into());
    }
    let text = match index.known(word) {
        Known::Term(_) | Known::No => return None,
        Known::English { zipf: 0.0 } => "English".into(),
        Known::English { zipf } => format!("English, frequency {zipf:.1} (log10 per 10^9 words)"),
        Known::Abbreviation => "abbreviation".into(),
        Known::Unit => "unit".into(),
        Known::Rare => "rare English".into(),
        Known::Number => "number or code".into(),
        Known::Letters => "letters".into(),
        Known::Compound => "known words joined".into(),
        Known::Mark => "punctuation".into(),
    };
    Some(text)
}
