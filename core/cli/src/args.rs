//! What can be typed.
//!
//! A value that was taken here is valid as far as that can be seen without a node.

mod own;

use std::{path::PathBuf, time::Duration};

use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use clap_complete::Shell;
use covey_node::api::{State, web::Loopback};

pub(crate) use self::own::{Device, Recovery};

/// Talk with friends, with no server of anybody's.
#[derive(Debug, Parser)]
#[command(name = "covey", version, after_help = EXIT_CODES, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Typed {
    /// This person's folder [default: ~/.local/share/covey]
    #[arg(long, global = true, value_name = "DIR", env = "COVEY_HOME")]
    pub(crate) home: Option<PathBuf>,
    /// Print one JSON object instead of words
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 timed out";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node on this home; every other command talks to it
    Run(Run),
    #[command(flatten)]
    Ask(Ask),
    /// Write what was said into a text for people
    Export(Export),
    /// Save what can be read of a damaged database, while no node runs; the damaged one is kept
    Repair {
        /// The file whose first line is the home's passphrase, if it has one
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// See your own devices, name them, or add one
    #[command(subcommand)]
    Device(Device),
    /// Make this home of a backup, as a new device of its account
    Restore(Restore),
    /// Print everything that happens, as lines of JSON
    Watch,
    /// Print a script that completes commands in your shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual, as man(1) reads it
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// With whom: a name, or how it begins
    #[arg(required_unless_present = "all")]
    pub(crate) name: Option<String>,
    /// A new file that only you can read [default: print it]
    pub(crate) file: Option<PathBuf>,
    /// With everybody
    #[arg(long)]
    pub(crate) all: bool,
    /// Overwrite the file
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Listen here, as a multiaddress; can be given more than once [default: everywhere]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<String>,
    /// Neither look for friends on the local network nor be found there
    #[arg(long)]
    pub(crate) no_lan: bool,
    /// Serve the browser edition here, to browsers on this machine, as 127.0.0.1:0; its address,
    /// which is printed, lets in whoever knows it
    #[arg(long, value_name = "ADDR")]
    pub(crate) web: Option<Loopback>,
    /// Keep the secrets under the passphrase in this file's first line
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    pub(crate) file: PathBuf,
    /// What opens it is this file's first line
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Keep the secrets of the new home under the same passphrase
    #[arg(long)]
    pub(crate) lock: bool,
}

/// What a running node is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    /// Show your name, or set it
    Me {
        /// What your friends call you
        #[arg(long)]
        name: Option<String>,
    },
    /// Make an invite for one friend: a text, a picture, or a code on the screen
    Invite {
        /// Write a QR code into this PNG file
        #[arg(long, value_name = "FILE", conflicts_with = "qr")]
        png: Option<PathBuf>,
        /// Show a QR code here, for somebody who is with you
        #[arg(long)]
        qr: bool,
        /// For how long it is good, as 90s, 10m or 7d [default: 7d, with --qr 10m]
        #[arg(long, value_parser = lifetime)]
        ttl: Option<u32>,
    },
    /// Accept a friend's invite
    Accept {
        /// The invite
        #[arg(required_unless_present = "png")]
        text: Option<String>,
        /// Read it from the QR code in this PNG file
        #[arg(long, value_name = "FILE", conflicts_with = "text")]
        png: Option<PathBuf>,
    },
    /// Write all there is into one encrypted file
    Backup {
        /// Where
        file: PathBuf,
        /// Encrypt it under this file's first line
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// List your friends
    Friends,
    /// Call a friend something else
    Rename {
        /// Who: a name, or how it begins
        name: String,
        /// The new name
        new: String,
    },
    /// Bring two of your friends together; both are asked
    Introduce {
        /// Who: a name, or how it begins
        name: String,
        /// To whom: a name, or how it begins
        to: String,
    },
    /// Meet somebody whom a friend introduces; without a name, list them
    Meet {
        /// Who, as the friend who introduces calls that person
        name: Option<String>,
        /// Say no
        #[arg(long, requires = "name")]
        refuse: bool,
    },
    /// Show the number by which you and a friend know that nobody stands between you
    Safety {
        /// Whose: a name, or how it begins
        name: String,
        /// Say that your friend read out the same number
        #[arg(long)]
        same: bool,
    },
    /// End a friendship
    Remove {
        /// Who: a name, or how it begins
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Look after the words by which your account is recovered when a device is stolen
    Recovery {
        #[command(subcommand)]
        what: Recovery,
    },
    /// Hear nothing from a friend any more
    Block {
        /// Who: a name, or how it begins
        name: String,
        /// Hear from this friend again
        #[arg(long)]
        undo: bool,
    },
    /// Say something to a friend; returns once it is on disk
    Send {
        /// To whom: a name, or how it begins
        name: String,
        /// What
        #[arg(required_unless_present = "stdin", allow_hyphen_values = true)]
        text: Option<String>,
        /// Say what comes in instead
        #[arg(long, conflicts_with = "text")]
        stdin: bool,
    },
    /// Show what was said, oldest first
    Log {
        /// With whom: a name, or how it begins
        name: String,
        /// The last so many messages
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Those before this message: its id, or how it begins
        #[arg(long, value_name = "MSG", conflicts_with = "around")]
        before: Option<String>,
        /// Those around this message
        #[arg(long, value_name = "MSG")]
        around: Option<String>,
        /// With the ids that name messages
        #[arg(long)]
        ids: bool,
    },
    /// Find messages by words in them, or how those begin; the newest first
    Search {
        /// What, in any script and case, with or without accents; `--` before what begins with -
        #[arg(required = true)]
        text: Vec<String>,
        /// Only with this friend: a name, or how it begins
        #[arg(long, value_name = "NAME")]
        with: Option<String>,
        /// So many messages
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Answer a message
    Reply {
        /// Its id, or how it begins
        #[arg(value_name = "MSG")]
        message: String,
        /// What to say
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
    /// Write a message of yours anew
    Edit {
        /// Its id, or how it begins
        #[arg(value_name = "MSG")]
        message: String,
        /// What it says from now on
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
    /// Take a message of yours back, on every device
    Retract {
        /// Its id, or how it begins
        #[arg(value_name = "MSG")]
        message: String,
    },
    /// Say what you feel about a message
    React {
        /// Its id, or how it begins
        #[arg(value_name = "MSG")]
        message: String,
        /// One emoji or letter, in the place of the one before
        #[arg(required_unless_present = "undo")]
        reaction: Option<String>,
        /// Feel nothing any more
        #[arg(long, conflicts_with = "reaction")]
        undo: bool,
    },
    /// Set for how long messages with a friend are kept, on both sides, from now on
    Expire {
        /// With whom: a name, or how it begins
        name: String,
        /// From when each is first shown, as 90s, 10m, 12h or 7d; or off
        #[arg(value_name = "TIME", value_parser = expiry)]
        time: u32,
    },
    /// Show what you began to write to a friend, or keep it; sending empties it
    Draft {
        /// To whom: a name, or how it begins
        name: String,
        /// What, in the place of what was kept
        #[arg(allow_hyphen_values = true)]
        text: Option<String>,
        /// Keep nothing
        #[arg(long, conflicts_with = "text")]
        clear: bool,
    },
    /// Say that you have read what a friend wrote
    Read {
        /// Who: a name, or how it begins
        name: String,
    },
    /// Show what you chose, or choose otherwise; your devices agree
    Setting {
        /// read-marks: whether friends are told what you have read
        #[arg(value_parser = ["read-marks"], requires = "value")]
        name: Option<String>,
        /// What from now on
        #[arg(value_parser = ["on", "off"])]
        value: Option<String>,
    },
    /// Wait until something became of a message
    Wait {
        /// Its id, or how it begins
        #[arg(value_name = "MSG")]
        message: String,
        /// Until then; a friend may not tell what was read, and kept comes later
        #[arg(long, default_value = "delivered", value_parser = state())]
        state: State,
        /// Give up after so many seconds, or as 10m [default: never]
        #[arg(long, value_name = "SECS", value_parser = duration)]
        timeout: Option<Duration>,
    },
    /// Say why a message or a friend cannot be reached, or who has the message
    Why {
        /// A friend's name, or how it begins; or a message's id, or how that begins
        #[arg(value_name = "MSG|NAME")]
        about: String,
    },
    /// Gather what somebody who helps you wants to know; names, texts, ids and addresses are blanked
    Bundle {
        /// Write it here, once you saw it [default: show it only]
        file: Option<PathBuf>,
        /// Write it without showing it and asking
        #[arg(long, requires = "file")]
        yes: bool,
    },
    /// Show who you are, where your secrets are kept, and who is linked
    Status,
    /// Call a method of the node's API, for scripts
    Api {
        /// command or query
        method: String,
        /// Its parameters
        #[arg(value_name = "JSON", value_parser = json)]
        params: Option<serde_json::Value>,
    },
}

fn state() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(["kept", "delivered", "read"]).try_map(|state| match state.as_str() {
        "delivered" => Ok(State::Delivered),
        "read" => Ok(State::Read),
        _ => Err(format!("waiting until a message is {state} comes later")),
    })
}

/// A number of seconds, or one with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(char::is_alphabetic);
    let unit = match text.strip_prefix(number) {
        Some("" | "s") => Some(1.0),
        Some("m") => Some(60.0),
        Some("h") => Some(3_600.0),
        Some("d") => Some(86_400.0),
        Some(_) | None => None,
    };
    let seconds = number.parse::<f64>().ok().zip(unit).map(|(number, unit)| number * unit);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a time is a number of seconds, or as 90s, 10m, 12h or 7d".into())
}

fn lifetime(text: &str) -> Result<u32, String> {
    match u32::try_from(duration(text)?.as_secs()) {
        Ok(0) => Err("an invite is good for a second at least".into()),
        Ok(seconds) => Ok(seconds),
        Err(_) => Err("an invite is not good for so long".into()),
    }
}

/// So many seconds; `off` is none.
fn expiry(text: &str) -> Result<u32, String> {
    match text {
        "off" => Ok(0),
        time => match u32::try_from(duration(time)?.as_secs()) {
            Ok(0) => Err("a message is kept for a second at least; `off` keeps all".into()),
            Ok(seconds) => Ok(seconds),
            Err(_) => Err("no message is kept for so long; `off` keeps all".into()),
        },
    }
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("this is no JSON: {error}"))
}

#[cfg(test)]
mod tests;
