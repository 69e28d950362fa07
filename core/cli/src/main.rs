//! `covey`: a headless node, and the commands of people and scripts that talk to it.
//!
//! Decides nothing about friends and messages: it types what the API asks for, and shows what the
//! API answers. With `--json` standard output holds one object a command, whatever becomes of it.

mod args;
mod ask;
mod backup;
mod device;
mod export;
mod fault;
mod meet;
mod names;
mod node;
mod recovery;
mod repair;
mod run;
mod show;
mod wait;
mod why;

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    path::{self, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::{CommandFactory as _, Parser as _};
use serde_json::json;

use crate::{
    args::{Command, Typed},
    fault::Fault,
    node::Node,
    show::BAD,
};

fn main() -> ExitCode {
    let (json, outcome) = match Typed::try_parse() {
        Ok(typed) => (typed.json, carry_out(typed)),
        Err(error) if !error.use_stderr() => (false, error.print().map_err(Into::into)),
        Err(error) if asked_for_json() => (true, Err(Fault::Usage(sentence(&error)).into())),
        Err(error) => error.exit(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // whoever read has seen enough
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let told = format!("{error:#}");
            // nothing is left to tell it to
            let _unheard = match json {
                true => print(&show::json(&json!({ "error": told }).to_string())),
                false => writeln!(anstream::stderr(), "{BAD}covey:{BAD:#} {}", show::line(&told))
                    .map_err(Into::into),
            };
            ExitCode::from(fault::code(&error))
        }
    }
}

fn carry_out(typed: Typed) -> Result<()> {
    let Typed { home, json, command } = typed;
    match command {
        Command::Run(options) => run::run(&home_dir(home)?, options, json),
        Command::Restore(options) => {
            let (object, words) = backup::restore(&home_dir(home)?, &options)?;
            print(&if json { show::json(&object.to_string()) } else { words })
        }
        Command::Ask(what) => {
            let (object, words) = client(ask::ask(&home_dir(home)?, what))?;
            print(&if json { show::json(&object.to_string()) } else { words })
        }
        Command::Repair { passphrase_file } => {
            let (object, words) = repair::repair(&home_dir(home)?, passphrase_file.as_deref())?;
            print(&if json { show::json(&object.to_string()) } else { words })
        }
        Command::Device(what) => {
            let talks = !json && io::stdin().is_terminal() && io::stdout().is_terminal();
            let (object, words) = client(device::device(&home_dir(home)?, what, talks))?;
            print(&if json { show::json(&object.to_string()) } else { words })
        }
        Command::Export(what) => client(export::export(&home_dir(home)?, what, json)),
        Command::Watch => {
            let home = home_dir(home)?;
            client(async {
                let mut events = Node::attach(&home).await?.0.events().await?;
                while let Some(event) = events.next().await {
                    print(&show::json(&json!(event).to_string()))?;
                }
                anyhow::bail!("the node has stopped")
            })
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Typed::command(), "covey", &mut script);
            Ok(io::stdout().write_all(&script)?)
        }
        Command::Man => manual(),
    }
}

/// Runs what a client does, on this thread.
fn client<T>(what: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(what)
}

/// A page of the program, then one of each command.
fn manual() -> Result<()> {
    let mut program = Typed::command().disable_help_subcommand(true);
    program.build();
    let commands = program.get_subcommands().cloned();
    let mut pages = Vec::new();
    for command in [program.clone()].into_iter().chain(commands) {
        clap_mangen::Man::new(command).render(&mut pages)?;
    }
    Ok(io::stdout().write_all(&pages)?)
}

fn home_dir(given: Option<PathBuf>) -> Result<PathBuf> {
    let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let data = data.or_else(|| Some(env::home_dir()?.join(".local/share")));
    let usual = data.map(|data| data.join("covey"));
    let dir = given.or(usual).context("there is no folder for user data; name one with --home")?;
    path::absolute(dir).context("the working folder is gone; name a home from the root")
}

fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", text.trim_end_matches('\n'))?;
    Ok(out.flush()?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Whether `--json` was typed, where the rest cannot be understood.
fn asked_for_json() -> bool {
    env::args_os().skip(1).take_while(|arg| arg != "--").any(|arg| arg == "--json")
}

/// What is wrong with what was typed, on one line.
fn sentence(error: &clap::Error) -> String {
    let told = error.to_string();
    let first = told.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = first.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").into()
}
