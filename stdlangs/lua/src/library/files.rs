//! Files with buffers of their own, independent of any virtual machine.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::text::parse_number::{is_space, parse_number};

/// Bytes of a buffer.
const BUFFER: usize = 64 * 1024;

/// The longest text that is taken for a number.
const MAX_NUMBER: usize = 200;

/// Numbers of open files.
pub type FileId = u32;

/// The standard streams have fixed numbers.
pub const STDIN: FileId = 0;
/// See [`STDIN`].
pub const STDOUT: FileId = 1;
/// See [`STDIN`].
pub const STDERR: FileId = 2;

/// All files of a virtual machine.
#[derive(Debug)]
pub struct Files {
    slots: Vec<Option<BufferedFile>>,
}

/// A file and what was read ahead or not written yet; never both.
#[derive(Debug)]
pub struct BufferedFile {
    file: File,
    read: Vec<u8>,
    read_from: usize,
    unwritten: Vec<u8>,
    buffering: Buffering,
    readable: bool,
    writable: bool,
    /// What is at the other end of a pipe.
    process: Option<Child>,
}

/// When written bytes reach the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffering {
    /// At once.
    None,
    /// With the line.
    Line,
    /// When the buffer is full.
    Full,
}

impl Default for Files {
    fn default() -> Files {
        let duplicate = |fd: io::Result<OwnedFd>| fd.ok().map(|fd| BufferedFile::new(File::from(fd)));
        let mut output = duplicate(io::stdout().as_fd().try_clone_to_owned());
        if let Some(output) = output.as_mut().filter(|_| io::stdout().is_terminal()) {
            output.buffering = Buffering::Line;
        }
        let mut error = duplicate(io::stderr().as_fd().try_clone_to_owned());
        if let Some(error) = &mut error {
            error.buffering = Buffering::None;
        }
        let input = duplicate(io::stdin().as_fd().try_clone_to_owned());
        Files {
            slots: vec![input, output, error],
        }
    }
}

impl Files {
    /// The file with this number, unless it is closed.
    pub fn get(&mut self, id: FileId) -> Option<&mut BufferedFile> {
        self.slots.get_mut(id as usize)?.as_mut()
    }

    /// Adds an open file.
    pub fn add(&mut self, file: BufferedFile) -> FileId {
        let free = self
            .slots
            .iter()
            .skip(3)
            .position(Option::is_none)
            .map(|index| index + 3);
        let index = free.unwrap_or(self.slots.len());
        if index == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[index] = Some(file);
        index as FileId
    }

    /// Closes a file.
    ///
    /// # Errors
    /// If what was written cannot reach the file.
    pub fn close(&mut self, id: FileId) -> io::Result<()> {
        match self.slots.get_mut(id as usize).and_then(Option::take) {
            Some(file) => file.close(),
            None => Ok(()),
        }
    }

    /// Writes out all buffers; errors are lost, as the program is about to end.
    pub fn flush_all(&mut self) {
        for file in self.slots.iter_mut().flatten() {
            let _ = file.flush();
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.flush_all();
    }
}

impl BufferedFile {
    /// A file without anything in its buffers.
    pub fn new(file: File) -> BufferedFile {
        BufferedFile {
            file,
            read: Vec::new(),
            read_from: 0,
            unwritten: Vec::new(),
            buffering: Buffering::Full,
            readable: true,
            writable: true,
            process: None,
        }
    }

    /// Runs a shell command and opens a pipe from (mode `r`) or to it (mode `w`).
    ///
    /// # Errors
    /// If the shell cannot be started, or the mode is none.
    pub fn of_process(command: &[u8], mode: &[u8]) -> io::Result<BufferedFile> {
        let mut shell = shell(command);
        match mode.first() {
            Some(b'r') => shell.stdout(Stdio::piped()),
            Some(b'w') => shell.stdin(Stdio::piped()),
            _ => return Err(io::Error::from_raw_os_error(libc::EINVAL)),
        };
        let mut process = shell.spawn()?;
        let pipe = process
            .stdout
            .take()
            .map(OwnedFd::from)
            .or_else(|| process.stdin.take().map(OwnedFd::from));
        let file = BufferedFile::new(File::from(pipe.expect("one of them was asked for")));
        Ok(BufferedFile {
            readable: mode[0] == b'r',
            writable: mode[0] == b'w',
            process: Some(process),
            ..file
        })
    }

    /// Opens a new file, for reading and writing, that is gone when it is closed.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn temporary() -> io::Result<BufferedFile> {
        let (path, file) = make_temporary()?;
        std::fs::remove_file(path)?;
        Ok(BufferedFile::new(file))
    }

    /// Writes out what is buffered, closes the file and waits for the process at its other end.
    ///
    /// # Errors
    /// If what was written cannot reach the file.
    fn close(mut self) -> io::Result<()> {
        let flushed = self.flush();
        drop(self.file);
        match self.process {
            Some(mut process) => flushed.and(process.wait().map(|_| ())),
            None => flushed,
        }
    }

    /// Opens a file as C's `fopen` does.
    ///
    /// # Errors
    /// If the system cannot open it, or the mode is none.
    pub fn open(path: &Path, mode: &[u8]) -> io::Result<BufferedFile> {
        let mut options = OpenOptions::new();
        let update = mode.contains(&b'+');
        match mode.first() {
            Some(b'r') => options.read(true).write(update),
            Some(b'w') => options.write(true).create(true).truncate(true).read(update),
            Some(b'a') => options.append(true).create(true).read(update),
            _ => return Err(io::Error::from_raw_os_error(libc::EINVAL)),
        };
        Ok(BufferedFile {
            readable: update || mode[0] == b'r',
            writable: update || mode[0] != b'r',
            ..BufferedFile::new(options.open(path)?)
        })
    }

    /// When written bytes reach the file from now on.
    ///
    /// # Errors
    /// If what is buffered cannot be written out.
    pub fn set_buffering(&mut self, buffering: Buffering) -> io::Result<()> {
        self.buffering = buffering;
        self.flush()
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// If the buffer has to be written out and cannot be.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.writable {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        self.forget_read_ahead()?;
        self.unwritten.extend_from_slice(bytes);
        match self.buffering {
            Buffering::Full if self.unwritten.len() < BUFFER => Ok(()),
            Buffering::Line if self.unwritten.len() < BUFFER && !bytes.contains(&b'\n') => Ok(()),
            _ => self.flush(),
        }
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// If the system cannot write it; it is lost then.
    pub fn flush(&mut self) -> io::Result<()> {
        let written = self.file.write_all(&self.unwritten);
        self.unwritten.clear();
        written
    }

    /// Moves the position for reading and writing and answers it.
    ///
    /// # Errors
    /// If the file cannot be positioned.
    pub fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.flush()?;
        let ahead = (self.read.len() - self.read_from) as i64;
        let to = if let SeekFrom::Current(by) = to {
            SeekFrom::Current(by - ahead)
        } else {
            to
        };
        let position = self.file.seek(to)?;
        self.read.clear();
        self.read_from = 0;
        Ok(position)
    }

    /// Appends a line without its end; false at the end of the file.
    ///
    /// # Errors
    /// If the system cannot read.
    pub fn read_line(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let mut any = false;
        loop {
            let available = self.fill()?;
            if available.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = memchr::memchr(b'\n', available);
            out.extend_from_slice(&available[..end.unwrap_or(available.len())]);
            let used = end.map_or(available.len(), |end| end + 1);
            self.read_from += used;
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// Appends up to `count` bytes; false at the end of the file.
    ///
    /// # Errors
    /// If the system cannot read.
    pub fn read_bytes(&mut self, out: &mut Vec<u8>, count: usize) -> io::Result<bool> {
        let mut missing = count;
        loop {
            let available = self.fill()?;
            if missing == 0 || available.is_empty() {
                return Ok(missing < count || !available.is_empty());
            }
            let used = available.len().min(missing);
            out.extend_from_slice(&available[..used]);
            self.read_from += used;
            missing -= used;
            if missing == 0 {
                return Ok(true);
            }
        }
    }

    /// Appends all that is left.
    ///
    /// # Errors
    /// If the system cannot read.
    pub fn read_all(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.extend_from_slice(self.fill()?);
        self.read.clear();
        self.read_from = 0;
        self.file.read_to_end(out).map(|_| ())
    }

    /// Reads a number behind white space; `None` if there is none.
    ///
    /// # Errors
    /// If the system cannot read.
    pub fn read_number(&mut self) -> io::Result<Option<f64>> {
        while self.peek()?.is_some_and(is_space) {
            self.read_from += 1;
        }
        let mut text = Vec::new();
        while let Some(byte) = self.peek()? {
            if text.len() == MAX_NUMBER || !may_continue_number(&text, byte) {
                break;
            }
            text.push(byte);
            self.read_from += 1;
        }
        Ok(parse_number(&text))
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        self.fill().map(|available| available.first().copied())
    }

    /// What was read ahead, more if that is nothing; empty at the end of the file.
    fn fill(&mut self) -> io::Result<&[u8]> {
        if self.read_from == self.read.len() {
            if !self.readable {
                return Err(io::Error::from_raw_os_error(libc::EBADF));
            }
            self.flush()?;
            self.read.resize(BUFFER, 0);
            self.read_from = 0;
            let read = loop {
                match self.file.read(&mut self.read) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            self.read.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        Ok(&self.read[self.read_from..])
    }

    /// Before writing: the file's position goes back to where reading has got.
    fn forget_read_ahead(&mut self) -> io::Result<()> {
        if self.read_from < self.read.len() {
            self.seek(SeekFrom::Current(0))?;
        }
        Ok(())
    }
}

/// What runs a command as C's `system` and `popen` do.
pub fn shell(command: &[u8]) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg0("sh").arg("-c").arg(path_of(command));
    shell
}

/// A path from its bytes; as for a C string, it ends at the first zero byte.
pub fn path_of(bytes: &[u8]) -> &Path {
    let bytes = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    Path::new(OsStr::from_bytes(bytes))
}

/// Makes an empty file with a new name and answers that.
///
/// # Errors
/// If it cannot be made.
pub fn temporary_name() -> io::Result<PathBuf> {
    make_temporary().map(|(path, _)| path)
}

fn make_temporary() -> io::Result<(PathBuf, File)> {
    let mut name = CString::from(c"/tmp/lua_XXXXXX").into_bytes_with_nul();
    // SAFETY: a C string with six letters to replace at its end.
    let descriptor = unsafe { libc::mkstemp(name.as_mut_ptr().cast()) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    name.pop();
    // SAFETY: the call has just opened it, for us alone.
    let file = unsafe { File::from_raw_fd(descriptor) };
    Ok((PathBuf::from(OsString::from_vec(name)), file))
}

/// What the system calls an error: C's `strerror`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(code) => text.trim_end_matches(&format!(" (os error {code})")).to_owned(),
        None => text,
    }
}

/// Whether a number that begins with `text` can go on with `byte`.
fn may_continue_number(text: &[u8], byte: u8) -> bool {
    let hexadecimal = text.iter().any(|byte| matches!(byte, b'x' | b'X'));
    let digits = if matches!(text.first(), Some(b'+' | b'-')) {
        &text[1..]
    } else {
        text
    };
    let exponent: [u8; 2] = if hexadecimal { *b"pP" } else { *b"eE" };
    let has_exponent = text.iter().any(|byte| exponent.contains(byte));
    match byte {
        b'+' | b'-' => text.last().is_none_or(|last| exponent.contains(last)),
        b'x' | b'X' => digits == b"0",
        b'.' => !text.contains(&b'.') && !has_exponent,
        b'0'..=b'9' => true,
        _ if exponent.contains(&byte) => !has_exponent && !digits.is_empty(),
        _ => hexadecimal && !has_exponent && byte.is_ascii_hexdigit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_text(text: &[u8]) -> BufferedFile {
        let mut file = BufferedFile::temporary().unwrap();
        file.write(text).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    fn line(file: &mut BufferedFile) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        file.read_line(&mut line).unwrap().then_some(line)
    }

    fn bytes(file: &mut BufferedFile, count: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        file.read_bytes(&mut bytes, count).unwrap().then_some(bytes)
    }

    #[test]
    fn lines_with_and_without_an_end() {
        let mut file = with_text(b"one\n\nthree");
        assert_eq!(line(&mut file).unwrap(), b"one");
        assert_eq!(line(&mut file).unwrap(), b"");
        assert_eq!(line(&mut file).unwrap(), b"three");
        assert_eq!(line(&mut file), None);
    }

    #[test]
    fn lines_longer_than_the_buffer() {
        let long = vec![b'x'; 3 * BUFFER + 1];
        let mut file = with_text(&[&long[..], b"\nend"].concat());
        assert_eq!(line(&mut file).unwrap(), long);
        assert_eq!(line(&mut file).unwrap(), b"end");
    }

    #[test]
    fn counted_bytes_stop_at_the_end() {
        let mut file = with_text(b"abcde");
        assert_eq!(bytes(&mut file, 0).unwrap(), b"", "there is more");
        assert_eq!(bytes(&mut file, 2).unwrap(), b"ab");
        assert_eq!(bytes(&mut file, 9).unwrap(), b"cde");
        assert_eq!(bytes(&mut file, 0), None, "there is nothing more");
        assert_eq!(bytes(&mut file, 1), None);
    }

    #[test]
    fn numbers_end_where_they_cannot_go_on() {
        let check = |text: &[u8], expected: Option<f64>, rest: &[u8]| {
            let mut file = with_text(text);
            assert_eq!(file.read_number().unwrap(), expected, "{}", text.escape_ascii());
            let mut left = Vec::new();
            file.read_all(&mut left).unwrap();
            assert_eq!(left, rest, "{}", text.escape_ascii());
        };
        check(b" 12 ", Some(12.0), b" ");
        check(b"\n-3.5e2,", Some(-350.0), b",");
        check(b"0x1Fg", Some(31.0), b"g");
        check(b"1.2.3", Some(1.2), b".3");
        check(b"1-2", Some(1.0), b"-2");
        check(b"+.5", Some(0.5), b"");
        check(b"word", None, b"word");
        check(b"", None, b"");
    }

    #[test]
    fn writing_goes_on_where_reading_has_got() {
        let mut file = with_text(b"abcdef");
        assert_eq!(bytes(&mut file, 2).unwrap(), b"ab");
        file.write(b"XY").unwrap();
        assert_eq!(file.seek(SeekFrom::Current(0)).unwrap(), 4);
        assert_eq!(bytes(&mut file, 9).unwrap(), b"ef");
        file.seek(SeekFrom::Start(0)).unwrap();
        assert_eq!(line(&mut file).unwrap(), b"abXYef");
    }

    #[test]
    fn positions_count_what_was_read_ahead() {
        let mut file = with_text(b"abcdef");
        assert_eq!(bytes(&mut file, 3).unwrap(), b"abc");
        assert_eq!(file.seek(SeekFrom::Current(1)).unwrap(), 4);
        assert_eq!(bytes(&mut file, 1).unwrap(), b"e");
        assert_eq!(file.seek(SeekFrom::End(-6)).unwrap(), 0);
        assert!(file.seek(SeekFrom::End(-7)).is_err());
    }

    #[test]
    fn modes_are_those_of_fopen() {
        let path = temporary_name().unwrap();
        let write = |mode: &[u8], text: &[u8]| {
            let mut file = BufferedFile::open(&path, mode).unwrap();
            file.write(text).unwrap();
            file.close().unwrap();
            std::fs::read(&path).unwrap()
        };
        assert_eq!(write(b"w", b"one"), b"one");
        assert_eq!(write(b"ab", b"two"), b"onetwo");
        assert_eq!(write(b"r+", b"O"), b"Onetwo");
        assert_eq!(write(b"w+", b""), b"");
        std::fs::remove_file(&path).unwrap();
        let error = BufferedFile::open(&path, b"r").unwrap_err();
        assert_eq!(reason(&error), "No such file or directory");
        let error = BufferedFile::open(&path, b"x").unwrap_err();
        assert_eq!(reason(&error), "Invalid argument");
    }

    #[test]
    fn what_a_file_cannot_do_is_an_error() {
        let mut file = BufferedFile::open(Path::new("/dev/null"), b"r").unwrap();
        assert_eq!(reason(&file.write(b"x").unwrap_err()), "Bad file descriptor");
        let mut file = BufferedFile::open(Path::new("/dev/null"), b"w").unwrap();
        assert_eq!(reason(&file.read_number().unwrap_err()), "Bad file descriptor");
        let mut file = BufferedFile::open(Path::new("/dev/full"), b"w").unwrap();
        file.write(b"x").unwrap();
        let error = file.close().unwrap_err();
        assert_eq!(reason(&error), "No space left on device");
    }

    #[test]
    fn processes_are_read_written_and_waited_for() {
        let mut file = BufferedFile::of_process(b"echo one; echo two", b"r").unwrap();
        assert_eq!(line(&mut file).unwrap(), b"one");
        assert_eq!(line(&mut file).unwrap(), b"two");
        assert_eq!(line(&mut file), None);
        file.close().unwrap();
        let path = temporary_name().unwrap();
        let command = [b"cat > ", path.as_os_str().as_bytes()].concat();
        let mut file = BufferedFile::of_process(&command, b"w").unwrap();
        file.write(b"text").unwrap();
        file.close().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn numbers_of_closed_files_are_given_again() {
        let mut files = Files::default();
        let first = files.add(BufferedFile::temporary().unwrap());
        let second = files.add(BufferedFile::temporary().unwrap());
        assert!(first > STDERR && second > first);
        files.close(first).unwrap();
        assert!(files.get(first).is_none() && files.get(second).is_some());
        assert_eq!(files.add(BufferedFile::temporary().unwrap()), first);
    }
}
