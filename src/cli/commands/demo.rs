//! Goes on a tour: draws a small library, then runs the commands on it as a person would type them, and shows what each says.
//!
//! Every command goes through the same door as if it had been typed, so the tour cannot show what the program does not do.

use crate::cli::args::{DemoArgs, Global};
use crate::cli::console::{Capture, Console};
use crate::cli::exit::{Doing, Failure};
use crate::cli::{human, run_on, sanitize};
use crate::ops::RecoveryCode;
use crate::ops::demo::make_library;
use clap::ValueEnum;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The password of a repository that holds nothing of value.
const PASSWORD: &str = "only a demo\n";

pub(in crate::cli) fn run(console: &Console, args: &DemoArgs) -> Result<u8, Failure> {
    let tour = Tour::begin(console, &args.folder)?;
    tour.draw()?;
    tour.say("First a repository. It is encrypted; the password lies in a file, because this is a demo.");
    let code = tour.command(&["init"])?;
    tour.keep_code(&code)?;
    let photos = tour.folder.join("photos");
    let photos = photos.to_string_lossy();
    tour.say("A snapshot of the photos.");
    tour.command(&["snap", &photos])?;

    let lost = &tour.lost()?;
    tour.say("Now a photo is deleted by mistake. A sync would delete it everywhere; the next snapshot says that it is gone.");
    let original = tour.delete(lost)?;
    tour.command(&["snap", &photos])?;
    tour.say("Both snapshots are there, and the older one still has the photo.");
    tour.command(&["snapshots"])?;
    let folder = lost.rsplit_once('/').map_or("", |(folder, _)| folder);
    tour.command(&["ls", &format!("latest~1:{folder}"), "-l"])?;
    tour.say("It comes back, bit for bit.");
    let restored = tour.folder.join("restored");
    tour.command(&["restore", &format!("latest~1:{lost}"), "--target", &restored.to_string_lossy()])?;
    tour.compare(&original, &restored.join(lost))?;
    tour.say("Is everything in the repository complete and undamaged? Every byte is read.");
    tour.command(&["check", "--read-data"])?;
    tour.end();
    Ok(0)
}

struct Tour<'a> {
    console: &'a Console,
    folder: PathBuf,
    /// The options of every command, as they would be typed.
    options: Vec<String>,
}

impl<'a> Tour<'a> {
    fn begin(console: &'a Console, folder: &Path) -> Result<Self, Failure> {
        let doing = || format!("set up the demo in {}", sanitize::path(folder));
        if console.json {
            return Err(Failure::refused(doing(), "the demo is for people: it has no JSON"));
        }
        if folder.to_str().is_none() {
            return Err(Failure::refused(doing(), "its commands are printed, and this path is no text"));
        }
        match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
            Ok(true) => {
                return Err(
                    Failure::new(doing(), "folder-not-empty", "this folder is not empty", 2).with_hint("name a new one: tintype demo DIR")
                );
            }
            Ok(false) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => fs::create_dir_all(folder).map_err(|error| failed(doing(), &error))?,
            Err(error) => return Err(failed(doing(), &error)),
        }
        fs::write(folder.join("password.txt"), PASSWORD).map_err(|error| failed(doing(), &error))?;
        let inside = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let options = ["-r".to_owned(), inside("repository"), "--password-file".to_owned(), inside("password.txt")];
        Ok(Self { console, folder: folder.to_path_buf(), options: options.into() })
    }

    fn say(&self, words: &str) {
        self.console.print(&format!("\n{words}\n"));
    }

    fn draw(&self) -> Result<(), Failure> {
        let photos = self.folder.join("photos");
        let library = make_library(&photos).doing(|| "draw the demo's photos".to_owned())?;
        let count = human::counted(u64::try_from(library.paths.len()).unwrap_or(0), "file", "files");
        let size = human::bytes(library.bytes);
        self.console.print(&format!("{count}, {size}, of made-up photos are now in {}.\n", sanitize::path(&photos)));
        Ok(())
    }

    /// The photo that will be deleted: the first in the folder, by name.
    fn lost(&self) -> Result<String, Failure> {
        let folder = "2019/07";
        let names = fs::read_dir(self.folder.join("photos").join(folder)).map_err(|error| failed("look at the demo's photos", &error))?;
        let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| name.ends_with(".JPG"));
        let first = names.min().ok_or_else(|| Failure::new("look at the demo's photos", "local-files", "none is there", 1))?;
        Ok(format!("{folder}/{first}"))
    }

    /// Prints a command as it would be typed, and runs it. Returns what it printed.
    fn command(&self, words: &[&str]) -> Result<String, Failure> {
        let typed: Vec<String> =
            ["tintype".to_owned()].into_iter().chain(self.options.clone()).chain(words.iter().map(|word| (*word).to_owned())).collect();
        let shown: Vec<String> = typed.iter().map(|word| sanitize::quoted(word.as_bytes())).collect();
        self.console.print(&format!("\n$ {}\n", shown.join(" ")));
        let capture = Capture::default();
        let own = own_options(&self.console.global);
        let exit_code = run_on(typed.into_iter().map(OsString::from).chain(own).collect(), Some(capture.clone()));
        match exit_code {
            // 3: there is something to know, such as that a photo is gone.
            0 | 3 => Ok(capture.text()),
            code => Err(Failure::new("go on with the demo", "demo", format!("the last command ended with exit code {code}"), code)),
        }
    }

    fn keep_code(&self, printed: &str) -> Result<(), Failure> {
        let code = printed.split_whitespace().find(|word| RecoveryCode::parse(word).is_ok());
        let path = self.folder.join("recovery-code.txt");
        fs::write(&path, format!("{}\n", code.unwrap_or_default())).map_err(|error| failed("keep the recovery code", &error))?;
        self.say(&format!("For the demo the code is kept in {}; yours belongs on paper.", sanitize::path(&path)));
        Ok(())
    }

    fn delete(&self, photo: &str) -> Result<Vec<u8>, Failure> {
        let path = self.folder.join("photos").join(photo);
        self.console.print(&format!("\n$ rm {}\n", sanitize::quoted(path.as_os_str().as_encoded_bytes())));
        let doing = "delete a photo of the demo";
        let bytes = fs::read(&path).map_err(|error| failed(doing, &error))?;
        fs::remove_file(&path).map_err(|error| failed(doing, &error))?;
        Ok(bytes)
    }

    fn compare(&self, original: &[u8], restored: &Path) -> Result<(), Failure> {
        let bytes = fs::read(restored).map_err(|error| failed("compare the restored photo", &error))?;
        if bytes != original {
            return Err(Failure::new("compare the restored photo", "demo", "it differs from the one that was deleted", 5));
        }
        self.say(&format!(
            "Compared with the deleted photo: {} bytes, all the same.",
            human::count(u64::try_from(bytes.len()).unwrap_or(0))
        ));
        Ok(())
    }

    fn end(&self) {
        let inside = |name: &str| sanitize::path(&self.folder.join(name));
        self.console.print(&format!(
            "
All of it lies in {}:
  {}      the library
  {}  the repository: look into README.txt, spec/ and reader/
  {}    what came back
  {}, {}
Try: copy the repository to another drive with any program, change a byte in one of the copies, and run check on both.
Your own photos: tintype -r /media/red/photos init, then tintype -r /media/red/photos snap ~/Pictures
",
            sanitize::path(&self.folder),
            inside("photos"),
            inside("repository"),
            inside("restored"),
            inside("password.txt"),
            inside("recovery-code.txt"),
        ));
    }
}

/// Options of the tour itself that hold for its commands too, and are not worth showing.
fn own_options(global: &Global) -> Vec<OsString> {
    let mut own: Vec<OsString> = Vec::new();
    for (name, value) in [("--cache-dir", &global.cache_dir), ("--state-dir", &global.state_dir)] {
        if let Some(value) = value {
            own.extend([OsString::from(name), value.into()]);
        }
    }
    let chosen = [("--color", global.color.to_possible_value()), ("--progress", global.progress.to_possible_value())];
    for (name, value) in chosen {
        own.extend(value.into_iter().flat_map(|value| [OsString::from(name), value.get_name().into()]));
    }
    if let Some(threads) = global.threads {
        own.extend(["--threads".into(), threads.to_string().into()]);
    }
    own
}

fn failed(doing: impl Into<String>, error: &std::io::Error) -> Failure {
    Failure::new(doing, "local-files", error.to_string(), 1)
}
