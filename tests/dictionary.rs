//! The dictionary from outside: its files, a folder in their place, the command, and any string at all.

#![allow(clippy::unwrap_used)]

use osler::dictionary::correct::{Seen, decide, propose};
use osler::dictionary::index::{Index, Known};
use osler::dictionary::load::{FILES, File, Tables};
use osler::domain::transcript::Word;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| Index::new(Tables::embedded().unwrap()))
}

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries/en")
}

fn copy_of_the_base() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in FILES {
        std::fs::copy(base().join(file.name()), folder.path().join(file.name())).unwrap();
    }
    folder
}

#[test]
fn every_file_of_the_base_set_parses_is_sorted_and_small_enough() {
    let mut bytes = 0;
    for file in FILES {
        let text = std::fs::read(base().join(file.name())).unwrap();
        bytes += text.len();
        let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').skip(1).collect();
        let lines = &lines[..lines.len() - 1];
        assert!(!lines.is_empty(), "{}", file.name());
        assert!(lines.is_sorted(), "{} is not sorted bytewise", file.name());
    }
    assert!(bytes < 8_000_000, "{bytes} bytes");
    let tables = Tables::embedded().unwrap();
    assert!(tables.table(File::Terms).len() > 50_000);
    assert!(tables.table(File::English).len() > 100_000);
}

#[test]
fn each_source_of_a_term_is_explained_in_the_notice() {
    let notice = std::fs::read_to_string(base().join("../NOTICE")).unwrap();
    let tables = Tables::embedded().unwrap();
    let terms = tables.table(File::Terms);
    let letters: std::collections::BTreeSet<char> = (0..terms.len())
        .flat_map(|n| terms.line(n).rsplit('\t').next().unwrap_or("").chars())
        .collect();
    for letter in letters {
        let entry = format!("\n{letter}  ");
        assert!(
            notice.contains(&entry),
            "source {letter} is not in the NOTICE"
        );
    }
}

#[test]
fn keys_are_in_the_form_that_the_lookup_uses() {
    let tables = Tables::embedded().unwrap();
    for file in [
        File::Terms,
        File::English,
        File::Rare,
        File::Abbreviations,
        File::Units,
    ] {
        let table = tables.table(file);
        for n in 0..table.len() {
            let key = table.line(n).split('\t').next().unwrap();
            assert_eq!(osler::dictionary::index::fold(key), key, "{}", file.name());
            assert!(table.find(key).is_some());
        }
    }
}

#[test]
fn a_folder_of_the_same_files_is_the_same_dictionary() {
    let folder = copy_of_the_base();
    let there = Tables::open(Some(folder.path())).unwrap();
    assert_eq!(there.version(), Tables::open(None).unwrap().version());
    assert_eq!(there.version().len(), 64);
}

#[test]
fn a_changed_folder_has_another_version_and_its_own_words() {
    let folder = copy_of_the_base();
    std::fs::write(folder.path().join("rare.tsv"), "key\nzzqvort\n").unwrap();
    let changed = Index::new(Tables::open(Some(folder.path())).unwrap());
    assert_ne!(changed.version(), index().version());
    assert_eq!(changed.known("Zzqvort,"), Known::Rare);
    assert_eq!(index().known("Zzqvort,"), Known::No);
}

#[test]
fn a_broken_line_is_named_by_file_and_number() {
    let folder = copy_of_the_base();
    let path = folder.path().join("english.tsv");
    let mut lines: Vec<String> = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    lines[41] = lines[41].replace('\t', " ");
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let message = Tables::from_dir(folder.path()).unwrap_err().to_string();
    assert!(
        message.contains("english.tsv, line 42: 1 columns where 3 belong"),
        "{message}"
    );
}

#[test]
fn a_missing_or_unreadable_file_is_named_with_what_to_do() {
    let folder = copy_of_the_base();
    std::fs::write(folder.path().join("units.tsv"), [0xff, 0xfe]).unwrap();
    let message = Tables::from_dir(folder.path()).unwrap_err().to_string();
    assert!(message.contains("units.tsv"), "{message}");
    std::fs::remove_file(folder.path().join("lookalikes.tsv")).unwrap();
    std::fs::copy(base().join("units.tsv"), folder.path().join("units.tsv")).unwrap();
    let message = Tables::from_dir(folder.path()).unwrap_err().to_string();
    assert!(
        message.contains("lookalikes.tsv") && message.contains("OSLER_DICTIONARIES"),
        "{message}"
    );
}

fn osler() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("osler").unwrap();
    command
        .env_remove("OSLER_CONFIG")
        .env_remove("OSLER_DICTIONARIES");
    command
}

#[test]
fn the_command_says_what_words_are_and_fails_for_an_unknown_one() {
    let known = osler()
        .args(["dictionary", "check", "Lasix", "10mg", "crohn's disease"])
        .output()
        .unwrap();
    let text = String::from_utf8(known.stdout).unwrap();
    assert!(known.status.success(), "{text}");
    assert!(
        text.contains("Lasix\tLasix\tdrug.brand, tier 1, generic name furosemide"),
        "{text}"
    );
    assert!(text.contains("10mg\tnumber or code"), "{text}");
    assert!(text.contains("Crohn's disease\tdisease"), "{text}");

    let unknown = osler()
        .args(["dictionary", "check", "the", "colsostectomy"])
        .output()
        .unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    let error = String::from_utf8(unknown.stderr).unwrap();
    assert!(error.contains("in no dictionary: colsostectomy"), "{error}");
}

#[test]
fn the_command_suggests_and_counts() {
    let output = osler()
        .args(["dictionary", "suggest", "hydronofrosis", "-n", "1"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("hydronephrosis\t0.")
    );
    for phrase in [&["a pixel of"][..], &["a", "pixel", "of"]] {
        let output = osler()
            .args(["dictionary", "suggest"])
            .args(phrase)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("apixaban\t0."), "{text}");
    }
    let output = osler().args(["dictionary", "stats"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains(&format!("version\t{}", index().version())),
        "{text}"
    );
}

#[test]
fn the_command_reads_the_folder_and_reports_its_faults_with_code_two() {
    let folder = copy_of_the_base();
    std::fs::write(folder.path().join("rare.tsv"), "key\nzzqvort\n").unwrap();
    let mut command = osler();
    command.env("OSLER_DICTIONARIES", folder.path());
    command
        .args(["dictionary", "check", "zzqvort"])
        .assert()
        .success();
    std::fs::write(folder.path().join("rare.tsv"), "key\nb\na\n").unwrap();
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("rare.tsv, line 3"), "{error}");
}

/// Made-up mishearings, in the manner of a recogniser that writes English for what it does not know.
#[rustfmt::skip]
const GARBLES: [(&str, &str); 72] = [
    ("river rocks a ban", "rivaroxaban"), ("the big a tran", "dabigatran"), ("tie cagrel or", "ticagrelor"),
    ("car vedi lol", "carvedilol"), ("bisop rolol", "bisoprolol"), ("dill tie a zem", "diltiazem"),
    ("verappamil", "verapamil"), ("ami oh darone", "amiodarone"), ("did jocks in", "digoxin"),
    ("hydra chlor a thigh azide", "hydrochlorothiazide"), ("low sartan", "losartan"), ("candy sartan", "candesartan"),
    ("pravva statin", "pravastatin"), ("ezzeti mibe", "ezetimibe"), ("glip a zide", "glipizide"),
    ("sit a gliptin", "sitagliptin"), ("dappa glue flows in", "dapagliflozin"), ("leer a glue tide", "liraglutide"),
    ("lee vo thigh rocks in", "levothyroxine"), ("meth immazole", "methimazole"), ("pred nizone", "prednisone"),
    ("dexa meth a zone", "dexamethasone"), ("azzithro mycin", "azithromycin"), ("clarry throw mycin", "clarithromycin"),
    ("sipro flocks a sin", "ciprofloxacin"), ("vanko mycin", "vancomycin"), ("pepper a sillin", "piperacillin"),
    ("seff a lexin", "cephalexin"), ("metro nida zole", "metronidazole"), ("flu conna zole", "fluconazole"),
    ("val a cyclovere", "valacyclovir"), ("gabba pentin", "gabapentin"), ("pre gabba lin", "pregabalin"),
    ("leva tire a sitam", "levetiracetam"), ("car bam a zepine", "carbamazepine"), ("la motor gene", "lamotrigine"),
    ("oh lanza peen", "olanzapine"), ("quit tie a peen", "quetiapine"), ("arry pipper zole", "aripiprazole"),
    ("venn la facts een", "venlafaxine"), ("ess sitalo pram", "escitalopram"), ("tramma doll", "tramadol"),
    ("mellocks a cam", "meloxicam"), ("naprock sen", "naproxen"), ("meth a trek sate", "methotrexate"),
    ("addalima mab", "adalimumab"), ("rich tucks a mab", "rituximab"), ("on dance a tron", "ondansetron"),
    ("famma tiddeen", "famotidine"), ("es omma prazole", "esomeprazole"), ("ip rat row pee um", "ipratropium"),
    ("tie oh tropium", "tiotropium"), ("new monia", "pneumonia"), ("tacky cardia", "tachycardia"),
    ("brady cardya", "bradycardia"), ("sore eye a sis", "psoriasis"), ("die verticular itis", "diverticulitis"),
    ("pancreeatitis", "pancreatitis"), ("hepatto megaly", "hepatomegaly"), ("spleen oh megaly", "splenomegaly"),
    ("thrombo site a peenia", "thrombocytopenia"), ("high per kalemia", "hyperkalemia"), ("new tropenia", "neutropenia"),
    ("sara brovascular", "cerebrovascular"), ("end oh meat ree oh sis", "endometriosis"), ("hista rectomy", "hysterectomy"),
    ("appen deck tommy", "appendectomy"), ("lamb in ectomy", "laminectomy"), ("bronc oscopy", "bronchoscopy"),
    ("neph row lithiasis", "nephrolithiasis"), ("fibber mialgia", "fibromyalgia"), ("glow merular nephritis", "glomerulonephritis"),
];

#[test]
fn misheard_terms_are_found_by_letters_and_sound() {
    let mut ranks = [0usize; 3];
    let mut missed = Vec::new();
    for (heard, right) in GARBLES {
        let found = index().suggest(heard, 5);
        let rank = found
            .iter()
            .position(|s| s.text.eq_ignore_ascii_case(right));
        for (most, count) in [1, 3, 5].into_iter().zip(&mut ranks) {
            *count += usize::from(rank.is_some_and(|rank| rank < most));
        }
        if rank.is_none_or(|rank| rank > 2) {
            missed.push((
                heard,
                right,
                found.into_iter().map(|s| s.text).collect::<Vec<_>>(),
            ));
        }
    }
    let of = GARBLES.len();
    assert!(ranks[1] * 100 >= of * 85, "{ranks:?} of {of}; {missed:#?}");
}

fn words(texts: &[String]) -> Vec<Word> {
    texts
        .iter()
        .enumerate()
        .map(|(i, text)| Word {
            text: text.clone(),
            start_s: i as f64,
            end_s: i as f64 + 0.5,
            probability: 0.5,
            take: 0,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_string_makes_a_lookup_panic(text in "\\PC{0,40}", n in 0usize..9) {
        let _ = index().known(&text);
        let _ = index().term(&text);
        let suggestions = index().suggest(&text, n);
        prop_assert!(suggestions.len() <= n);
    }

    #[test]
    fn words_made_of_medical_letters_do_not_either(text in "[a-zæœß'’.\\-/0-9 éİ]{0,24}") {
        let _ = index().known(&text);
        let _ = index().suggest(&text, 5);
    }

    #[test]
    fn proposals_lie_in_the_piece_and_become_at_most_one_finding_each(
        texts in proptest::collection::vec(
            "(Dr\\.|doctor|the|no|left-tempanic|5|mg|comma,|hydralazine|metaprol|[a-z]{1,12}|\\PC{0,9})", 0..12),
    ) {
        let words = words(&texts);
        let proposals = propose(&words, index());
        for p in &proposals {
            prop_assert!(p.word_from < p.word_to && p.word_to <= words.len());
        }
        let count = proposals.len();
        let (edits, findings) = decide(proposals, &[], &words, index(), &mut Seen::default());
        prop_assert!(edits.is_empty());
        prop_assert!(findings.len() <= count);
        for f in &findings {
            prop_assert!(f.start_s <= f.end_s);
        }
    }

    #[test]
    fn whatever_the_engine_says_no_edit_touches_a_guarded_word(
        texts in proptest::collection::vec(
            "(Dr\\.|no|not|without|left|right|left-tempanic|5|10mg|mg|twice|comma,|full|stop|hydralazine|heparin-bolus|\
              metaprol|a|pixel|of|[a-z]{3,12})", 1..12),
        nats in proptest::collection::vec(-12.0f32..12.0, 40),
    ) {
        const GUARDED: [&str; 12] =
            ["no", "not", "without", "left", "right", "5", "10mg", "mg", "twice", "comma", "hydralazine", "heparin"];
        let words = words(&texts);
        let proposals = propose(&words, index());
        let mut nats = nats.iter().copied().cycle();
        let scores: Vec<Vec<Option<f32>>> =
            proposals.iter().map(|p| p.candidates.iter().map(|_| nats.next()).collect()).collect();
        let (edits, _) = decide(proposals, &scores, &words, index(), &mut Seen::default());
        let count = |text: &str, word: &str| {
            text.split(|c: char| !c.is_alphanumeric()).filter(|part| *part == word).count()
        };
        let mut end = 0;
        for e in &edits {
            prop_assert!(end <= e.word_from && e.word_from < e.word_to && e.word_to <= words.len());
            end = e.word_to;
            for word in GUARDED {
                prop_assert_eq!(count(&e.before, word), count(&e.after, word), "{} -> {}", &e.before, &e.after);
            }
        }
    }

    #[test]
    fn a_broken_file_is_an_error_and_no_panic(text in "\\PC{0,80}") {
        let file = File::Terms;
        let lines = format!("{}\n{text}\n", file.header());
        let _ = osler::dictionary::load::Table::parse(file, "x", lines.into());
    }
}
