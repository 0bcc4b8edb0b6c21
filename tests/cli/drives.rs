//! Drives as families have them: exFAT and FAT32 images, as the place of a repository and as a place to restore to.
//!
//! They need root, a FUSE driver and tools to make file systems; where one is absent the test says SKIP and why. The same rules of names
//! are tested everywhere against a target in memory.

use crate::world::{World, code, stderr, tree};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs a program; the reason if it is not here or fails.
fn done(program: &str, words: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default())),
    }
}

/// An image with a file system on it, mounted until this is dropped.
struct Drive {
    at: PathBuf,
    device: Option<String>,
}

impl Drive {
    /// Or why there can be none here.
    fn mount(world: &World, kind: &str) -> Result<Self, String> {
        let (image, at) = (world.path(&format!("{kind}.img")), world.path(kind));
        let file = std::fs::File::create(&image).and_then(|file| file.set_len(200 << 20));
        file.and_then(|()| std::fs::create_dir(&at)).expect("the test's own files");
        let (image_words, at_words) = (image.to_str().expect("text"), at.to_str().expect("text"));
        let is_mounted = || std::fs::read_to_string("/proc/mounts").unwrap_or_default().contains(at_words);
        let mut drive = Self { at: at.clone(), device: None };
        if kind == "exfat" {
            done("mkfs.exfat", &[image_words])?;
            drive.device = Some(done("losetup", &["-f", "--show", image_words])?);
            done("mount.exfat-fuse", &[drive.device.as_deref().unwrap_or_default(), at_words])?;
        } else {
            done("mkfs.vfat", &["-F", "32", image_words])?;
            done("fusefat", &["-o", "rw+", image_words, at_words])?;
        }
        for _ in 0..200 {
            if is_mounted() {
                return Ok(drive);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Err(format!("{kind} is not mounted"))
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        _ = done("umount", &[self.at.to_str().expect("text")]);
        if let Some(device) = &self.device {
            _ = done("losetup", &["-d", device]);
        }
    }
}

/// Photos under names that such a drive cannot hold, or takes for one.
fn photos(world: &World) -> BTreeMap<PathBuf, Vec<u8>> {
    for (number, name) in
        ["2019/IMG_1.JPG", "2019/img_1.jpg", "2019/18:04.jpg", "2019/what?.jpg", "a <b>.png", "CON.txt", "dot.", "plain.jpg", "é.jpg"]
            .into_iter()
            .enumerate()
    {
        world.write(&format!("photos/{name}"), format!("photo {number}").repeat(2_000).as_bytes());
    }
    world.write("photos/film.mov", &vec![7; 3 << 20]);
    tree(&world.path("photos")).into_iter().collect()
}

/// Macs leave a `._NAME` beside each file that they write on such a drive.
fn strew(folder: &Path) -> usize {
    let files: Vec<PathBuf> = tree(folder).into_iter().map(|(path, _)| folder.join(path)).collect();
    for path in &files {
        let name = path.file_name().expect("a name").to_string_lossy();
        std::fs::write(path.with_file_name(format!("._{name}")), b"\0\x05\x16\x07").expect("a file");
    }
    files.len()
}

fn there_and_back(kind: &str) {
    let world = World::new();
    let drive = match Drive::mount(&world, kind) {
        Ok(drive) => drive,
        Err(reason) => return println!("SKIP: {kind}: {reason}"),
    };
    let photos = photos(&world);
    let (repository, target) = (format!("{kind}/repo"), format!("{kind}/restored"));
    let run = |words: &[&str]| world.run(&[&["-r", &repository][..], words].concat());
    assert_eq!(code(&run(&["init", "--no-encryption"])), 0);
    let snapped = run(&["snap", "photos"]);
    assert_eq!(code(&snapped), 0, "{}", stderr(&snapped));
    let strewn_count = strew(&drive.at.join("repo"));
    for words in [&["check", "--read-data"][..], &["snap", "photos"], &["restore", "--target", "back"]] {
        let output = run(words);
        assert_eq!(code(&output), 0, "{words:?}: {}", stderr(&output));
    }
    assert_eq!(tree(&world.path("back")).into_iter().collect::<BTreeMap<_, _>>(), photos, "from the drive");
    let (exit, report) = world.json(&["-r", &repository, "restore", "--target", &target]);
    assert_eq!((exit, &report["left_out_count"]), (3, &0.into()), "{report}");
    let renamed: BTreeMap<&str, &str> =
        report["renamed"].as_array().expect("a list").iter().map(|one| (text(one, "path"), text(one, "is_now"))).collect();
    let restored: BTreeMap<PathBuf, Vec<u8>> = tree(&world.path(&target)).into_iter().collect();
    for (path, bytes) in &photos {
        let path = path.to_str().expect("text");
        let now = renamed.get(path).copied().unwrap_or(path);
        assert_eq!(restored.get(Path::new(now)), Some(bytes), "{path} is {now}");
    }
    assert_eq!(restored.len(), photos.len());
    println!(
        "{kind}: {} files there and back beside {strewn_count} ._ files; restored onto it: {} renamed, 0 lost",
        photos.len(),
        renamed.len()
    );
    assert!(renamed.len() >= 5, "{renamed:?}");
}

fn text<'v>(value: &'v serde_json::Value, key: &str) -> &'v str {
    value[key].as_str().expect("text")
}

#[test]
fn a_drive_with_exfat_holds_a_repository_and_all_that_is_restored_to_it() {
    there_and_back("exfat");
}

#[test]
fn a_drive_with_fat32_holds_a_repository_and_all_that_is_restored_to_it() {
    there_and_back("fat32");
}
