//! The program as people and other programs meet it: exit codes, JSON, and what happens where something is closed, absent or not asked.

#[path = "cli/checking.rs"]
mod checking;
#[path = "cli/corpus.rs"]
mod corpus;
#[path = "cli/corpus_second_reader.rs"]
mod corpus_second_reader;
#[path = "cli/drives.rs"]
mod drives;
#[path = "cli/dry_run.rs"]
mod dry_run;
#[path = "cli/facts.rs"]
mod facts;
#[path = "cli/guides.rs"]
mod guides;
#[path = "cli/hardship.rs"]
mod hardship;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/in_place.rs"]
mod in_place;
#[path = "cli/init.rs"]
mod init;
#[path = "cli/keys.rs"]
mod keys;
#[path = "cli/looking.rs"]
mod looking;
#[path = "cli/opening.rs"]
mod opening;
#[path = "cli/procedures.rs"]
mod procedures;
#[path = "cli/prompts.rs"]
mod prompts;
#[path = "cli/second_only.rs"]
mod second_only;
#[path = "cli/shells.rs"]
mod shells;
#[path = "cli/snapshots.rs"]
mod snapshots;
#[path = "cli/streams.rs"]
mod streams;
#[path = "cli/switches.rs"]
mod switches;
#[path = "cli/transcripts.rs"]
mod transcripts;
#[path = "cli/world.rs"]
mod world;
