//! Real nodes on disks that are full, or that take nothing any more. They are mounted in namespaces
//! of their own.

use std::{
    env, fs,
    fs::File,
    io::Write as _,
    process::{Command, Output},
};

use serde_json::Value;

use crate::person::{Person, object};

#[test]
fn a_node_on_a_full_disk_says_so_loses_nothing_and_goes_on() {
    let (test, disk) = (
        "disk::a_node_on_a_full_disk_says_so_loses_nothing_and_goes_on",
        "mount -t tmpfs -o size=4m covey /mnt",
    );
    inside(test, &["--user", "--map-root-user", "--mount"], disk, || {
        let (mut ana, ben) = friends("/mnt");
        let mut said = vec![say(&ana, "before").unwrap()];
        let filler = "/mnt/filler";
        let mut file = File::create(filler).unwrap();
        while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
        let full = "the disk is full; nothing was lost, free some space and try again";
        refuses(&ana, &mut said, full);

        drop(file);
        fs::remove_file(filler).unwrap();
        said.push(say(&ana, "after").unwrap());
        assert_eq!(ana.ask(&["status"])["trouble"], Value::Null);
        ana.kill();
        ana.resume(&[]);
        all_is_there(&ana, &ben, &said);
    });
}

#[test]
fn a_disk_that_is_nearly_full_is_told_before_it_is() {
    let (test, disk) = (
        "disk::a_disk_that_is_nearly_full_is_told_before_it_is",
        "mount -t tmpfs -o size=64m covey /mnt",
    );
    inside(test, &["--user", "--map-root-user", "--mount"], disk, || {
        let (ana, _ben) = friends("/mnt");
        assert_eq!(ana.ask(&["status"])["trouble"], Value::Null);
        let mut watch = ana.watch();
        let mut filler = File::create("/mnt/filler").unwrap();
        while filler.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
        filler.set_len(filler.metadata().unwrap().len() - (1 << 20)).unwrap();
        let is_told =
            |told: &str| told.contains(" MB are left on the disk; free some space in time");
        say(&ana, "hello").unwrap();
        watch.until(|event| event["snapshot"]["trouble"].as_str().is_some_and(is_told));
        assert!(is_told(&ana.see(&["status"])));

        drop(filler);
        fs::remove_file("/mnt/filler").unwrap();
        say(&ana, "hello").unwrap();
        watch.until(|event| event["snapshot"].get("trouble") == Some(&Value::Null));
    });
}

#[test]
fn a_node_whose_disk_takes_no_writes_any_more_says_so_and_loses_nothing() {
    let (test, disk) = (
        "disk::a_node_whose_disk_takes_no_writes_any_more_says_so_and_loses_nothing",
        "mount -t tmpfs covey /mnt && truncate -s 24M /mnt/disk && mkfs.ext4 -q /mnt/disk && \
         mkdir /mnt/home && mount -o loop,errors=remount-ro /mnt/disk /mnt/home",
    );
    inside(test, &["--mount"], disk, || {
        let (mut ana, ben) = friends("/mnt/home");
        let mut said = vec![say(&ana, "before").unwrap()];
        // as when a disk begins to fail
        run(
            "echo test > /sys/fs/ext4/$(basename $(findmnt -no SOURCE /mnt/home))/trigger_fs_error",
        );
        let taken = "the database cannot be written to; nothing was lost, see to the home folder \
                     and try again";
        refuses(&ana, &mut said, taken);
        ana.kill();
        assert!(ana.refused(1, &["run"]).contains("home folder"));

        run("umount /mnt/home && mount -o loop /mnt/disk /mnt/home");
        ana.resume(&[]);
        said.push(say(&ana, "after").unwrap());
        all_is_there(&ana, &ben, &said);
    });
}

#[test]
fn a_backup_restored_onto_a_disk_that_fills_leaves_nothing_until_there_is_room() {
    let (test, disk) = (
        "disk::a_backup_restored_onto_a_disk_that_fills_leaves_nothing_until_there_is_room",
        "mount -t tmpfs -o size=8m covey /mnt",
    );
    inside(test, &["--user", "--map-root-user", "--mount"], disk, || {
        let (mut ana, ben) = (Person::start("Ana"), Person::start("Ben"));
        ana.befriend(&ben);
        let said: Vec<_> = (0..40).map(|_| say(&ana, &"x".repeat(20_000)).unwrap()).collect();
        let files = tempfile::tempdir().unwrap();
        let [file, secret] = ["ana.covey", "secret"].map(|name| files.path().join(name));
        fs::write(&secret, "correct horse\n").unwrap();
        let [file, secret] = [&file, &secret].map(|path| path.to_str().unwrap());
        ana.ask(&["backup", file, "--passphrase-file", secret]);
        ana.kill();

        let mut again = Person::within(tempfile::tempdir_in("/mnt").unwrap(), "Ana");
        let restore = ["restore", file, "--passphrase-file", secret];
        let mut filler = File::create("/mnt/filler").unwrap();
        while filler.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
        let all = filler.metadata().unwrap().len();
        // room for nothing, for a folder, for a database, for some of the messages …
        for room in (0..).step_by(128 << 10) {
            filler.set_len(all - room).unwrap();
            let restored = object(&again.command(&["--json"]).args(restore).output().unwrap());
            let Some(told) = restored["error"].as_str() else {
                assert!(room > 1 << 20, "all fits into {room} bytes");
                break;
            };
            let sentence = ("the disk is full; ", "free some space and try again");
            assert!(told.starts_with(sentence.0) && told.ends_with(sentence.1), "{room}: {told}");
            assert_eq!(fs::read_dir(again.home.path()).unwrap().count(), 0);
            assert_eq!(fs::read_dir("/mnt").unwrap().count(), 2, "the filler and the empty home");
        }
        fs::remove_file("/mnt/filler").unwrap();
        again.resume(&[]);
        all_is_there(&again, &ben, &said);
    });
}

/// Ana lives on this disk, Ben elsewhere.
fn friends(disk: &str) -> (Person, Person) {
    let mut ana = Person::within(tempfile::tempdir_in(disk).unwrap(), "Ana");
    ana.resume(&[]);
    let ben = Person::start("Ben");
    ana.befriend(&ben);
    (ana, ben)
}

/// Says something to Ben: the message's id, or why not.
fn say(ana: &Person, text: &str) -> Result<String, String> {
    let output = ana.pipe(&["send", "Ben", "--stdin"], text.as_bytes());
    let said = object(&output);
    said["id"].as_str().map(Into::into).ok_or_else(|| said["error"].as_str().unwrap().into())
}

/// Says more and more until the disk refuses, which is told so.
fn refuses(ana: &Person, said: &mut Vec<String>, sentence: &str) {
    let refusal = loop {
        match say(ana, &"x".repeat(20_000)) {
            Ok(id) => said.push(id),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal, sentence);
    assert_eq!(ana.ask(&["status"])["trouble"], sentence);
    assert!(ana.see(&["status"]).contains(sentence));
    // what was said can be read
    let log = ana.ask(&["log", "Ben", "--limit", "1000"]);
    assert_eq!(log["messages"].as_array().unwrap().len(), said.len());
}

/// Everything that was said is with both, once.
fn all_is_there(ana: &Person, ben: &Person, said: &[String]) {
    for id in said {
        ana.ask(&["wait", id, "--timeout", "60"]);
    }
    for (person, friend) in [(ana, "Ben"), (ben, "Ana")] {
        let log = person.ask(&["log", friend, "--limit", "1000"]);
        let ids = log["messages"].as_array().unwrap().iter().map(|message| &message["id"]);
        assert!(ids.eq(said), "{friend}");
    }
}

/// Set in the process that runs inside.
const INSIDE: &str = "COVEY_TEST_INSIDE";

/// Runs a test again in namespaces of these kinds, and what it does there, if its disk can be
/// mounted there.
#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
fn inside(test: &str, kinds: &[&str], disk: &str, what: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        run(disk);
        return what();
    }
    let unshare = |command: &[&str]| -> Output {
        let mut unshare = Command::new("unshare");
        unshare.args(kinds).args(command).env(INSIDE, "1").output().unwrap()
    };
    if !unshare(&["sh", "-c", disk]).status.success() {
        eprintln!("SKIPPED: `{disk}` cannot be done in namespaces here");
        return;
    }
    let program = env::current_exe().unwrap();
    let again = unshare(&[program.to_str().unwrap(), test, "--exact", "--nocapture"]);
    let [said, complained] = [&again.stdout, &again.stderr].map(|s| String::from_utf8_lossy(s));
    assert!(said.contains("1 passed"), "{said}{complained}");
}

/// Runs a script that must work.
fn run(script: &str) {
    assert!(Command::new("sh").args(["-c", script]).status().unwrap().success(), "{script}");
}
