//! `make bench`: Covey beside libtoxcore, raw quinn and a bare insert, on one machine in one run.
//!
//! Two nodes each, in processes of their own, over loopback; Covey's have their homes on disk. Every
//! figure is the median of three. They land in a table and in `target/bench.json`.

mod covey;
mod idle;
mod insert;
mod process;
mod stream;
mod table;
mod tox;

use std::{
    env, fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;

use crate::{
    covey::Pair,
    idle::Idle,
    table::{Row, median, quantile},
};

/// Said in one go to see how fast that is: many, of a thousand bytes each.
const FLOOD: usize = 20_000;
const SIZE: usize = 1_000;
/// What is searched, in shorter messages, and how often.
const SEARCHED: usize = 100_000;
const SEARCHES: usize = 120;
/// What a home holds before a start is measured.
const HISTORY: usize = 10_000;
const PINGS: usize = 200;
const STREAM: usize = 240_000_000;
/// Memory is looked at after so long without anything to do.
const REST: Duration = Duration::from_secs(10);

#[expect(clippy::print_stdout, reason = "the table is what one runs it for")]
fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [idle, whose] = &arguments[..]
        && idle == "idle"
    {
        let (said, resident) = idle::watch(whose)?;
        println!("idle {said} {resident}");
        return Ok(());
    }
    println!("{}", machine()?);
    fs::create_dir_all("target")?;
    let mut rows = Vec::new();
    measure(|row| {
        println!("{row}");
        rows.push(row);
    })?;
    table::write(&rows, Path::new("target/bench.json"))?;
    println!("\n{LEGEND}");
    Ok(())
}

/// What was measured, for whoever reads the table.
const LEGEND: &str = "\
messages_per_s   messages of 1,000 bytes, 256 asked for at a time, on both disks and known to be;
                 tox as many as it takes, acknowledged, nothing stored; its loop as it asks, and 1 ms;
                 insert: the same rows, schema and commits with nothing around
round_trip       a message and its answer, each on both disks (four commits); tox stores nothing
stream_MB_s      large frames over one link, sealed twice; quinn: a stream of its own
cold_start_ms    from starting the program on a home of 10,000 messages until it takes commands
first_message_s  from starting two new homes until a first message is delivered, invite included;
                 tox: bootstrapped from each other
search_ms        in 100,000 messages of a dozen words: a rare word, how one begins, one that is in all
rss_MB           idle and linked after that start; after: when all of the above was said
idle_kB_min      one of two linked hosts, all sockets, sent and received, over five minutes";

/// Measures everything, and tells each row.
fn measure(mut tell: impl FnMut(Row)) -> Result<()> {
    tox::build()?;
    let (covey_idle, tox_idle) = (Idle::begin("covey")?, Idle::begin("tox")?);

    let first = three(|| {
        let start = Instant::now();
        Pair::befriend(covey::Node::new()?, covey::Node::new()?)?.deliver()?;
        Ok(start.elapsed().as_secs_f64())
    })?;
    let tox_first = three(|| {
        let (mut pair, took) = tox::Pair::new(None)?;
        Ok((took + pair.flood(1, SIZE)?).as_secs_f64())
    })?;
    tell(Row::new("first_message_s", median(first)).tox(median(tox_first)));

    let mut pair = Pair::new()?;
    pair.flood(HISTORY, |_| ".".repeat(SIZE))?;
    let starts = three(|| Ok(pair.ben.restart()?.as_secs_f64() * 1e3))?;
    tell(Row::new("cold_start_ms", median(starts)).at_most(300.0, "300"));
    pair.linked()?;
    thread::sleep(REST);
    let resident = pair.ben.process.resident()?;

    let per_second = |took: Duration| FLOOD as f64 / took.as_secs_f64();
    let said = median(three(|| Ok(per_second(pair.flood(FLOOD, |_| ".".repeat(SIZE))?)))?);
    let (mut tox, _) = tox::Pair::new(None)?;
    let tox_said = median(three(|| Ok(per_second(tox.flood(FLOOD, SIZE)?)))?);
    let (mut tox_1ms, _) = tox::Pair::new(Some(1))?;
    let tox_1ms_said = median(three(|| Ok(per_second(tox_1ms.flood(FLOOD, SIZE)?)))?);
    let inserted = three(|| {
        let (count, took) = insert::again(pair.ana.home.path())?;
        Ok(count as f64 / took.as_secs_f64())
    })?;
    let inserted = median(inserted);
    let row = Row::new("messages_per_s", said).tox(tox_said).and("tox_1ms", tox_1ms_said);
    let row = row.and("insert", inserted).at_least(3.0 * tox_said, "3 tox");
    tell(row.at_least(0.5 * inserted, "insert / 2"));

    let (pings, tox_pings) = (three(|| pair.ping(PINGS))?, three(|| tox.ping(PINGS / 4))?);
    let middle = |times: &[Vec<f64>; 3], part| {
        median(times.each_ref().map(|times| quantile(times.clone(), part)))
    };
    let tox_p50 = middle(&tox_pings, 0.5);
    let row = Row::new("round_trip_p50_ms", middle(&pings, 0.5)).tox(tox_p50);
    tell(row.at_most(2.0, "2").at_most(0.05 * tox_p50, "tox / 20"));
    tell(Row::new("round_trip_p99_ms", middle(&pings, 0.99)).tox(middle(&tox_pings, 0.99)));
    let after = pair.ana.process.resident()?.max(pair.ben.process.resident()?);

    pair.flood(SEARCHED, words)?;
    pair.ana.process.rest()?;
    let wanted = |number| match number % 3 {
        0 => word(number),
        1 => word(number).chars().take(4).collect(),
        _ => ALWAYS.to_owned(),
    };
    let searches = three(|| pair.ana.search((0..SEARCHES).map(wanted)))?;
    let found = |part| median(searches.each_ref().map(|times| quantile(times.clone(), part)));
    tell(Row::new("search_ms", found(0.5)).and("p99", found(0.99)).at_most(20.0, "20"));

    let runtime = Runtime::new()?;
    let per_second = |took: Duration| STREAM as f64 / 1e6 / took.as_secs_f64();
    let bare = median(three(|| Ok(per_second(runtime.block_on(stream::quinn(STREAM))?)))?);
    let link = median(three(|| Ok(per_second(runtime.block_on(stream::link(STREAM))?)))?);
    let row = Row::new("stream_MB_s", link).and("quinn", bare);
    tell(row.and("ratio", link / bare).at_least(0.6 * bare, "0.6 quinn"));

    let (said, fresh) = covey_idle.end()?;
    let (tox_said, tox_fresh) = tox_idle.end()?;
    let row = Row::new("rss_MB", resident).tox(tox_fresh).and("fresh", fresh).and("after", after);
    tell(row.at_most(25.0, "25"));
    tell(Row::new("idle_kB_min", said).tox(tox_said).at_most(5.0, "5"));
    Ok(())
}

/// A text of a dozen words, of which one is in all.
fn words(number: usize) -> String {
    let words: Vec<_> = (1..12).map(|place| word(number.wrapping_mul(31) + place * 577)).collect();
    format!("{ALWAYS} {}", words.join(" "))
}

const ALWAYS: &str = "always";

/// One of five thousand words.
fn word(number: usize) -> String {
    let syllables = ["be", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu"];
    let digits = format!("{:04}", number % 5_000);
    digits.bytes().filter_map(|digit| syllables.get(usize::from(digit - b'0'))).copied().collect()
}

/// Three tries.
fn three<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<[T; 3]> {
    Ok([attempt()?, attempt()?, attempt()?])
}

/// What it is measured on.
fn machine() -> Result<String> {
    let read = |file: &str, word: &str| -> Result<String> {
        let text = fs::read_to_string(file)?;
        let line = text.lines().find(|line| line.starts_with(word)).context("an unknown system")?;
        Ok(line.split(':').next_back().unwrap_or(line).trim().into())
    };
    let (cpu, memory) = (read("/proc/cpuinfo", "model name")?, read("/proc/meminfo", "MemTotal")?);
    let (system, load) = (read("/proc/sys/kernel/osrelease", "")?, read("/proc/loadavg", "")?);
    let cores = thread::available_parallelism()?;
    Ok(format!("{cores} × {cpu}, {memory}, Linux {system}; load {load}\n"))
}
