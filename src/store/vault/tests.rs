use super::*;
use crate::store::keys::{Keys, default_file};
use proptest::prelude::*;

struct Room {
    dir: tempfile::TempDir,
    vault: Vault,
}

fn room() -> Room {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let keys = Keys::open_or_create(&data, &default_file(&data)).unwrap();
    let vault = Vault::new(data.join("sealed"), &keys);
    Room { dir, vault }
}

/// Bytes without a pattern that a shifted reading could share.
fn plain(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..length)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .collect()
}

/// A finished file, written in pieces of these lengths.
fn write(vault: &Vault, name: &str, pieces: &[usize]) -> Vec<u8> {
    let contents = plain(pieces.iter().sum());
    let mut appender = vault.create(name).unwrap();
    let mut at = 0;
    for &piece in pieces {
        appender.append(&contents[at..at + piece]).unwrap();
        at += piece;
    }
    assert_eq!(appender.finish().unwrap(), contents.len() as u64);
    contents
}

fn whole(mut reader: Reader) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    reader.read_to_end(&mut out)?;
    Ok(out)
}

fn read(vault: &Vault, name: &str) -> Result<Vec<u8>, String> {
    let reader = vault.open(name).map_err(|e| e.to_string())?;
    whole(reader).map_err(|e| e.to_string())
}

/// The offsets of the records in a file, and its length last.
fn records(vault: &Vault, name: &str) -> Vec<usize> {
    let reader = vault.open_growing(name).unwrap();
    let mut out: Vec<usize> = reader.map.records.iter().map(|r| r.at as usize).collect();
    out.push(reader.map.end() as usize);
    out
}

const SIZES: [usize; 7] = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17];

#[test]
fn what_was_written_is_read_back_and_nothing_of_it_stands_on_the_disk() {
    let room = room();
    for (i, size) in SIZES.into_iter().enumerate() {
        let name = format!("file {i}");
        let contents = write(&room.vault, &name, &[size]);
        let reader = room.vault.open(&name).unwrap();
        assert!(reader.is_finished());
        assert_eq!(reader.length(), size as u64);
        assert_eq!(whole(reader).unwrap(), contents);
        let path = room.vault.path(&name);
        let stored = std::fs::read(&path).unwrap();
        assert!(stored.len() >= size);
        let sample = &contents[..size.min(16)];
        assert!(
            size < 16 || !stored.windows(16).any(|w| w == sample),
            "{size}"
        );
        assert!(!path.to_string_lossy().contains("file"));
    }
}

#[test]
fn names_are_keyed() {
    let (here, there) = (room(), room());
    let file = |room: &Room| {
        room.vault
            .path("a")
            .strip_prefix(room.vault.root())
            .unwrap()
            .to_owned()
    };
    assert_ne!(file(&here), file(&there));
    assert_eq!(here.vault.path("a"), here.vault.path("a"));
}

#[test]
fn the_same_contents_are_sealed_differently_each_time() {
    let room = room();
    write(&room.vault, "a", &[1_000]);
    write(&room.vault, "b", &[1_000]);
    let stored = |name| std::fs::read(room.vault.path(name)).unwrap();
    let (a, b) = (stored("a"), stored("b"));
    let same = a[HEADER..].iter().zip(&b[HEADER..]).filter(|(a, b)| a == b);
    assert!(same.count() < 50);
}

#[test]
fn a_file_can_be_read_while_it_grows_and_goes_on_after_a_crash() {
    let room = room();
    let contents = plain(3 * CHUNK);
    let mut appender = room.vault.create("take").unwrap();
    let mut done = 0;
    for piece in [100, 5, CHUNK, 700] {
        appender.append(&contents[done..done + piece]).unwrap();
        appender.sync().unwrap();
        done += piece;
        let reader = room.vault.open_growing("take").unwrap();
        assert!(!reader.is_finished());
        assert_eq!(whole(reader).unwrap(), contents[..done]);
    }
    let unfinished = room.vault.open("take").err().unwrap().to_string();
    assert!(unfinished.contains("its end is missing"), "{unfinished}");
    drop(appender);
    // Half a record, of every kind: a length that was never reached, a whole record's length of zeros, a few bytes.
    let path = room.vault.path("take");
    let good = std::fs::read(&path).unwrap();
    let mut promised = 500u32.to_be_bytes().to_vec();
    promised.extend([7; 30]);
    let mut garbage = 500u32.to_be_bytes().to_vec();
    garbage.extend([0; 500 + NONCE + TAG]);
    for torn in [&promised[..], &garbage, &[0; 4_096], &[9, 9]] {
        std::fs::write(&path, [&good[..], torn].concat()).unwrap();
        let reader = room.vault.open_growing("take").unwrap();
        assert_eq!(whole(reader).unwrap(), contents[..done]);
        let mut appender = room.vault.append("take").unwrap();
        assert_eq!(appender.length(), done as u64);
        appender.append(&contents[done..done + 50]).unwrap();
        drop(appender);
        let reader = room.vault.open_growing("take").unwrap();
        assert_eq!(whole(reader).unwrap(), contents[..done + 50]);
    }
    let mut appender = room.vault.append("take").unwrap();
    appender.append(&contents[done + 50..]).unwrap();
    appender.finish().unwrap();
    assert_eq!(read(&room.vault, "take").unwrap(), contents);
    let more = room.vault.append("take").err().unwrap().to_string();
    assert!(more.contains("takes no more"), "{more}");
}

#[test]
fn a_file_goes_on_from_any_place_at_which_it_was_appended_to() {
    let room = room();
    let mut appender = room.vault.create("a").unwrap();
    for piece in ["one ", "two ", "three "] {
        appender.append(piece.as_bytes()).unwrap();
    }
    drop(appender);
    let text = || {
        let read = whole(room.vault.open_growing("a").unwrap()).unwrap();
        String::from_utf8(read).unwrap()
    };
    for nowhere in [3, 9, 15] {
        assert!(room.vault.append_from("a", nowhere).is_err(), "{nowhere}");
        assert_eq!(text(), "one two three ");
    }
    room.vault
        .append_from("a", 8)
        .unwrap()
        .append(b"four")
        .unwrap();
    assert_eq!(text(), "one two four");
    room.vault
        .append_from("a", 0)
        .unwrap()
        .append(b"five")
        .unwrap();
    assert_eq!(text(), "five");
    assert!(room.vault.append_from("a", 5).is_err());
}

#[test]
fn a_nonce_is_never_used_twice_where_a_crash_has_the_same_place_written_again() {
    let room = room();
    let mut appender = room.vault.create("take").unwrap();
    appender.append(b"first").unwrap();
    drop(appender);
    let path = room.vault.path("take");
    let nonce = |path: &Path| std::fs::read(path).unwrap()[HEADER + 4..HEADER + 4 + NONCE].to_vec();
    let first = nonce(&path);
    // The record did not reach the disk.
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(HEADER as u64 + 9)
        .unwrap();
    let mut appender = room.vault.append("take").unwrap();
    assert_eq!(appender.length(), 0);
    appender.append(b"other").unwrap();
    assert_ne!(nonce(&path), first);
}

#[test]
fn a_name_is_taken_once() {
    let room = room();
    write(&room.vault, "a", &[3]);
    assert!(matches!(room.vault.create("a"), Err(VaultError::Exists(_))));
    assert!(room.vault.holds("a"));
    assert!(room.vault.remove("a").unwrap());
    assert!(!room.vault.remove("a").unwrap());
    assert!(!room.vault.holds("a"));
    assert!(matches!(room.vault.open("a"), Err(VaultError::Missing(_))));
    write(&room.vault, "a", &[3]);
}

#[test]
fn every_changed_byte_is_found() {
    let room = room();
    write(&room.vault, "a", &[40, 30]);
    let path = room.vault.path("a");
    let good = std::fs::read(&path).unwrap();
    for i in 0..good.len() {
        let mut bad = good.clone();
        bad[i] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        let error = read(&room.vault, "a").unwrap_err();
        assert!(
            error.contains("damaged") || error.contains("sealed with the key"),
            "byte {i}: {error}"
        );
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_found() {
    let room = room();
    write(&room.vault, "a", &[40, 30]);
    let path = room.vault.path("a");
    let good = std::fs::read(&path).unwrap();
    for length in 0..good.len() {
        std::fs::write(&path, &good[..length]).unwrap();
        assert!(room.vault.open("a").is_err(), "cut at {length}");
    }
}

#[test]
fn records_that_were_exchanged_left_out_repeated_or_added_are_found() {
    let room = room();
    let (vault, pieces) = (&room.vault, [CHUNK, CHUNK, CHUNK, 500]);
    let contents = write(vault, "a", &pieces);
    write(vault, "b", &pieces);
    let path = vault.path("a");
    let good = std::fs::read(&path).unwrap();
    let other = std::fs::read(vault.path("b")).unwrap();
    let at = records(vault, "a");
    let record = |i: usize| &good[at[i]..at[i + 1]];
    let of_other = |i: usize| &other[at[i]..at[i + 1]];
    let header = &good[..HEADER];
    let forged = |records: &[&[u8]]| {
        std::fs::write(&path, [header, &records.concat()].concat()).unwrap();
        read(vault, "a").unwrap_err()
    };
    forged(&[record(1), record(0), record(2), record(3), record(4)]);
    forged(&[record(0), record(2), record(3), record(4)]);
    forged(&[
        record(0),
        record(1),
        record(1),
        record(2),
        record(3),
        record(4),
    ]);
    forged(&[record(0), record(1), record(2), record(3)]);
    forged(&[record(0), record(1), record(2), record(4)]);
    forged(&[record(4)]);
    forged(&[]);
    forged(&[record(0), of_other(1), record(2), record(3), record(4)]);
    let extended = forged(&[
        record(0),
        record(1),
        record(2),
        record(3),
        record(4),
        record(4),
    ]);
    assert!(extended.contains("behind its end"), "{extended}");
    // A record that is not the last made the last, and the other way round.
    for i in [3, 4] {
        let mut bad = good.clone();
        bad[at[i]] ^= 0x80;
        std::fs::write(&path, &bad).unwrap();
        read(vault, "a").unwrap_err();
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(read(vault, "a").unwrap(), contents);
    // One whole file in the place of another.
    std::fs::write(&path, &other).unwrap();
    let swapped = read(vault, "a").unwrap_err();
    assert!(swapped.contains("another file"), "{swapped}");
}

#[test]
fn a_file_of_another_data_folder_says_so() {
    let (here, there) = (room(), room());
    write(&here.vault, "a", &[10]);
    write(&there.vault, "a", &[10]);
    std::fs::copy(here.vault.path("a"), there.vault.path("a")).unwrap();
    let error = there.vault.open("a").err().unwrap();
    assert!(matches!(error, VaultError::OtherKey(_)), "{error}");
    assert!(error.to_string().contains("keys.json"), "{error}");
}

#[test]
fn damage_in_the_middle_is_an_error_while_reading_and_never_an_early_end() {
    let room = room();
    write(&room.vault, "a", &[CHUNK, CHUNK, 100]);
    let path = room.vault.path("a");
    let mut bad = std::fs::read(&path).unwrap();
    bad[HEADER + CHUNK / 2] ^= 1;
    std::fs::write(&path, &bad).unwrap();
    let mut reader = room.vault.open("a").unwrap();
    let error = reader.read(&mut [0; 10]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    // The rest is as good as it was.
    reader.seek(SeekFrom::Start(CHUNK as u64)).unwrap();
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), CHUNK + 100);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_what_was_written_before() {
    let room = room();
    // Every write to this device fails as on a full disk.
    let full = File::options().write(true).open("/dev/full").unwrap();
    assert!(Appender::begin("/dev/full".into(), full).is_err());
    let mut appender = room.vault.create("take").unwrap();
    appender.append(b"kept").unwrap();
    let whole_file = std::mem::replace(
        &mut appender.file,
        File::options().write(true).open("/dev/full").unwrap(),
    );
    assert!(appender.append(b"lost").is_err());
    assert_eq!(appender.length(), 4);
    appender.file = whole_file;
    appender.append(b", and more").unwrap();
    appender.finish().unwrap();
    assert_eq!(read(&room.vault, "take").unwrap(), b"kept, and more");
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_file() {
    use std::os::unix::fs::PermissionsExt;
    let room = room();
    write(&room.vault, "a", &[10]);
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    let path = room.vault.path("a");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert!(path.starts_with(room.dir.path()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_range_is_that_of_the_plain_bytes(
        pieces in prop::collection::vec(0..3 * CHUNK / 2, 0..5),
        reads in prop::collection::vec((any::<prop::sample::Index>(), 0..2 * CHUNK), 1..12),
    ) {
        let room = room();
        let contents = write(&room.vault, "a", &pieces);
        let mut reader = room.vault.open("a").unwrap();
        for (from, length) in reads {
            let from = from.index(contents.len() + 1);
            prop_assert_eq!(reader.seek(SeekFrom::Start(from as u64)).unwrap(), from as u64);
            let mut got = Vec::new();
            (&mut reader).take(length as u64).read_to_end(&mut got).unwrap();
            let to = (from + length).min(contents.len());
            prop_assert!(got == contents[from..to], "{}..{}", from, to);
            let left = contents.len() - to;
            prop_assert_eq!(reader.seek(SeekFrom::End(-(left as i64))).unwrap(), to as u64);
        }
    }

    #[test]
    fn any_change_is_found(
        pieces in prop::collection::vec(1..CHUNK, 1..4),
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let room = room();
        write(&room.vault, "a", &pieces);
        let path = room.vault.path("a");
        let mut stored = std::fs::read(&path).unwrap();
        let at = at.index(stored.len());
        stored[at] ^= 1 << bit;
        std::fs::write(&path, &stored).unwrap();
        prop_assert!(read(&room.vault, "a").is_err());
    }

    #[test]
    fn any_cut_of_a_growing_file_leaves_a_beginning_of_it(
        pieces in prop::collection::vec(1..CHUNK, 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let room = room();
        let contents = plain(pieces.iter().sum());
        let mut appender = room.vault.create("a").unwrap();
        let mut ends = vec![0];
        for piece in pieces {
            let from = ends[ends.len() - 1];
            appender.append(&contents[from..from + piece]).unwrap();
            ends.push(from + piece);
        }
        let path = room.vault.path("a");
        let stored = std::fs::read(&path).unwrap();
        let cut = HEADER + cut.index(stored.len() - HEADER + 1);
        std::fs::write(&path, &stored[..cut]).unwrap();
        let got = whole(room.vault.open_growing("a").unwrap()).unwrap();
        prop_assert!(ends.contains(&got.len()));
        prop_assert!(got == contents[..got.len()]);
    }
}
