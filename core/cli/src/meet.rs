//! Knowing whom one talks with: introductions, and safety numbers.

use anyhow::{Result, bail};
use covey_node::api::{Command, Offer};
use serde_json::json;

use crate::{
    ask::Said,
    node::Node,
    show::{self, FAINT, STRONG},
};

pub(crate) async fn introduce(mut node: Node, name: &str, to: &str) -> Result<Said> {
    let (friend, to) = (node.friend(name).await?, node.friend(to).await?);
    let words = format!(
        "{} and {} are asked whether they want to meet",
        show::line(&friend.name),
        show::line(&to.name)
    );
    let json = json!({ "introduced": [friend.name, to.name] });
    node.order(Command::Introduce { friend: friend.id, to: to.id }).await?;
    Ok((json, words))
}

pub(crate) async fn meet(mut node: Node, name: Option<String>, refuse: bool) -> Result<Said> {
    let offers = node.status().await?.offers;
    let Some(name) = name else {
        let lines: Vec<_> = offers.iter().map(offered).collect();
        let none = "Nobody introduces you to anybody at the moment.";
        let words = if lines.is_empty() { none.into() } else { lines.join("\n") };
        return Ok((json!({ "offers": offers }), words));
    };
    let Some(offer) = offers.iter().find(|offer| offer.name == name) else {
        let shown = show::line(&name);
        bail!("nobody introduces you to “{shown}”; `covey meet` lists whom you could meet")
    };
    node.order(Command::Meet { offer: offer.id.clone(), yes: !refuse }).await?;
    let name = show::line(&offer.name);
    let words = if refuse {
        format!("You will not meet {name}; nobody is told but {}", show::line(&offer.by))
    } else {
        format!("You and {name} become friends as soon as {name} agrees too")
    };
    Ok((json!({ "name": offer.name, "met": !refuse }), words))
}

fn offered(offer: &Offer) -> String {
    let next = if offer.accepted { "you agreed" } else { "`covey meet` and the name, to agree" };
    format!(
        "{STRONG}{}{STRONG:#}  introduced by {}  {FAINT}{next}{FAINT:#}",
        show::line(&offer.name),
        show::line(&offer.by)
    )
}

pub(crate) async fn safety(mut node: Node, name: &str, same: bool) -> Result<Said> {
    let friend = node.friend(name).await?;
    let name = show::line(&friend.name);
    let Some(number) = friend.safety else {
        bail!("there is no number before {name} has answered")
    };
    if same {
        node.order(Command::Verify { friend: friend.id }).await?;
    }
    let json =
        json!({ "name": friend.name, "safety": number, "verified": same || friend.verified });
    let groups: Vec<_> = number.split(' ').collect();
    let rows: Vec<_> = groups.chunks(4).map(|row| row.join(" ")).collect();
    let next = if same {
        format!("It is the same at both: nobody stands between you and {name}.")
    } else {
        format!(
            "Read it to {name} where you know the voice or the face; if {name} sees the same, \
             add --same."
        )
    };
    Ok((json, format!("{}\n{FAINT}{next}{FAINT:#}", rows.join("\n"))))
}
