//! Completions and manual pages: every command is in them, and the shells and programs that are here read them without complaint.

use super::switches::listed;
use super::world::{World, code, stderr, stdout};
use std::process::Command;

#[test]
fn completions_name_every_command_and_each_shell_reads_its_own() {
    let world = World::new();
    let commands = listed(&world);
    // What only reads a script; the last two have no such option.
    let shells: [(&str, &[&str]); 5] =
        [("bash", &["-n"]), ("zsh", &["-n"]), ("fish", &["-n"]), ("elvish", &["-compileonly"]), ("powershell", &[])];
    for (shell, options) in shells {
        let output = world.run(&["completions", shell]);
        assert_eq!(code(&output), 0, "{output:?}");
        let script = stdout(&output);
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell}: {command}");
        }
        assert!(script.contains("recovery-code-file") && script.contains("if-different"), "{shell}: options and their values");
        world.write(shell, script.as_bytes());
        if options.is_empty() || Command::new(shell).arg("--version").output().is_err() {
            println!("SKIP: no {shell} here that only reads");
            continue;
        }
        let read = Command::new(shell).args(options).arg(world.path(shell)).output().expect("the shell runs");
        assert!(read.status.success() && read.stderr.is_empty(), "{shell}: {}", stderr(&read));
    }
    assert_eq!(code(&world.run(&["completions", "tcsh"])), 2);
}

#[test]
fn bash_completes_commands_options_and_values() {
    let world = World::new();
    if Command::new("bash").arg("--version").output().is_err() {
        return println!("SKIP: bash is not here");
    }
    world.write("tintype.bash", &world.run(&["completions", "bash"]).stdout);
    for (typed, completed) in [("tintype sna", "snap snapshots"), ("tintype restore --ov", "--overwrite"), ("tintype key ch", "change")] {
        let script = format!(
            "source tintype.bash; COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _tintype tintype \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["-c", &script]).current_dir(world.path("")).output().expect("bash runs");
        assert_eq!(stdout(&output).trim(), completed, "{typed}: {}", stderr(&output));
    }
}

#[test]
fn there_is_a_manual_page_for_every_command_that_help_lists() {
    let world = World::new();
    world.write("pages/tintype-photos.1", b"somebody else's");
    world.write("pages/tintype-snap.1", b"an old one");
    let output = world.run(&["man", "pages"]);
    assert_eq!(code(&output), 0, "{output:?}");
    let words = stdout(&output);
    assert!(words.starts_with("written   ") && words.contains("\nnext      man pages/tintype-restore.1\n"), "{words}");
    for command in listed(&world) {
        let page = std::fs::read_to_string(world.path(&format!("pages/tintype-{command}.1"))).expect("a page");
        assert!(page.contains(".SH EXAMPLES\n") && page.contains("EXIT STATUS"), "{command}: {page}");
    }
    let (exit, report) = world.json(&["man", "pages"]);
    let pages: Vec<&str> = report["pages"].as_array().expect("a list").iter().filter_map(|page| page.as_str()).collect();
    assert!(exit == 0 && pages.contains(&"tintype.1") && pages.contains(&"tintype-key-add.1"), "{report}");
    let there = std::fs::read_dir(world.path("pages")).expect("a folder").count();
    assert_eq!(there, pages.len() + 1, "nothing unfinished stays");
    assert_eq!(std::fs::read(world.path("pages/tintype-photos.1")).expect("it stays"), b"somebody else's");
    world.write("a file", b"");
    assert_eq!(code(&world.run(&["man", "a file"])), 1);
    renders_without_warnings(&world, &pages);
}

fn renders_without_warnings(world: &World, pages: &[&str]) {
    let programs: [(&str, &[&str]); 2] = [("groff", &["-man", "-ww", "-Tutf8"]), ("mandoc", &["-T", "lint", "-W", "warning"])];
    for (program, options) in programs {
        if Command::new(program).arg("-v").output().is_err() {
            println!("SKIP: {program} is not here");
            continue;
        }
        for page in pages {
            let rendered = Command::new(program).args(options).arg(world.path("pages").join(page)).output().expect("it runs");
            assert!(rendered.status.success() && rendered.stderr.is_empty(), "{program} {page}: {}", stderr(&rendered));
        }
    }
}
