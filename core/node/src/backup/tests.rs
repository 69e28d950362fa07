//! What is written is read back by who knows the passphrase, whole or not at all.

use std::{env, fs, path::Path};

use covey_proto::{
    ConversationId, LogId, Seq, Time,
    dice::Dice,
    id::{EntryId, Hash},
    seal::hex,
    store::Shown,
    wire::{Body, Head, Kind as EntryKind, Unsigned},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{
    home::{Home, Options},
    store::Page,
};

#[test]
fn what_is_restored_is_what_was_there_on_a_new_device() {
    let scene = Scene::new();
    let old = scene.me();
    scene.back_up().unwrap();
    let home = scene.restored().unwrap();
    let mut home = Home::open(&home, &options()).unwrap();
    let (me, state) = home.state().unwrap();
    assert_eq!(me.heirloom(), old.heirloom());
    assert_ne!(me.device(), old.device());
    let former = Since::Restored.record(old.device());
    assert!(state.contains(&former), "it is asked whether the old one is gone");
    let page = home.store.history().page(scene.notes(), Page::Oldest, 10).unwrap();
    let texts: Vec<_> = page.iter().map(|message| message.shown.clone()).collect();
    assert_eq!(texts, [Shown::Text("one".into()), Shown::Text("two".into())]);
}

#[test]
fn a_backup_holds_no_device_and_shows_nothing_of_what_it_holds() {
    let scene = Scene::new();
    scene.back_up().unwrap();
    let device = scene.me().encode().split_off(1 + 3 * 32);
    for (_, key, bytes) in records(&scene.file(), PASSPHRASE).unwrap() {
        for secret in device.chunks(32) {
            assert!(!key.windows(32).chain(bytes.windows(32)).any(|window| window == secret));
        }
    }
    let bytes = fs::read(scene.file()).unwrap();
    assert!(!bytes.windows(3).any(|window| window == b"two"));
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(scene.file()).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_wrong_passphrase_is_told_from_damage() {
    let scene = Scene::new();
    scene.back_up().unwrap();
    let wrong = restore(&scene.file(), b"wrong", &scene.new_home(), &Wish::File, |_, _| {});
    assert!(matches!(wrong, Err(Error::WrongPassphrase)), "{wrong:?}");
    scene.leaves_nothing();
}

#[test]
fn a_backup_cut_short_anywhere_is_refused_and_leaves_nothing() {
    let scene = Scene::long();
    scene.back_up().unwrap();
    let whole = fs::read(scene.file()).unwrap();
    let ends = (0..whole.len()).step_by(4096).chain([1, 14, 50, whole.len() - 1]);
    for end in ends {
        fs::write(scene.file(), &whole[..end]).unwrap();
        let cut = scene.restored();
        let told = matches!(cut, Err(Error::Damaged)) || end < 15;
        assert!(told && cut.is_err(), "cut at {end}: {cut:?}");
        scene.leaves_nothing();
    }
}

#[test]
fn a_bit_changed_anywhere_is_refused() {
    let scene = Scene::new();
    scene.back_up().unwrap();
    let whole = fs::read(scene.file()).unwrap();
    // every byte of the header, and thirty of the rest
    let places = (0..114).chain((114..whole.len()).step_by(whole.len() / 30));
    for place in places {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(scene.file(), &changed).unwrap();
        let read = records(&scene.file(), PASSPHRASE);
        assert!(read.is_err(), "changed at {place}");
    }
}

#[test]
fn chunks_in_another_order_or_of_another_backup_do_not_open() {
    let scene = Scene::long();
    scene.back_up().unwrap();
    let whole = fs::read(scene.file()).unwrap();
    let (header, chunks) = whole.split_at(114);
    let size = (64 << 10) + 16;
    let swapped = [header, &chunks[size..2 * size], &chunks[..size], &chunks[2 * size..]].concat();
    fs::write(scene.file(), swapped).unwrap();
    assert!(matches!(records(&scene.file(), PASSPHRASE), Err(Error::Damaged)));
    scene.back_up().unwrap();
    let other = fs::read(scene.file()).unwrap();
    let mixed = [&whole[..114 + size], &other[114 + size..]].concat();
    fs::write(scene.file(), mixed).unwrap();
    assert!(matches!(records(&scene.file(), PASSPHRASE), Err(Error::Damaged)));
}

#[test]
fn another_version_and_what_is_no_backup_are_told_apart() {
    let scene = Scene::new();
    fs::write(scene.file(), b"covey backup 2\nsomething").unwrap();
    assert!(matches!(scene.restored(), Err(Error::Newer)));
    for other in [&b""[..], b"PK\x03\x04 and the rest of some other file", &[0; 200]] {
        fs::write(scene.file(), other).unwrap();
        assert!(matches!(scene.restored(), Err(Error::Foreign)));
    }
    scene.leaves_nothing();
}

#[test]
fn nothing_is_restored_over_a_home() {
    let scene = Scene::new();
    scene.back_up().unwrap();
    let over = restore(&scene.file(), PASSPHRASE, &scene.home(), &Wish::File, |_, _| {});
    assert!(matches!(over, Err(Error::Exists)));
    drop(Home::open(&scene.home(), &options()).unwrap());
}

#[test]
fn a_backup_that_cannot_be_written_leaves_the_one_from_before() {
    let scene = Scene::new();
    scene.back_up().unwrap();
    let before = fs::read(scene.file()).unwrap();
    let home = Home::open(&scene.home(), &options()).unwrap();
    let gone = scene.folder.path().join("gone").join("backup");
    let none = write(&home.store.history(), PASSPHRASE, &gone, |_, _| {});
    assert!(matches!(none, Err(Error::File(_))));
    assert_eq!(fs::read(scene.file()).unwrap(), before);
    // the disk is full: as a device of the kernel's that says so
    let full = Sealer::new(File::options().write(true).open("/dev/full").unwrap(), PASSPHRASE);
    assert!(matches!(full.err(), Some(Error::DiskFull)));
}

/// `BLESS=1` writes it anew. Another language reads it too: `make reader`.
#[test]
fn a_backup_is_as_written_down() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/vectors/backup.json");
    let scene = Scene::new();
    if env::var_os("BLESS").is_some() {
        scene.back_up().unwrap();
        let bytes = hex(&fs::read(scene.file()).unwrap());
        let records = json(records(&scene.file(), PASSPHRASE).unwrap());
        let passphrase = String::from_utf8(PASSPHRASE.to_vec()).unwrap();
        let written = json!({ "passphrase": passphrase, "bytes": bytes, "records": records });
        fs::write(&path, serde_json::to_string_pretty(&written).unwrap() + "\n").unwrap();
    }
    let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let text = written["bytes"].as_str().unwrap();
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    fs::write(scene.file(), (0..text.len()).step_by(2).map(byte).collect::<Vec<_>>()).unwrap();
    let passphrase = written["passphrase"].as_str().unwrap().as_bytes();
    assert_eq!(json(records(&scene.file(), passphrase).unwrap()), written["records"]);
    scene.restored().unwrap();
}

fn json(records: Vec<(u8, Vec<u8>, Vec<u8>)>) -> Value {
    let record = |(kind, key, bytes): (u8, Vec<u8>, Vec<u8>)| json!({ "kind": kind, "key": hex(&key), "bytes": hex(&bytes) });
    records.into_iter().map(record).collect()
}

const PASSPHRASE: &[u8] = b"correct horse battery staple";

/// A home with two notes of its person's, and where its backup goes.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self::with(&["one", "two"])
    }

    /// One whose backup takes several chunks.
    fn long() -> Self {
        let text = "x".repeat(30_000);
        Self::with(&[text.as_str(); 6])
    }

    fn with(texts: &[&str]) -> Self {
        let scene = Self { folder: TempDir::new().unwrap() };
        let mut home = Home::open(&scene.home(), &options()).unwrap();
        let (me, state) = home.state().unwrap();
        let log = LogId { conversation: ConversationId::own(&me.account), device: me.device() };
        let mut last = (Seq(0), EntryId::NONE);
        let mut node = Node::new(me, [1; 32], state, Time(1));
        home.store
            .batch(|shelf| {
                for text in texts {
                    let head = Head {
                        kind: EntryKind::Text,
                        log,
                        seq: last.0.next(),
                        prev: last.1,
                        seen: Vec::new(),
                        target: None,
                        at: Time(1000 * (last.0.0 + 1)),
                        keep_for: 0,
                        body_hash: Hash([0; 32]),
                    };
                    let body = Body::new(text.as_bytes().to_vec(), &mut Dice::new([2; 32]));
                    let entry = Unsigned::new(head, body);
                    last = (last.0.next(), entry.entry.id);
                    let me = node.people().me();
                    let run = Run::sign(&[entry], me.account, &me.device_key).unwrap();
                    node.handle(Input::Restored(run), Time(1), shelf);
                }
            })
            .unwrap();
        scene
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn new_home(&self) -> PathBuf {
        self.folder.path().join("new")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    fn me(&self) -> Me {
        Home::open(&self.home(), &options()).unwrap().state().unwrap().0
    }

    fn notes(&self) -> ConversationId {
        ConversationId::own(&self.me().account)
    }

    fn back_up(&self) -> Result<(), Error> {
        let home = Home::open(&self.home(), &options()).unwrap();
        write(&home.store.history(), PASSPHRASE, &self.file(), |_, _| {})
    }

    fn restored(&self) -> Result<PathBuf, Error> {
        restore(&self.file(), PASSPHRASE, &self.new_home(), &Wish::File, |_, _| {})?;
        Ok(self.new_home())
    }

    /// Nothing half-made is there.
    fn leaves_nothing(&self) {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["backup", "home"]);
    }
}

fn options() -> Options {
    Options { keep: Wish::File, name: "Ana".into() }
}

fn records(file: &Path, passphrase: &[u8]) -> Result<Vec<Raw>, Error> {
    let mut read = Opener::new(File::open(file)?, passphrase)?;
    let mut found = Vec::new();
    while let Some(one) = record(&mut read)? {
        found.push(one);
    }
    Ok(found)
}
