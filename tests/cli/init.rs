//! Making repositories.

use crate::world::{World, code, stderr, stdout};

#[test]
fn without_a_terminal_it_says_which_option_answers() {
    let world = World::new();
    let output = world.run(&["-r", "repo", "init"]);
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    assert!(stderr(&output).contains("--password-file") && stderr(&output).contains("--no-password"), "{}", stderr(&output));
    assert!(!world.path("repo").exists());
    assert_eq!(code(&world.run(&["init", "--no-encryption"])), 2);
}

#[test]
fn the_code_and_the_password_open_what_was_made() {
    let world = World::new();
    world.write("password", b"tri cky \r\nsecond line\n");
    let (exit, report) = world.json(&["-r", "repo", "--password-file", "password", "init"]);
    assert_eq!((exit, &report["schema"], &report["encrypted"]), (0, &"tintype/init/1".into(), &true.into()));
    let recovery_code = report["recovery_code"].as_str().unwrap().to_lowercase();
    world.write("code", recovery_code.as_bytes());
    for option in ["--password-file=password", "--recovery-code-file=code", "--password-command=head -n 1 password"] {
        assert_eq!(code(&world.run(&["-r", "repo", "snapshots", option])), 0, "{option}");
    }
    let by_environment = world.command(&["-r", "repo", "snapshots"]).env("TINTYPE_PASSWORD", "tri cky ").output().unwrap();
    assert_eq!(code(&by_environment), 0, "{}", stderr(&by_environment));
    assert!(world.path("repo/README.txt").is_file() && world.path("repo/spec/packs.md").is_file());
}

#[test]
fn a_repository_without_password_opens_by_its_code() {
    let world = World::new();
    let output = world.run(&["-r", "repo", "init", "--no-password"]);
    let words = stdout(&output);
    let line = words.lines().find_map(|line| line.trim().strip_prefix("recovery code")).unwrap();
    world.write("code", line.trim().as_bytes());
    assert_eq!(code(&world.run(&["-r", "repo", "snapshots", "--recovery-code-file", "code"])), 0);
    // The slot that nobody can open: were it lost, check would say so.
    assert_eq!(code(&world.run(&["-r", "repo", "check", "--recovery-code-file", "code"])), 0);
    for keys in ["repo/keys", "repo/second/keys"] {
        std::fs::remove_dir_all(world.path(keys)).unwrap();
    }
    assert_eq!(code(&world.run(&["-r", "repo", "check", "--recovery-code-file", "code"])), 4);
    assert_eq!(code(&world.run(&["-r", "repo", "snapshots", "--recovery-code-file", "code"])), 0);
}

#[test]
fn two_at_once_make_one() {
    let world = World::new();
    let start =
        || world.command(&["-r", "repo", "init", "--no-encryption", "--json"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let children = [start(), start(), start()];
    let mut codes: Vec<i32> = children.map(|child| code(&child.wait_with_output().unwrap())).into();
    codes.sort_unstable();
    assert_eq!(codes, [0, 2, 2]);
    assert_eq!(code(&world.run(&["-r", "repo", "snapshots"])), 0);
    let (exit, report) = world.json(&["-r", "repo", "init", "--no-encryption"]);
    assert_eq!((exit, &report["error"]["code"]), (2, &"repository-exists".into()));
}

#[test]
fn folders_with_files_are_refused_and_left_as_they_are() {
    let world = World::new();
    world.write("repo/letter.txt", b"dear");
    let (exit, report) = world.json(&["-r", "repo", "init", "--no-encryption"]);
    assert_eq!((exit, &report["error"]["code"]), (2, &"folder-not-empty".into()));
    assert_eq!(std::fs::read_dir(world.path("repo")).unwrap().count(), 1);
    assert_eq!(code(&world.run(&["-r", "absent/repo", "init", "--no-encryption"])), 1);
}

#[test]
fn without_a_recovery_code_that_somebody_can_read_nothing_is_made() {
    let world = World::new();
    world.write("password", b"secret\n");
    let program = env!("CARGO_BIN_EXE_tintype");
    for redirection in [">/dev/full", "--json >/dev/full", ">&- 2>&-", ">/dev/null 2>/dev/null", "--json >&- 2>/dev/null"] {
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(format!("'{program}' -r repo init --password-file password {redirection}"));
        let output = shell.current_dir(world.path("")).env("HOME", world.path("home")).output().unwrap();
        assert_eq!(code(&output), 1, "{redirection}: {}", stderr(&output));
        assert!(redirection.contains("2>") || stderr(&output).contains("the recovery code"), "{redirection}: {}", stderr(&output));
        assert!(!world.path("repo").exists(), "{redirection}");
    }
    // Where stdout alone leads nowhere, the code goes to stderr.
    for (redirection, repository) in [(">&-", "one"), (">/dev/null", "two"), ("--json >/dev/null", "three")] {
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(format!("'{program}' -r {repository} init --password-file password {redirection}"));
        let output = shell.current_dir(world.path("")).env("HOME", world.path("home")).output().unwrap();
        let words = stderr(&output);
        let line = words.lines().find_map(|line| line.trim().strip_prefix("recovery code")).unwrap_or_else(|| panic!("{words}"));
        world.write("code", line.trim().as_bytes());
        assert_eq!(code(&world.run(&["-r", repository, "snapshots", "--recovery-code-file", "code"])), 0, "{redirection}");
    }
    // A folder that was there stays, empty.
    std::fs::create_dir(world.path("repo")).unwrap();
    let script = format!("(sleep 0.3; '{program}' -r repo init --password-file password; echo $? >code) | true; sleep 0.9; cat code");
    let mut shell = std::process::Command::new("sh");
    let output = shell.arg("-c").arg(script).current_dir(world.path("")).env("HOME", world.path("home")).output().unwrap();
    assert_eq!((stdout(&output).trim(), std::fs::read_dir(world.path("repo")).unwrap().count()), ("1", 0), "{}", stderr(&output));
    // Whom the code need not reach, because there is none.
    let plain = world.command(&["-r", "plain", "init", "--no-encryption"]).stdout(std::process::Stdio::null()).status().unwrap();
    assert!(plain.success());
    assert_eq!(code(&world.run(&["-r", "repo", "init", "--password-file", "password"])), 0);
}

#[test]
fn the_next_command_can_be_pasted_into_a_shell() {
    use std::os::unix::ffi::OsStrExt;
    for name in [&b"it's $HOME `x`"[..], b"a\nb\x1b[2J", b"not \xff UTF-8"] {
        let world = World::new();
        let name = std::ffi::OsStr::from_bytes(name);
        let output = world.command(&["init", "--no-encryption", "-r"]).arg(name).output().unwrap();
        let words = String::from_utf8(output.stdout).expect("what is shown is text");
        assert!(!words.contains('\x1b') && words.lines().count() == 3, "{words:?}");
        let next = words.lines().find_map(|line| line.strip_prefix("next      tintype -r ")?.strip_suffix(" snap ~/Pictures")).unwrap();
        let Ok(shell) = std::process::Command::new("bash").arg("-c").arg(format!("printf %s {next}")).output() else { continue };
        assert_eq!(std::ffi::OsStr::from_bytes(&shell.stdout), world.path("").canonicalize().unwrap().join(name).as_os_str());
        let mut command = world.command(&["init", "--no-encryption", "--json", "-r"]);
        let again = command.arg([name, std::ffi::OsStr::new("2")].join(std::ffi::OsStr::new(""))).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
        assert_eq!(report["place_base64"].is_string(), name.to_str().is_none_or(|name| name.contains('\n')), "{report}");
    }
}

#[test]
fn a_recovery_sheet_is_written_for_its_owner_alone_and_over_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.write("password", b"secret\n");
    world.write("taken", b"a letter");
    std::fs::create_dir(world.path("made")).unwrap();
    let init = |place: &str, sheet: &str| world.json(&["-r", place, "--password-file", "password", "init", "--recovery-sheet", sheet]);
    for (place, sheet) in [("repo", "taken"), ("repo", "absent/sheet.html"), ("made", "made/sheet.html")] {
        let (exit, report) = init(place, sheet);
        assert_eq!((exit, &report["error"]["code"]), (2, &"usage".into()), "{report}");
        assert!(!world.path(place).join("tintype.json").exists() && !world.path("made/sheet.html").exists());
    }
    assert_eq!(std::fs::read(world.path("taken")).unwrap(), b"a letter");
    let (exit, report) = world.json(&["-r", "repo", "init", "--no-encryption", "--recovery-sheet", "plain.html"]);
    assert!(exit == 2 && report["error"]["message"].as_str().unwrap().contains("nothing to recover"), "{report}");
    assert!(!world.path("repo").exists() && !world.path("plain.html").exists());

    let (exit, report) = init("repo", "sheet.html");
    assert_eq!(exit, 0, "{report}");
    let sheet = world.path("sheet.html");
    assert_eq!(std::fs::metadata(&sheet).unwrap().permissions().mode() & 0o777, 0o600);
    let page = std::fs::read_to_string(&sheet).unwrap();
    let recovery_code = report["recovery_code"].as_str().unwrap();
    assert!(recovery_code.split('-').all(|group| page.contains(&format!("{group}</div>"))));
    assert!(page.contains(report["repository"].as_str().unwrap()) && page.contains(report["place"].as_str().unwrap()));
    assert!(page.contains(world.json(&["reader"]).1["hash"].as_str().unwrap()), "the hash of the reader as `reader` says it");
    assert_eq!(report["recovery_sheet"].as_str().map(std::path::Path::new), Some(sheet.canonicalize().unwrap().as_path()));

    world.write("code", recovery_code.as_bytes());
    let again = |key: &str, file: &str| world.json(&["-r", "repo", key, "key", "sheet", file]);
    assert_eq!(again("--recovery-code-file=code", "sheet.html").0, 2);
    assert_eq!(again("--password-file=password", "again.html").1["error"]["code"], "key-needed");
    assert_eq!(again("--recovery-code-file=code", "again.html").0, 0);
    assert_eq!(std::fs::read_to_string(world.path("again.html")).unwrap(), page);
    // Where no repository can be made no sheet stays.
    world.write("full/file", b"x");
    assert_eq!(init("full", "lost.html").0, 2);
    assert!(!world.path("lost.html").exists());
}
