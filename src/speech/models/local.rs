//! The models folder: finding a file, knowing its sum, and telling whether it is the right one.
//!
//! The sum of 80 MB costs a tenth of a second, so it is kept in a note beside the file (`ggml-base-q8_0.bin.json`),
//! together with where the file came from, and computed again whenever the file's length or times have changed. The note is
//! only a memory: a folder that cannot be written works without.

use super::ModelError;
use super::manifest::{Expected, Manifest};
use crate::speech::engine::SpeechError;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A model that is there and is what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// Name of the model, for example "base".
    pub name: String,
    /// The file to load.
    pub path: PathBuf,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// Both sums of a file, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// SHA-256.
    pub sha256: String,
    /// SHA-1, which whisper.cpp publishes.
    pub sha1: String,
}

/// Adds up both sums of what passes through.
#[derive(Default)]
pub struct Summing {
    sha256: Sha256,
    sha1: Sha1,
}

impl Summing {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.sha1.update(bytes);
    }

    /// The sums of everything that was taken.
    pub fn finish(self) -> Sums {
        Sums {
            sha256: hex(&self.sha256.finalize()),
            sha1: hex(&self.sha1.finalize()),
        }
    }
}

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Sums {
    /// Sums of a whole file.
    pub fn of(path: &Path) -> io::Result<Self> {
        let mut summing = Summing::default();
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(summing.finish()),
                n => summing.update(&buffer[..n]),
            }
        }
    }

    /// The first expected sum that differs: algorithm, expected, actual.
    pub fn differs(&self, expected: &Expected) -> Option<(&'static str, String, String)> {
        let pairs = [
            ("SHA-256", &expected.sha256, &self.sha256),
            ("SHA-1", &expected.sha1, &self.sha1),
        ];
        pairs.into_iter().find_map(|(name, want, got)| {
            want.as_ref()
                .filter(|want| *want != got)
                .map(|want| (name, want.clone(), got.clone()))
        })
    }
}

/// What is remembered about a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    /// Where it was fetched from; absent where an operator placed it.
    source: Option<String>,
    /// SHA-256 of the float16 file that it was made of.
    made_from: Option<String>,
    /// Length and times of the file when the sums were taken.
    stamp: String,
    #[serde(flatten)]
    sums: Sums,
}

fn note_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// The time of the last change of the inode is in it, because the time of the content can be set at will.
#[cfg(unix)]
fn stamp(m: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(
        "{}-{}.{:09}-{}.{:09}",
        m.len(),
        m.mtime(),
        m.mtime_nsec(),
        m.ctime(),
        m.ctime_nsec()
    )
}

#[cfg(not(unix))]
fn stamp(m: &Metadata) -> String {
    format!("{}-{:?}", m.len(), m.modified().ok())
}

fn read_note(file: &Path) -> Option<Note> {
    let mut text = String::new();
    File::open(note_path(file))
        .ok()?
        .take(1 << 16)
        .read_to_string(&mut text)
        .ok()?;
    serde_json::from_str(&text).ok()
}

fn write_note(file: &Path, note: &Note) -> io::Result<()> {
    let path = note_path(file);
    let mut temporary = path.clone().into_os_string();
    temporary.push(format!(".{}", std::process::id()));
    let mut out = File::create(&temporary)?;
    out.write_all(serde_json::to_string_pretty(note)?.as_bytes())?;
    drop(out);
    fs::rename(&temporary, &path).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// Remembers where a finished file came from. Failing to is no failure: the sums are computed again.
pub fn remember(file: &Path, source: &str, made_from: Option<String>, sums: &Sums) {
    if let Ok(meta) = fs::metadata(file) {
        let note = Note {
            source: Some(source.into()),
            made_from,
            stamp: stamp(&meta),
            sums: sums.clone(),
        };
        let _ = write_note(file, &note);
    }
}

/// Removes a file and what is remembered about it.
pub fn forget(file: &Path) -> io::Result<()> {
    let _ = fs::remove_file(note_path(file));
    fs::remove_file(file)
}

/// Whether a file is what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its SHA-256 is the pinned one.
    Pinned,
    /// Its SHA-1 is the published one.
    Published,
    /// It is still the file that Osler made.
    Recorded,
    /// Nobody knows what it should be.
    Unknown,
    /// It is not: which sum, expected, actual.
    Wrong(&'static str, String, String),
}

fn judge(expected: Option<&Expected>, recorded: Option<&Note>, sums: &Sums) -> Verdict {
    if let Some(expected) = expected {
        if let Some((algorithm, want, got)) = sums.differs(expected) {
            return Verdict::Wrong(algorithm, want, got);
        }
        if expected.sha256.is_some() {
            return Verdict::Pinned;
        }
        if expected.sha1.is_some() {
            return Verdict::Published;
        }
    }
    match recorded {
        Some(note) if note.source.is_some() && note.sums.sha256 != sums.sha256 => {
            Verdict::Wrong("SHA-256", note.sums.sha256.clone(), sums.sha256.clone())
        }
        Some(note) if note.source.is_some() => Verdict::Recorded,
        _ => Verdict::Unknown,
    }
}

/// The sums of a file and what they mean; from the note where `fresh` does not ask for the bytes themselves.
pub fn check(file: &Path, manifest: &Manifest, fresh: bool) -> io::Result<(Sums, Verdict)> {
    let meta = fs::metadata(file)?;
    let recorded = read_note(file);
    let known = recorded
        .as_ref()
        .filter(|note| !fresh && note.stamp == stamp(&meta))
        .map(|note| note.sums.clone());
    let computed = known.is_none();
    let sums = match known {
        Some(sums) => sums,
        None => Sums::of(file)?,
    };
    let name = file
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let verdict = judge(manifest.expected(&name), recorded.as_ref(), &sums);
    if computed && !matches!(verdict, Verdict::Wrong(..)) {
        let note = Note {
            source: recorded.as_ref().and_then(|n| n.source.clone()),
            made_from: recorded.and_then(|n| n.made_from),
            stamp: stamp(&meta),
            sums: sums.clone(),
        };
        let _ = write_note(file, &note);
    }
    Ok((sums, verdict))
}

/// The files that a name may mean, the preferred one first.
fn candidates(name: &str, folder: &Path) -> [PathBuf; 2] {
    [
        folder.join(format!("ggml-{name}-q8_0.bin")),
        folder.join(format!("ggml-{name}.bin")),
    ]
}

/// The file that a name stands for, where there is one; its content is not looked at.
pub fn present(name: &str, folder: &Path) -> Option<PathBuf> {
    candidates(name, folder).into_iter().find(|p| p.is_file())
}

/// Finds the file to load for a name, or takes a path (anything with a separator, or ending in ".bin") as it is. A named
/// file must be the one that the manifest knows; a path is the caller's own choice.
pub fn resolve(name_or_path: &str, folder: &Path) -> Result<ModelFile, SpeechError> {
    let manifest = Manifest::builtin().map_err(|e| SpeechError::Engine(e.to_string()))?;
    resolve_with(name_or_path, folder, &manifest)
}

fn resolve_with(
    name_or_path: &str,
    folder: &Path,
    manifest: &Manifest,
) -> Result<ModelFile, SpeechError> {
    let broken = |path: &Path, reason: String| SpeechError::ModelBroken {
        path: path.display().to_string(),
        reason,
    };
    let as_path = Path::new(name_or_path);
    if as_path.components().count() != 1 || name_or_path.ends_with(".bin") {
        let sums = Sums::of(as_path).map_err(|e| broken(as_path, e.to_string()))?;
        let stem = as_path
            .file_stem()
            .map(|s| s.to_string_lossy())
            .unwrap_or_default();
        return Ok(ModelFile {
            name: stem.strip_prefix("ggml-").unwrap_or(&stem).into(),
            path: as_path.into(),
            sha256: sums.sha256,
        });
    }
    let Some(path) = present(name_or_path, folder) else {
        return Err(SpeechError::ModelMissing {
            name: name_or_path.into(),
            path: candidates(name_or_path, folder)[0].display().to_string(),
        });
    };
    match check(&path, manifest, false) {
        Err(e) => Err(broken(&path, e.to_string())),
        Ok((_, Verdict::Wrong(algorithm, want, got))) => Err(broken(
            &path,
            format!("its {algorithm} sum should be {want} and is {got}"),
        )),
        Ok((sums, _)) => Ok(ModelFile {
            name: name_or_path.into(),
            path,
            sha256: sums.sha256,
        }),
    }
}

/// One checked file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// What that means.
    pub verdict: Verdict,
}

/// Reads every model file of a name, or of the whole folder, and compares its sums with what is known. No file is an
/// empty answer.
pub fn verify(
    name: Option<&str>,
    folder: &Path,
    manifest: &Manifest,
) -> Result<Vec<Verified>, ModelError> {
    let files: Vec<PathBuf> = match name {
        Some(name) => candidates(name, folder)
            .into_iter()
            .filter(|p| p.is_file())
            .collect(),
        None if !folder.exists() => Vec::new(),
        None => {
            let mut files = Vec::new();
            for entry in fs::read_dir(folder).map_err(ModelError::io(folder))? {
                let path = entry.map_err(ModelError::io(folder))?.path();
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
                if name.is_some_and(|n| n.starts_with("ggml-") && n.ends_with(".bin")) {
                    files.push(path);
                }
            }
            files.sort();
            files
        }
    };
    files
        .into_iter()
        .map(|path| {
            let (sums, verdict) = check(&path, manifest, true).map_err(ModelError::io(&path))?;
            Ok(Verified {
                path,
                sha256: sums.sha256,
                verdict,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC_SHA1: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";
    const ABC_SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn manifest() -> Manifest {
        Manifest::parse(&format!(
            "schema = 1\n[[model]]\nname = \"m\"\nlanguages = \"English\"\nlicence = \"MIT\"\n\
             f16 = {{ bytes = 3, sha1 = \"{ABC_SHA1}\" }}\nq8_0 = {{ bytes = 3 }}\nsource = []\n"
        ))
        .unwrap()
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_published_file_placed_by_hand_is_used_and_its_sum_told() {
        let dir = folder();
        fs::write(dir.path().join("ggml-m.bin"), "abc").unwrap();
        let file = resolve_with("m", dir.path(), &manifest()).unwrap();
        assert_eq!(file.name, "m");
        assert_eq!(file.sha256, ABC_SHA256);
    }

    #[test]
    fn the_quantised_file_is_preferred() {
        let dir = folder();
        fs::write(dir.path().join("ggml-m.bin"), "abc").unwrap();
        fs::write(dir.path().join("ggml-m-q8_0.bin"), "q").unwrap();
        let file = resolve_with("m", dir.path(), &manifest()).unwrap();
        assert!(file.path.ends_with("ggml-m-q8_0.bin"));
    }

    #[test]
    fn another_file_under_a_known_name_is_refused_with_both_sums() {
        let dir = folder();
        fs::write(dir.path().join("ggml-m.bin"), "abd").unwrap();
        let message = resolve_with("m", dir.path(), &manifest())
            .unwrap_err()
            .to_string();
        assert!(message.contains(ABC_SHA1), "{message}");
        assert!(
            message.contains("cb4cc28df0fdbe0ecf9d9662e294b118092a5735"),
            "{message}"
        );
    }

    #[test]
    fn a_changed_file_gets_a_new_sum_though_an_old_one_was_kept() {
        let dir = folder();
        let path = dir.path().join("ggml-own.bin");
        fs::write(&path, "abc").unwrap();
        let first = resolve_with("own", dir.path(), &manifest()).unwrap();
        let kept = fs::metadata(note_path(&path)).unwrap().modified().unwrap();
        assert_eq!(first, resolve_with("own", dir.path(), &manifest()).unwrap());
        assert_eq!(
            kept,
            fs::metadata(note_path(&path)).unwrap().modified().unwrap()
        );
        fs::write(&path, "abcd").unwrap();
        let second = resolve_with("own", dir.path(), &manifest()).unwrap();
        assert_ne!(first.sha256, second.sha256);
    }

    #[test]
    fn a_made_file_that_changed_afterwards_is_refused() {
        let dir = folder();
        let path = dir.path().join("ggml-m-q8_0.bin");
        fs::write(&path, "abc").unwrap();
        remember(
            &path,
            "https://example.org",
            None,
            &Sums::of(&path).unwrap(),
        );
        assert_eq!(
            verify(Some("m"), dir.path(), &manifest()).unwrap()[0].verdict,
            Verdict::Recorded
        );
        fs::write(&path, "abcd").unwrap();
        assert!(matches!(
            resolve_with("m", dir.path(), &manifest()),
            Err(SpeechError::ModelBroken { .. })
        ));
        // Still refused the second time: the note of a wrong file is not renewed.
        assert!(resolve_with("m", dir.path(), &manifest()).is_err());
        let verified = verify(None, dir.path(), &manifest()).unwrap();
        assert!(matches!(verified[0].verdict, Verdict::Wrong("SHA-256", ..)));
    }

    #[test]
    fn a_missing_model_says_how_to_fetch_it() {
        let dir = folder();
        let message = resolve_with("m", dir.path(), &manifest())
            .unwrap_err()
            .to_string();
        assert!(message.contains("osler models fetch m"), "{message}");
        assert!(message.contains("ggml-m-q8_0.bin"), "{message}");
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        let dir = folder();
        let path = dir.path().join("ggml-m.bin");
        fs::write(&path, "something else").unwrap();
        let file = resolve_with(path.to_str().unwrap(), dir.path(), &manifest()).unwrap();
        assert_eq!(file.path, path);
        assert!(!note_path(&path).exists());
        let gone = resolve_with("/nowhere/x.bin", dir.path(), &manifest()).unwrap_err();
        assert!(gone.to_string().contains("/nowhere/x.bin"), "{gone}");
    }
}
