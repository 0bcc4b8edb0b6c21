//! Owns the comparison of whole commands with what copying and hashing cost: `cp -r` and `b3sum` beside `snap`, `check` and `restore`.
//!
//! All steps take turns in every round, because on one machine the same copy can cost six times as much an hour later: only ratios within
//! a run say something. Run it with `cargo bench --bench peers`; `benches/README.md` tells how to read it. Nothing is asserted about times.

#[path = "peers/corpus.rs"]
mod corpus;
#[path = "peers/figures.rs"]
mod figures;
#[path = "peers/run.rs"]
mod run;

use figures::Figures;
use run::{Command, Outcome};
use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

/// What `main` and its steps fail with.
type Fallible<T> = Result<T, Box<dyn Error>>;

const TINTYPE: &str = env!("CARGO_BIN_EXE_tintype");
const ROUNDS_DEFAULT: usize = 5;
/// This program, called again with it and a folder, reads and hashes all files: for machines without `b3sum`.
const HASH_ALL: &str = "hash-all";

fn main() -> Fallible<()> {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if let [word, folder] = arguments.as_slice()
        && word == HASH_ALL
    {
        return corpus::hash_all(Path::new(folder));
    }
    // `cargo test --all-targets` starts benches too, without this argument.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("peers: run it with cargo bench --bench peers");
        return Ok(());
    }
    let rounds = match env::var("TINTYPE_BENCH_ROUNDS") {
        Ok(text) => text.parse().ok().filter(|rounds| *rounds > 0).ok_or("TINTYPE_BENCH_ROUNDS is a count of at least 1")?,
        Err(_) => ROUNDS_DEFAULT,
    };
    let parent = env::var_os("TINTYPE_BENCH_WORK").map_or_else(env::temp_dir, PathBuf::from);
    fs::create_dir_all(&parent)?;
    // All trees stay until the end: after big deletions ext4 makes the next files much more slowly.
    let work = tempfile::Builder::new().prefix("tintype-bench-").tempdir_in(&parent)?;
    let library = match env::var_os("TINTYPE_BENCH_CORPUS") {
        Some(folder) => fs::canonicalize(folder)?,
        None => {
            let library = work.path().join("library");
            corpus::make(&library)?;
            // What changed less than 3 seconds before it was read is read again by the next snap.
            std::thread::sleep(Duration::from_secs(4));
            library
        }
    };
    let (file_count, length_bytes) = corpus::measure(&library)?;
    let bench = Bench { library, work: work.path().to_owned(), hasher: Hasher::find()? };
    println!("{file_count} files, {length_bytes} bytes; {rounds} rounds in {}", parent.display());
    println!("hashing: {}; wall of what writes includes the sync after it", bench.hasher.words());
    let mut figures = Figures::new(length_bytes);
    for round in 0..rounds {
        bench.round(round, &mut figures)?;
        eprintln!("round {} of {rounds} done", round + 1);
    }
    figures.print();
    Ok(())
}

/// What hashes all files.
enum Hasher {
    Installed,
    Own(PathBuf),
}

impl Hasher {
    fn find() -> Fallible<Self> {
        let is_installed = std::process::Command::new("b3sum").arg("--version").output().is_ok_and(|output| output.status.success());
        if is_installed { Ok(Self::Installed) } else { Ok(Self::Own(env::current_exe()?)) }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Installed => "the installed b3sum",
            Self::Own(_) => "no b3sum found: the crate blake3, a file at a time on each core",
        }
    }

    fn step(&self) -> &'static str {
        match self {
            Self::Installed => "b3sum",
            Self::Own(_) => "blake3 of all files",
        }
    }

    fn command(&self, library: &Path) -> Command {
        match self {
            Self::Installed => {
                Command::new("bash").args(["-c", "find \"$1\" -type f -print0 | xargs -0 -n 100000 b3sum", "b3sum"]).arg(library)
            }
            Self::Own(program) => Command::new(program).arg(HASH_ALL).arg(library),
        }
    }
}

struct Bench {
    library: PathBuf,
    work: PathBuf,
    hasher: Hasher,
}

impl Bench {
    /// Each step once. Every second round begins with the peers, the others end with them.
    fn round(&self, round: usize, figures: &mut Figures) -> Fallible<()> {
        let folder = self.work.join(format!("round-{round}"));
        fs::create_dir(&folder)?;
        if round.is_multiple_of(2) {
            self.peers(&folder, figures)?;
            self.tintype(&folder, round, figures)
        } else {
            self.tintype(&folder, round, figures)?;
            self.peers(&folder, figures)
        }
    }

    fn peers(&self, folder: &Path, figures: &mut Figures) -> Fallible<()> {
        corpus::hash_all(&self.library)?;
        let copy = Command::new("cp").arg("-r").arg(&self.library).arg(folder.join("copy"));
        figures.add(figures::COPY, copy.run(folder, true)?);
        figures.add(self.hasher.step(), self.hasher.command(&self.library).run(folder, false)?);
        Ok(())
    }

    fn tintype(&self, folder: &Path, round: usize, figures: &mut Figures) -> Fallible<()> {
        let repository = folder.join("repository");
        let code = folder.join("recovery-code");
        let restored = folder.join("restored");
        let command = |words: &[&str]| {
            let command = Command::new(TINTYPE).args(words).arg("--json").arg("--progress").arg("none").arg("--repo").arg(&repository);
            command.arg("--cache-dir").arg(folder.join("cache")).arg("--state-dir").arg(folder.join("state"))
        };
        let open = |words: &[&str]| command(words).arg("--recovery-code-file").arg(&code);
        let made: Outcome = command(&["init", "--no-password"]).run(folder, false)?;
        let report: serde_json::Value = serde_json::from_str(&made.output)?;
        let words = report["recovery_code"].as_str().ok_or("init tells no recovery code")?;
        fs::write(&code, words)?;

        corpus::hash_all(&self.library)?;
        figures.add("snap, first", open(&["snap"]).arg(&self.library).run(folder, true)?);
        figures.add("snap, nothing changed", open(&["snap"]).arg(&self.library).run(folder, true)?);
        figures.add("check --read-data", open(&["check", "--read-data"]).run(folder, false)?);
        figures.add("restore", open(&["restore", "latest"]).arg("--target").arg(&restored).run(folder, true)?);
        figures.stored_bytes(corpus::measure(&repository)?.1);
        if round == 0 {
            let differences = Command::new("diff").arg("-r").arg(&self.library).arg(&restored);
            differences.run(folder, false).map_err(|error| format!("what was restored is not what was snapped: {error}"))?;
            println!("diff -r finds no difference between the library and what was restored");
        }
        Ok(())
    }
}
