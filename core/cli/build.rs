//! Takes the page into the program: every file of `ui/dist`, or none where it was not built.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let ui = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../ui");
    let dist = ui.join("dist");
    // a folder that is not there yet cannot be watched, but the one that it will be in
    let watched = if dist.is_dir() { &dist } else { &ui };
    println!("cargo::rerun-if-changed={}", watched.display());
    let mut files = Vec::new();
    list(&dist, "", &mut files)?;
    files.sort();
    let out = Path::new(&env::var("OUT_DIR")?).join("page.rs");
    let files = files.iter().map(|(name, path)| format!("({name:?}, include_bytes!({path:?})),\n"));
    Ok(fs::write(out, format!("&[\n{}]", files.collect::<String>()))?)
}

/// The files below a folder, by what the page calls them, and where they are.
fn list(
    folder: &Path,
    name: &str,
    files: &mut Vec<(String, String)>,
) -> Result<(), Box<dyn Error>> {
    for entry in folder.read_dir().into_iter().flatten() {
        let path = entry?.path();
        let file = path.file_name().and_then(|name| name.to_str()).ok_or("a name of no text")?;
        let name = format!("{name}{file}");
        match path.is_dir() {
            true => list(&path, &format!("{name}/"), files)?,
            false => files.push((name, path.to_str().ok_or("a path of no text")?.into())),
        }
    }
    Ok(())
}
