//! Whom a person means by a name: the friend who is called so, else the only one whose name begins
//! so, in whatever case.

use anyhow::{Result, bail};
use covey_node::api::Friend;

use crate::show;

/// The friend who is meant.
pub(crate) fn find(friends: Vec<Friend>, name: &str) -> Result<Friend> {
    let (mut exact, others): (Vec<_>, _) = friends.into_iter().partition(|one| one.name == name);
    if let Some(friend) = exact.pop() {
        return Ok(friend);
    }
    let begins = |one: &Friend| !name.is_empty() && lower(&one.name).starts_with(&lower(name));
    let (begin, others): (Vec<_>, Vec<_>) = others.into_iter().partition(begins);
    let name = show::line(name);
    match (begin.as_slice(), near(&others, &name).as_slice()) {
        ([friend], _) => Ok(friend.clone()),
        ([], []) => bail!("no friend is called “{name}”; `covey friends` lists them"),
        ([], near) => bail!("no friend is called “{name}”; did you mean {}?", list(near)),
        (begin, _) => bail!("“{name}” may be {}", list(&begin.iter().collect::<Vec<_>>())),
    }
}

/// Those whose name could have been meant, the nearest first.
fn near<'a>(friends: &'a [Friend], name: &str) -> Vec<&'a Friend> {
    let likeness = |friend: &Friend| {
        strsim::normalized_damerau_levenshtein(&lower(&friend.name), &lower(name))
    };
    let mut near: Vec<_> = friends.iter().map(|friend| (likeness(friend), friend)).collect();
    near.retain(|(likeness, _)| *likeness >= ALIKE);
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().map(|(_, friend)| friend).collect()
}

/// Half of the letters right.
const ALIKE: f64 = 0.5;
/// The most names one sentence lists.
const MAX_LISTED: usize = 5;

fn list(friends: &[&Friend]) -> String {
    let mut names: Vec<_> = friends.iter().map(|friend| show::line(&friend.name)).collect();
    if names.len() > MAX_LISTED {
        names.truncate(MAX_LISTED);
        names.push("others".into());
    }
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last } else { format!("{} or {last}", names.join(", ")) }
}

fn lower(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use covey_node::api::Standing;

    use super::*;

    #[test]
    fn a_name_means_the_friend_who_is_called_so() {
        assert_eq!(meant(&["Ann", "Anna"], "Ann"), "Ann");
    }

    #[test]
    fn the_beginning_of_one_name_means_that_friend() {
        assert_eq!(meant(&["Ana", "Ben"], "b"), "Ben");
        assert_eq!(meant(&["Ágnes", "Ben"], "ÁG"), "Ágnes");
    }

    #[test]
    fn the_beginning_of_several_names_means_nobody() {
        assert_eq!(meant(&["Ana", "Andi", "Ben"], "an"), "“an” may be Ana or Andi");
    }

    #[test]
    fn a_name_mistyped_is_answered_with_those_near() {
        assert_eq!(
            meant(&["Ben", "Marta", "Martin"], "Matra"),
            "no friend is called “Matra”; did you mean Marta or Martin?"
        );
    }

    #[test]
    fn a_name_like_nobodys_is_answered_with_where_to_look() {
        assert_eq!(
            meant(&["Ben"], "Zoltán"),
            "no friend is called “Zoltán”; `covey friends` lists them"
        );
    }

    #[test]
    fn no_name_means_nobody() {
        assert!(meant(&["Ben"], "").starts_with("no friend is called"));
    }

    #[test]
    fn a_hundred_names_do_not_fill_the_screen() {
        let names: Vec<_> = (0..100).map(|n| format!("Ana {n}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_eq!(meant(&names, "an").matches("Ana").count(), MAX_LISTED);
    }

    fn meant(names: &[&str], name: &str) -> String {
        let friend = |name: &&str| Friend {
            id: "00".repeat(32),
            name: (*name).into(),
            standing: Standing::Friend,
            ..Friend::default()
        };
        match find(names.iter().map(friend).collect(), name) {
            Ok(friend) => friend.name,
            Err(error) => error.to_string(),
        }
    }
}
