//! The words by which an account is recovered: shown, erased here, used.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Result, bail};
use covey_node::api::{Command, Reply};
use serde_json::json;

use crate::{
    args::Recovery,
    ask::{self, Said},
    node::{Node, ODD},
};

pub(crate) async fn ask(mut node: Node, what: Recovery) -> Result<Said> {
    match what {
        Recovery::Words => {
            let Reply::Words(words) = node.0.command(Command::RecoveryWords).await? else {
                bail!(ODD)
            };
            Ok((json!({ "words": words }), words))
        }
        Recovery::Forget { yes } => {
            if !yes && !ask::agreed("Have you written down the words?")? {
                bail!("the recovery key stays on this device; `covey recovery words` shows it");
            }
            node.order(Command::ForgetRecovery).await?;
            let words = "The recovery key is erased here; only the words you wrote down are left";
            Ok((json!({ "forgotten": true }), words.into()))
        }
        Recovery::Use => {
            if io::stdin().is_terminal() {
                writeln!(anstream::stderr(), "Type the 24 words, then Enter and Ctrl-D:")?;
            }
            node.order(Command::Recover { words: ask::heard()? }).await?;
            let words = "The account is recovered, and this is its only device now.\n\
                         The words are used up; `covey recovery words` shows the new ones.";
            Ok((json!({ "recovered": true }), words.into()))
        }
    }
}
