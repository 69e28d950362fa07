//! A test in namespaces of its own, where it may do what only root may.

use std::process::Command;

use tokio::runtime::Runtime;

/// Set in the process that runs inside.
const INSIDE: &str = "COVEY_TEST_INSIDE";

/// Runs a test again in namespaces of these kinds, and what it does there, if `first` works there.
/// It is the first thing done inside, as words of a command.
#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
pub(crate) fn apart(test: &str, kinds: &[&str], first: &str, what: impl Future<Output = ()>) {
    if std::env::var_os(INSIDE).is_some() {
        run(first);
        return Runtime::new().expect("a runtime").block_on(what);
    }
    let unshare = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user"]).args(kinds);
        unshare
    };
    let possible = unshare().args(first.split(' ')).status();
    if !possible.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: `{first}` cannot be done in namespaces here");
        return;
    }
    let again = std::env::current_exe().expect("a test has a file");
    let again = unshare().arg(again).args([test, "--nocapture"]).env(INSIDE, "1").output();
    let again = again.expect("it runs again");
    let [said, complained] = [&again.stdout, &again.stderr].map(|s| String::from_utf8_lossy(s));
    assert!(said.contains("1 passed"), "{said}{complained}");
}

/// Runs a command that must work.
pub(crate) fn run(what: &str) {
    let mut words = what.split(' ');
    let status = Command::new(words.next().expect("a program")).args(words).status();
    assert!(status.is_ok_and(|status| status.success()), "{what}");
}
