//! One run of one command: what it printed, how it ended, the CPU time and memory it took.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a run that ended by itself took, and what it printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// User + system time, in seconds.
    pub cpu: f64,
    /// Wall-clock time, in seconds.
    pub wall: f64,
    /// Largest resident set, in bytes.
    pub peak_rss: u64,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs `command` with no input. Errors, worded for the report: it cannot be started, it takes longer than
/// `limit` (wall clock; it is then killed), or it ends with anything but success.
pub fn run(command: &mut Command, limit: Duration) -> Result<Run, String> {
    let ended = run_to_end(command, limit);
    match ended.map_err(|error| format!("cannot run {}: {error}", command_name(command)))? {
        Ended { timed_out: true, .. } => Err(format!("stopped after {} s", limit.as_secs_f64())),
        Ended { status, run, .. } if status.success() => Ok(run),
        Ended { status, run, .. } => Err(describe_failure(status, &run.stderr)),
    }
}

struct Ended {
    status: ExitStatus,
    timed_out: bool,
    run: Run,
}

fn run_to_end(command: &mut Command, limit: Duration) -> io::Result<Ended> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe calls are
    // allowed; prctl is a bare system call, and nothing is allocated.
    //
    // The closure also makes std fork instead of vfork. That matters: Linux counts the memory map a process
    // has at exec into its peak RSS; after vfork that is the runner's whole map, after fork a small part.
    unsafe { command.pre_exec(die_with_parent) };
    let start = Instant::now();
    let mut child = command.spawn()?;
    let mut stdout = child.stdout.take().expect("stdout is piped");
    let mut stderr = child.stderr.take().expect("stderr is piped");
    let process = child.id() as libc::pid_t;
    // A run writes as much as it likes on both pipes: each is drained by a thread of its own.
    let reader = |pipe: &mut dyn Read| {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).map(|_| bytes)
    };
    thread::scope(|scope| {
        let stdout = scope.spawn(move || reader(&mut stdout));
        let stderr = scope.spawn(move || reader(&mut stderr));
        let ended = ends_within(process, limit);
        if !matches!(ended, Ok(true)) {
            child.kill()?;
        }
        let (status, usage) = wait(process)?;
        let wall = start.elapsed().as_secs_f64();
        let stdout = stdout.join().expect("the reader does not panic")?;
        let stderr = stderr.join().expect("the reader does not panic")?;
        let timed_out = !ended?;
        let cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
        let peak_rss = usage.ru_maxrss as u64 * 1024;
        Ok(Ended {
            status,
            timed_out,
            run: Run {
                cpu,
                wall,
                peak_rss,
                stdout,
                stderr,
            },
        })
    })
}

/// Lets a runner that is interrupted take the current run with it.
fn die_with_parent() -> io::Result<()> {
    // SAFETY: PR_SET_PDEATHSIG takes one integer and touches no memory of ours.
    match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Waits, without polling and without reaping, until the child `process` ends or `limit` has passed.
fn ends_within(process: libc::pid_t, limit: Duration) -> io::Result<bool> {
    // SAFETY: pidfd_open takes two integers. A non-negative result is a new descriptor that nobody else owns.
    let descriptor = unsafe {
        match libc::syscall(libc::SYS_pidfd_open, process, 0) {
            -1 => return Err(io::Error::last_os_error()),
            descriptor => File::from(OwnedFd::from_raw_fd(descriptor as i32)),
        }
    };
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let milliseconds = left.as_millis().min(i32::MAX as u128) as i32;
        let mut poll = libc::pollfd {
            fd: descriptor.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: `poll` is one valid entry, as the count says, and outlives the call.
        match unsafe { libc::poll(&mut poll, 1, milliseconds) } {
            1 => return Ok(true),
            0 if left <= Duration::from_millis(1) => return Ok(false),
            0 => {}
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
}

/// Reaps the child `process` and returns how it ended and what it used.
fn wait(process: libc::pid_t) -> io::Result<(ExitStatus, libc::rusage)> {
    let mut status = 0;
    // SAFETY: rusage is a struct of integers, for which all zeroes is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live local variables of the types that wait4 fills in. `process` is a
        // child that was not reaped yet: only this function reaps, once per run.
        if unsafe { libc::wait4(process, &mut status, 0, &mut usage) } == process {
            return Ok((ExitStatus::from_raw(status), usage));
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => {}
            error => return Err(error),
        }
    }
}

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 * 1e-6
}

fn describe_failure(status: ExitStatus, stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    match text.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{status}: {}", shortened(line)),
        None => status.to_string(),
    }
}

/// `line`, cut to what fits into a report: a message may quote positions without end.
fn shortened(line: &str) -> String {
    const LIMIT: usize = 200;
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_string(),
    }
}

fn command_name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: f64) -> Result<Run, String> {
        run(
            Command::new("/bin/sh").args(["-c", script]),
            Duration::from_secs_f64(limit),
        )
    }

    #[test]
    fn a_run_is_captured_and_measured() {
        let run = shell(
            "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i; echo noise >&2",
            20.0,
        )
        .unwrap();
        assert_eq!(run.stdout, b"20000\n");
        assert!(run.cpu > 0.0 && run.cpu < 20.0, "{}", run.cpu);
        assert!(run.wall >= run.cpu * 0.5, "{} {}", run.wall, run.cpu);
        assert!(run.peak_rss > 100 << 10 && run.peak_rss < 1 << 30, "{}", run.peak_rss);
    }

    #[test]
    fn output_larger_than_a_pipe_does_not_block() {
        let run = shell("head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero", 20.0).unwrap();
        assert_eq!(run.stdout.len(), 300_000);
    }

    #[test]
    fn failures_are_worded() {
        assert_eq!(
            shell("echo; echo why >&2; exit 3", 20.0).unwrap_err(),
            "exit status: 3: why"
        );
        let error = shell("printf '%0500d' 7 >&2; exit 1", 20.0).unwrap_err();
        assert_eq!(error, format!("exit status: 1: {}...", "0".repeat(200)));
        assert_eq!(shell("kill -KILL $$", 20.0).unwrap_err(), "signal: 9 (SIGKILL)");
        assert_eq!(shell("exec sleep 20", 0.1).unwrap_err(), "stopped after 0.1 s");
        let error = run(&mut Command::new("/no/such/program"), Duration::from_secs(1)).unwrap_err();
        assert!(error.starts_with("cannot run /no/such/program: "), "{error}");
    }
}
