//! `covey repair`: says what could be saved of a damaged database, and what could not.

use std::path::Path;

use anyhow::Result;
use covey_node::home::{self, Options, Repaired};
use serde_json::json;
use time::OffsetDateTime;

use crate::{ask::Said, run, show};

/// Repairs the home.
pub(crate) fn repair(dir: &Path, passphrase_file: Option<&Path>) -> Result<Said> {
    let options = Options { keep: run::wish(passphrase_file)?, ..Options::default() };
    let Repaired { damaged, whole, lost } = home::repair(dir, &options)?;
    let objects = lost.iter().map(|(friend, lost)| {
        let (after, before) = (lost.after.map(|at| at.0), lost.before.map(|at| at.0));
        json!({ "friend": friend, "messages": lost.messages, "after": after, "before": before })
    });
    let objects: Vec<_> = objects.collect();
    let object = json!({ "whole": whole, "damaged": damaged.to_string_lossy(), "lost": objects });

    let now = OffsetDateTime::now_utc();
    let mut words = String::new();
    for (friend, lost) in &lost {
        let friend = friend.as_deref().map_or("somebody whose name is lost".into(), show::line);
        let number = match lost.messages {
            1 => "one message".into(),
            more => format!("{more} messages"),
        };
        let [after, before] = [lost.after, lost.before].map(|at| Some(show::moment(at?.0, now)));
        let when = match (after, before) {
            (Some(after), Some(before)) => format!(", written between {after} and {before}"),
            (Some(after), None) => format!(", written after {after}"),
            (None, Some(before)) => format!(", written before {before}"),
            (None, None) => String::new(),
        };
        words += &format!("Not saved: {number} with {friend}{when}\n");
    }
    words += match (whole, lost.is_empty()) {
        (true, _) => "All that is in the database could be read\n",
        (false, true) => "Every message could be read, but not everything else\n",
        (false, false) => "Friends and your other devices that have these send them again\n",
    };
    if !whole {
        words += "This home goes on as a new device of yours\n";
    }
    words += &format!("The damaged database is kept: {}", show::line(&damaged.to_string_lossy()));
    Ok((object, words))
}
