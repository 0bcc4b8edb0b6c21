//! Prints the written format, whole or a chapter.

use crate::cli::args::SpecArgs;
use crate::cli::console::Console;
use crate::cli::exit::Failure;
use crate::ops::guides::{Guide, chapter, chapter_name, chapters};
use serde::Serialize;

#[derive(Serialize)]
struct SpecReport {
    chapters: Vec<Chapter>,
    problems: [(); 0],
}

#[derive(Serialize)]
struct Chapter {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'static str>,
}

pub(in crate::cli) fn run(console: &Console, args: &SpecArgs) -> Result<u8, Failure> {
    let chosen: Vec<Guide> = match &args.chapter {
        None => chapters().collect(),
        Some(name) => vec![chapter(name).ok_or_else(|| no_such_chapter(name))?],
    };
    let with_text = |guide: &Guide| (!args.list).then_some(guide.text);
    let listed = chosen.iter().map(|guide| Chapter { name: chapter_name(guide), text: with_text(guide) });
    let report = SpecReport { chapters: listed.collect(), problems: [] };
    Ok(console.finish("spec", 0, &report, |out| {
        if args.list {
            chosen.iter().for_each(|guide| *out += &format!("{}\n", chapter_name(guide)));
        } else {
            *out += &chosen.iter().map(|guide| guide.text).collect::<Vec<_>>().join("\n");
        }
    }))
}

fn no_such_chapter(name: &str) -> Failure {
    let names: Vec<&str> = chapters().map(|guide| chapter_name(&guide)).collect();
    Failure::refused("print the written format", format!("there is no chapter {name}")).with_hint(format!("chapters: {}", names.join(", ")))
}
