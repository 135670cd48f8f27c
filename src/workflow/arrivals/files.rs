//! Which files of a folder are recordings.

use super::rules::Found;
use crate::workflow::WorkflowError;
use std::path::{Path, PathBuf};

/// Endings of files that are looked at in a folder. What is named by itself is looked at whatever it is called.
const ENDINGS: [&str; 26] = [
    "wav", "wave", "rf64", "flac", "mp3", "mp4", "m4a", "m4b", "m4v", "mov", "aac", "ogg", "oga",
    "ogv", "opus", "webm", "weba", "mka", "mkv", "aif", "aiff", "caf", "dss", "ds2", "3gp", "wma",
];

/// Deepest folder below the one that is searched.
const DEEPEST: usize = 16;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The recordings, in the order of their paths.
    pub found: Vec<Found>,
    /// Files that are none by their ending, and links.
    pub ignored: Vec<PathBuf>,
    /// Folders that cannot be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Whether a file is a recording by its ending. Hidden files and those of a copy under way are none.
pub fn is_recording(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.to_string_lossy().starts_with(['.', '~']));
    let ending = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase());
    !hidden && ending.is_some_and(|e| ENDINGS.contains(&e.as_str()))
}

/// The recordings of a folder and the folders in it, without those of the names `skip` right below it.
pub fn find_in_watched(folder: &Path, skip: &[&str]) -> Listing {
    let mut listing = Listing::default();
    find_in(folder, skip, &mut listing);
    listing
}

fn find_in(folder: &Path, skip: &[&str], listing: &mut Listing) {
    let first = listing.found.len();
    walk(folder, folder, 0, skip, listing);
    listing.found[first..].sort_by(|a, b| a.path.cmp(&b.path));
}

fn walk(root: &Path, folder: &Path, depth: usize, skip: &[&str], listing: &mut Listing) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) => {
            listing
                .unreadable
                .push((folder.to_path_buf(), e.to_string()));
            return;
        }
    };
    for entry in entries {
        let (path, kind) = match entry.and_then(|e| Ok((e.path(), e.file_type()?))) {
            Ok(found) => found,
            Err(e) => {
                listing
                    .unreadable
                    .push((folder.to_path_buf(), e.to_string()));
                continue;
            }
        };
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if kind.is_dir() {
            // Hidden folders belong to programs.
            if name.starts_with('.') || (depth == 0 && skip.contains(&name.as_str())) {
                continue;
            }
            if depth == DEEPEST {
                listing
                    .unreadable
                    .push((path, "it lies too deep below the folder".into()));
                continue;
            }
            walk(root, &path, depth + 1, skip, listing);
        } else if kind.is_file() && is_recording(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let relative = relative.to_string_lossy().replace('\\', "/");
            listing.found.push(Found { path, relative });
        } else if !name.starts_with('.') && !is_note(&path) {
            listing.ignored.push(path);
        }
    }
}

/// A sidecar, or the list.
fn is_note(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json") || e.eq_ignore_ascii_case("csv"))
}

/// The recordings that are meant by what somebody names: folders, recordings, and lists of them (.txt, .lst), one in a
/// line, with paths as seen from the list.
///
/// # Errors
/// [`WorkflowError::Invalid`] where something that is named is not there or a list cannot be read.
pub fn find_recordings(named: &[PathBuf]) -> Result<Listing, WorkflowError> {
    let mut listing = Listing::default();
    for path in named {
        let meta = std::fs::metadata(path)
            .map_err(|e| WorkflowError::Invalid(format!("{}: {e}", path.display())))?;
        if meta.is_dir() {
            find_in(path, &[], &mut listing);
        } else if is_list(path) {
            let text = std::fs::read_to_string(path).map_err(|e| {
                WorkflowError::Invalid(format!("the list {} cannot be read: {e}", path.display()))
            })?;
            let folder = path.parent().unwrap_or(Path::new(""));
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            for line in text.lines().map(str::trim) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let listed = folder.join(line);
                if listed.is_dir() {
                    find_in(&listed, &[], &mut listing);
                } else {
                    listing.found.push(Found {
                        path: listed,
                        relative: line.replace('\\', "/"),
                    });
                }
            }
        } else {
            listing.found.push(Found::single(path));
        }
    }
    // Named twice, or by itself and with its folder.
    let mut seen = std::collections::HashSet::new();
    listing.found.retain(|found| {
        let real = std::fs::canonicalize(&found.path).unwrap_or_else(|_| found.path.clone());
        seen.insert(real)
    });
    Ok(listing)
}

fn is_list(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("txt") || e.eq_ignore_ascii_case("lst"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_known_by_their_ending_and_copies_under_way_are_none() {
        for name in ["a.wav", "A.DS2", "x/b.Opus"] {
            assert!(is_recording(Path::new(name)), "{name}");
        }
        for name in [
            "a.wav.part",
            ".a.wav",
            "~a.wav",
            "a",
            "a.txt",
            "a.json",
            "a.wav.tmp",
        ] {
            assert!(!is_recording(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn folders_lists_and_recordings_can_be_named_and_nothing_is_found_twice() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("in/deep")).unwrap();
        std::fs::create_dir_all(at("in/.hidden")).unwrap();
        for name in [
            "in/b.wav",
            "in/deep/a.dss",
            "in/notes.docx",
            "in/b.wav.json",
            "in/.hidden/c.wav",
            "bare",
        ] {
            std::fs::write(at(name), b"x").unwrap();
        }
        std::fs::write(at("list.txt"), "# a list\nin/b.wav\n\nbare\nin/gone.wav\n").unwrap();
        let listing = find_recordings(&[at("in"), at("list.txt")]).unwrap();
        let relative: Vec<&str> = listing.found.iter().map(|f| f.relative.as_str()).collect();
        assert_eq!(relative, ["b.wav", "deep/a.dss", "bare", "in/gone.wav"]);
        assert_eq!(listing.ignored, [at("in/notes.docx")]);
        let missing = find_recordings(&[at("nowhere")]).unwrap_err().to_string();
        assert!(missing.contains("nowhere"), "{missing}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_in_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("in")).unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("in/loop")).unwrap();
        std::fs::write(dir.path().join("a.wav"), b"x").unwrap();
        std::os::unix::fs::symlink(dir.path().join("a.wav"), dir.path().join("in/a.wav")).unwrap();
        let listing = find_recordings(&[dir.path().join("in")]).unwrap();
        assert_eq!(listing.found, []);
        assert_eq!(listing.ignored.len(), 2);
    }
}
