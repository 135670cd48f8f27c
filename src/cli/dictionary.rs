//! `osler dictionary`: is it a word, what may it have been, how much is in the set.

use super::exit::{Code, Failure};
use crate::config::Config;
use crate::dictionary::index::{Index, Known};
use crate::dictionary::load::{FILES, Tables};
use clap::Subcommand;
use std::io::Write;

/// The questions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what each word or term is; exit code 1 if one of them is in no dictionary
    Check {
        /// Words, or terms in quotes
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Terms that sound and look most like a word or a phrase
    Suggest {
        /// The words as heard
        #[arg(required = true)]
        words: Vec<String>,
        /// How many
        #[arg(short, default_value_t = 5)]
        n: usize,
    },
    /// How many entries each file has, and the version of the set
    Stats,
}

/// Answers on stdout, one line each, columns parted by tabs.
pub fn run(config: &Config, command: &Command) -> Result<(), Failure> {
    let index = Index::new(Tables::open(config.dictionaries.as_deref())?);
    let mut out = std::io::stdout().lock();
    match command {
        Command::Check { words } => {
            let mut unknown = Vec::new();
            for word in words {
                let answer = describe(&index, word);
                if answer.is_none() {
                    unknown.push(word.as_str());
                }
                let answer = answer.unwrap_or_else(|| "unknown".into());
                writeln!(out, "{word}\t{answer}")?;
            }
            if !unknown.is_empty() {
                return Err(Failure::new(
                    Code::Failed,
                    format!("in no dictionary: {}", unknown.join(", ")),
                ));
            }
        }
        Command::Suggest { words, n } => {
            for suggestion in index.suggest(&words.join(" "), *n) {
                writeln!(out, "{}\t{:.2}", suggestion.text, suggestion.score)?;
            }
        }
        Command::Stats => {
            for file in FILES {
                writeln!(out, "{}\t{}", file.name(), index.tables().table(file).len())?;
            }
            writeln!(
                out,
                "terms and words that suggestions come from\t{}",
                index.target_count()
            )?;
            writeln!(out, "version\t{}", index.version())?;
        }
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
