//! Owns progress: a moving line on a terminal, a plain line every 30 s elsewhere, events for programs, or nothing; and the wish to stop.
//!
//! The first SIGINT or SIGTERM lets the operation finish what is in hand; the second ends the program at once.

use super::args::Progress;
use super::console::{Console, is_dumb_terminal};
use super::{human, sanitize};
use crate::clock::{Clock, SystemClock};
use crate::ops::escaped;
use crate::ops::ls::base64;
use crate::progress::{Observer, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::{IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Between two plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(30);
/// Between two events, and two steps of the moving line.
const EVENT_EVERY: Duration = Duration::from_millis(200);

/// How one command shows its progress.
#[derive(Debug)]
enum Show {
    Nothing,
    Line(ProgressBar),
    Plain,
    Events,
}

/// Shows the progress of one command.
#[derive(Debug)]
pub(super) struct Bar {
    show: Show,
    verbosity: u8,
    quiet: bool,
    clock: Arc<SystemClock>,
    state: Mutex<State>,
    files: AtomicU64,
    bytes: AtomicU64,
    stop: Arc<AtomicBool>,
    stop_was_said: AtomicBool,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    total_bytes: u64,
    last_shown: Duration,
}

impl Bar {
    /// Starts to show progress as the options say, and to listen for signals.
    pub(super) fn start(console: &Console) -> Self {
        let global = &console.global;
        let how = if global.quiet && global.progress == Progress::Auto { Progress::None } else { global.progress };
        let show = match how {
            Progress::None => Show::Nothing,
            Progress::Json => Show::Events,
            Progress::Auto if std::io::stderr().is_terminal() && !is_dumb_terminal() => Show::Line(moving_line()),
            Progress::Auto | Progress::Plain => Show::Plain,
        };
        Self {
            show,
            verbosity: global.verbose,
            quiet: global.quiet,
            clock: console.clock.clone(),
            state: Mutex::new(State { stage: Stage::Opening, total_bytes: 0, last_shown: console.clock.elapsed() }),
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            stop: stop_flag(),
            stop_was_said: AtomicBool::new(false),
        }
    }

    /// A line on stderr that does not tear the moving one.
    fn say(&self, line: &str) {
        match &self.show {
            Show::Line(bar) => bar.suspend(|| _ = writeln!(std::io::stderr().lock(), "{line}")),
            _ => _ = writeln!(std::io::stderr().lock(), "{line}"),
        }
    }

    fn event(&self, event: &serde_json::Value) {
        self.say(&event.to_string());
    }

    fn note_event(&self, text: &str) {
        self.event(&serde_json::json!({ "event": "note", "message": text }));
    }

    fn show(&self) {
        let every = match self.show {
            Show::Nothing => return,
            Show::Plain => PLAIN_EVERY,
            Show::Line(_) | Show::Events => EVENT_EVERY,
        };
        // A thread that finds another one showing has nothing to add.
        let Ok(mut state) = self.state.try_lock() else { return };
        let now = self.clock.elapsed();
        if now.saturating_sub(state.last_shown) < every {
            return;
        }
        state.last_shown = now;
        let (stage, total_bytes) = (state.stage, state.total_bytes);
        drop(state);
        let (files, bytes) = (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        match &self.show {
            Show::Nothing => {}
            Show::Line(bar) => bar.set_message(line(stage, files, bytes, total_bytes)),
            Show::Plain => self.say(&line(stage, files, bytes, total_bytes)),
            Show::Events => self.event(&serde_json::json!({
                "event": "progress", "stage": word(stage), "files": files, "bytes": bytes, "total_bytes": total_bytes,
            })),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Show::Line(bar) = &self.show {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Bar {
    fn stage(&self, stage: Stage, total_bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.stage, state.total_bytes) = (stage, total_bytes);
        drop(state);
        self.files.store(0, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
        match &self.show {
            Show::Nothing | Show::Plain => {}
            Show::Line(bar) => bar.set_message(line(stage, 0, 0, total_bytes)),
            Show::Events => self.event(&serde_json::json!({ "event": "stage", "stage": word(stage), "total_bytes": total_bytes })),
        }
    }

    fn advance(&self, files: u64, bytes: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.show();
    }

    fn file(&self, path: &[u8]) {
        if self.verbosity == 0 {
            return;
        }
        match self.show {
            Show::Events => {
                let shown = escaped(path);
                let mut event = serde_json::json!({ "event": "file", "path": shown });
                if shown.as_bytes() != path {
                    event["path_base64"] = base64(path).into();
                }
                self.event(&event);
            }
            _ => self.say(&format!("  {}", escaped(path))),
        }
    }

    fn note(&self, text: &str) {
        if self.quiet {
            return;
        }
        match self.show {
            Show::Events => self.note_event(text),
            _ => self.say(&sanitize::text(&format!("note: {text}"))),
        }
    }

    fn interrupted(&self) -> bool {
        let stop = self.stop.load(Ordering::Relaxed);
        if stop && !self.stop_was_said.swap(true, Ordering::Relaxed) {
            let text = "stopping: what is in hand is finished first; once more stops at once";
            match self.show {
                Show::Events => self.note_event(text),
                _ => self.say(text),
            }
        }
        stop
    }
}

fn moving_line() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(EVENT_EVERY);
    bar
}

/// Whether SIGINT ends the program at once, as it does where nobody listens.
fn ends_at_once() -> &'static Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    FLAG.get_or_init(|| Arc::new(AtomicBool::new(true)))
}

/// Runs `ask` so that SIGINT does not end the program within: who hides what is typed must show it again before the end.
pub(super) fn without_sigint<T>(ask: impl FnOnce() -> T) -> T {
    static LISTENS: OnceLock<()> = OnceLock::new();
    LISTENS.get_or_init(|| _ = signal_hook::flag::register_conditional_default(SIGINT, ends_at_once().clone()));
    let before = ends_at_once().swap(false, Ordering::Relaxed);
    let answer = ask();
    ends_at_once().store(before, Ordering::Relaxed);
    answer
}

/// Runs `ask`; SIGINT within it says what stands and what does not, and ends the program with 130.
pub(super) fn saying_at_sigint<T>(say: impl FnOnce() + Send + 'static, ask: impl FnOnce() -> T) -> T {
    let Ok((mut listener, caller)) = UnixStream::pair() else { return ask() };
    let Ok(registered) = signal_hook::low_level::pipe::register(SIGINT, caller) else { return ask() };
    // Ends with the pipe, when nobody is asked any more.
    std::thread::spawn(move || {
        if matches!(listener.read(&mut [0]), Ok(1)) {
            say();
            std::process::exit(130);
        }
    });
    let answer = without_sigint(ask);
    signal_hook::low_level::unregister(registered);
    answer
}

/// One flag for the whole program: signals come to the process, not to a command.
fn stop_flag() -> Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let flag = FLAG.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag unset and sets it, the second finds it set and exits. A system that
            // refuses to register leaves the signal's own effect, which ends the program.
            _ = signal_hook::flag::register_conditional_shutdown(signal, 130, flag.clone());
            _ = signal_hook::flag::register(signal, flag.clone());
        }
        ends_at_once().store(false, Ordering::Relaxed);
        flag
    });
    flag.clone()
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Opening => "opening",
        Stage::Walking => "walking",
        Stage::Storing => "storing",
        Stage::Finishing => "finishing",
        Stage::Planning => "planning",
        Stage::Restoring => "restoring",
        Stage::Auditing => "auditing",
        Stage::Verifying => "verifying",
    }
}

fn line(stage: Stage, files: u64, bytes: u64, total_bytes: u64) -> String {
    let doing = match stage {
        Stage::Opening => "opening the repository",
        Stage::Walking => "looking for photos",
        Stage::Storing => "storing",
        Stage::Finishing => "finishing",
        Stage::Planning => "planning",
        Stage::Restoring => "restoring",
        Stage::Auditing => "looking at every file's name and length",
        Stage::Verifying => "reading back",
    };
    let mut line = doing.to_owned();
    if files > 0 {
        line.push_str(&format!("  {}", human::counted(files, "file", "files")));
    }
    if total_bytes > 0 {
        let percent = (bytes as f64 / total_bytes as f64 * 100.0).min(100.0);
        line.push_str(&format!("  {} of {}  {percent:.0} %", human::bytes(bytes), human::bytes(total_bytes)));
    } else if bytes > 0 {
        line.push_str(&format!("  {}", human::bytes(bytes)));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::progress::Stage;

    #[test]
    fn lines_say_how_far_it_is() {
        let words = line(Stage::Storing, 1_204, 48_100_000, 214_600_000_000);
        assert_eq!(words, "storing  1,204 files  48.1 MB of 214.6 GB  0 %");
        assert_eq!(line(Stage::Walking, 0, 0, 0), "looking for photos");
    }
}
