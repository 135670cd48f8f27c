//! The rules of who may import whom, and which foreign crate may be seen where (docs/ARCHITECTURE.md).

use std::fs;
use std::path::{Path, PathBuf};

/// Module -> modules of this crate that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("clock", &["domain"]),
    ("config", &["text"]),
    ("audio", &["audio", "domain"]),
    ("dictionary", &["dictionary", "domain"]),
    ("text", &["text", "domain", "dictionary"]),
    ("export", &["export", "domain"]),
    ("eval", &["eval", "domain"]),
    ("speech", &["speech", "domain", "audio"]),
    ("store", &["store", "domain"]),
    (
        "workflow",
        &[
            "workflow",
            "domain",
            "audio",
            "speech",
            "dictionary",
            "text",
            "store",
            "export",
            "clock",
            "app",
            "config",
        ],
    ),
    (
        "app",
        &[
            "config",
            "store",
            "clock",
            "dictionary",
            "domain",
            "workflow",
            "http",
        ],
    ),
    ("http", &["http", "app", "workflow", "domain", "config"]),
];

/// Foreign crate -> the only files or folders that may name it.
const FENCES: &[(&str, &[&str])] = &[
    ("whisper_rs", &["speech/whisper.rs"]),
    ("rusqlite", &["store/"]),
    ("rusqlite_migration", &["store/"]),
    ("rustix", &["store/space.rs"]),
    ("deadpool_sqlite", &["store/"]),
    ("symphonia", &["audio/"]),
    ("rubato", &["audio/"]),
    ("earshot", &["audio/"]),
    ("hound", &["audio/"]),
    ("cpal", &["audio/"]),
    ("crc32fast", &["audio/journal.rs"]),
    ("pdf_writer", &["export/"]),
    ("subsetter", &["export/"]),
    ("ttf_parser", &["export/"]),
    ("rcgen", &["http/tls.rs"]),
    ("tokio_rustls", &["http/tls.rs"]),
    ("axum", &["http/", "http.rs", "app.rs"]),
    ("clap", &["cli/"]),
    ("indicatif", &["cli/"]),
    ("console", &["cli/"]),
    ("argon2", &["workflow/people/secrets.rs"]),
    (
        "getrandom",
        &["workflow/people/secrets.rs", "store/keys.rs"],
    ),
    ("hmac", &["domain/totp.rs", "store/keys.rs"]),
    ("chacha20poly1305", &["store/keys.rs", "store/vault.rs"]),
    ("zeroize", &["store/"]),
];

fn sources() -> Vec<(String, String)> {
    fn walk(dir: &Path, root: &Path, out: &mut Vec<(String, String)>) {
        let mut entries: Vec<PathBuf> = fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, root, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                out.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut out = Vec::new();
    walk(&root, &root, &mut out);
    out
}

/// Lines of code: comments and what follows `#[cfg(test)]` left out.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|l| l.trim() != "#[cfg(test)]")
        .filter(|l| !l.trim_start().starts_with("//"))
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let module = file.split('/').next().unwrap().trim_end_matches(".rs");
        let Some((_, allowed)) = MAY_USE.iter().find(|(m, _)| *m == module) else {
            continue;
        };
        for line in code(&text) {
            for used in line
                .match_indices("crate::")
                .map(|(i, m)| &line[i + m.len()..])
            {
                let used: String = used
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if !used.is_empty() && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{file} uses crate::{used}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn foreign_crates_stay_behind_their_fences() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (krate, homes) in FENCES {
            if homes.iter().any(|h| file.starts_with(h)) {
                continue;
            }
            for line in code(&text) {
                let named = line.match_indices(krate).any(|(i, _)| {
                    let before = line[..i].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                        && line[i + krate.len()..].starts_with("::")
                });
                if named {
                    wrong.push(format!("{file} names {krate}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_parts_do_no_input_or_output_and_read_no_clock() {
    const FORBIDDEN: &[&str] = &[
        "std::fs",
        "std::net",
        "std::io::",
        "tokio",
        "SystemTime",
        "Timestamp::now",
        "async fn",
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if !(file.starts_with("domain/")
            || file.starts_with("text/")
            || (file.starts_with("dictionary/") && file != "dictionary/load.rs"))
        {
            continue;
        }
        for line in code(&text) {
            for word in FORBIDDEN {
                if line.contains(word) {
                    wrong.push(format!("{file}: {word}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
