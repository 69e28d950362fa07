//! Real nodes on disks that are full, or that take nothing any more. They are mounted in namespaces
//! of their own.

use std::{
    env, fs,
    fs::File,
    io::Write as _,
    process::{Command, Output},
};

use serde_json::Value;

use crate::person::Person;

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
    let said = crate::person::object(&output);
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
