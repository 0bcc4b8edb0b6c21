//! Owns keeping the machine awake while photos are read or written: what the system offers for it is run beside, and ends with this program.
//!
//! Only idle sleep is held off; a lid that is closed still wins. Where nothing is offered, nothing is said: an interrupted run goes on.

use std::process::{Child, Command, Stdio};

/// The machine does not fall asleep for idleness while this lives.
#[derive(Debug)]
pub(super) struct Awake {
    helper: Option<Child>,
}

impl Awake {
    /// Holds idle sleep off; `why` is what the system shows to a person.
    pub(super) fn hold(why: &str) -> Self {
        Self { helper: command(why).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok() }
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        // It ends by itself when its input does, also where this program was killed. Nobody waits for it: it may hang on a broken system.
        drop(self.helper.as_mut().and_then(|helper| helper.stdin.take()));
    }
}

/// systemd holds its lock as long as the command that it runs: `cat` ends when our end of the pipe is closed.
#[cfg(not(target_os = "macos"))]
fn command(why: &str) -> Command {
    let mut command = Command::new("systemd-inhibit");
    command.args(["--what=idle", "--who=tintype", "--mode=block"]).arg(format!("--why={why}")).arg("cat");
    command
}

/// `caffeinate` ends with the process that it watches.
#[cfg(target_os = "macos")]
fn command(_why: &str) -> Command {
    let mut command = Command::new("/usr/bin/caffeinate");
    command.args(["-i", "-w", &std::process::id().to_string()]);
    command
}
