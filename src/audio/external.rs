//! A decoder that is a program of its own: gets a file's name, writes sound to its output, which is read as it comes.

use std::ffi::OsString;
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Stands for the recording in a decoder command.
pub const INPUT: &str = "{input}";

/// How long a decoder may take to exit after it closed its output.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most characters of its complaint that are shown.
const COMPLAINT: usize = 300;

/// Beginning of a WAV of 16 kHz mono 16-bit samples whose length is not known.
const WAV_OF_RAW: [u8; 44] = *b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\xff\xff\xff\xff";

/// A running decoder; dropping it ends the program.
pub struct External {
    child: Arc<Mutex<Child>>,
    complaint: Receiver<String>,
}

/// Ends a running decoder from another thread, so that whoever waits for its output goes on.
#[derive(Clone, Default)]
pub struct Stopper(Option<Arc<Mutex<Child>>>);

impl Stopper {
    /// Ends the decoder, if there is one.
    pub fn stop(&self) {
        if let Some(child) = &self.0 {
            // An error means that it has ended already.
            let _ = lock(child).kill();
        }
    }
}

impl External {
    /// Starts `command`, with [`INPUT`] replaced by the file, and gives its output as a WAV stream: raw samples get the
    /// header that they lack.
    pub fn start(
        command: &[String],
        file: &Path,
    ) -> io::Result<(Self, impl Read + Send + Sync + 'static)> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "no program is named",
            ));
        };
        let mut child = Command::new(program)
            .args(arguments.iter().map(|a| argument(a, file)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (sender, complaint) = channel();
        let external = Self {
            child: Arc::new(Mutex::new(child)),
            complaint,
        };
        let (Some(mut stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(io::Error::other("its output cannot be read"));
        };
        // Read beside the output: a decoder that complains a lot would wait for its reader for ever.
        std::thread::Builder::new().spawn(move || {
            // Nobody listens where the decoder was dropped.
            let _ = sender.send(last_line(stderr));
        })?;
        let mut start = Vec::with_capacity(4);
        (&mut stdout).take(4).read_to_end(&mut start)?;
        let header: &[u8] = match start.as_slice() {
            [] | b"RIFF" | b"RF64" => &[],
            _ => &WAV_OF_RAW,
        };
        Ok((
            external,
            Cursor::new([header, &start].concat()).chain(stdout),
        ))
    }

    /// Lets another thread end the program.
    pub fn stopper(&self) -> Stopper {
        Stopper(Some(self.child.clone()))
    }

    /// After the end of the output: how the program ended, in words where it was not well.
    pub fn finish(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            let waited = lock(&self.child).try_wait();
            match waited {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Ok(None) => return Err("it does not end".into()),
                Err(e) => return Err(e.to_string()),
            }
        };
        if status.success() {
            return Ok(());
        }
        let complaint = self
            .complaint
            .recv_timeout(Duration::from_secs(1))
            .unwrap_or_default();
        Err(match (complaint.is_empty(), ended(status)) {
            (true, how) => how,
            (false, how) => format!("{complaint} ({how})"),
        })
    }
}

impl Drop for External {
    fn drop(&mut self) {
        let mut child = lock(&self.child);
        // Both fail only where it has ended and was waited for.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "ended by a signal".into(),
    }
}

/// An argument with the file's name in the place of [`INPUT`]. A relative name that looks like an option gets a folder.
fn argument(argument: &str, file: &Path) -> OsString {
    let file = if file.as_os_str().as_encoded_bytes().starts_with(b"-") {
        Path::new(".").join(file)
    } else {
        file.to_path_buf()
    };
    let mut parts = argument.split(INPUT);
    let mut out = OsString::from(parts.next().unwrap_or_default());
    for part in parts {
        out.push(&file);
        out.push(part);
    }
    out
}

/// The last line that says something, without keeping what was before it.
fn last_line(mut stderr: ChildStderr) -> String {
    let (mut line, mut last) = (Vec::new(), String::new());
    let mut keep = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if !text.is_empty() {
            last = text.chars().take(COMPLAINT).collect();
        }
        line.clear();
    };
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = stderr.read(&mut buffer) {
        for &byte in &buffer[..n] {
            match byte {
                b'\n' | b'\r' => keep(&mut line),
                _ if line.len() < 4 * COMPLAINT => line.push(byte),
                _ => {}
            }
        }
    }
    keep(&mut line);
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_takes_the_place_of_the_word_and_is_never_an_option() {
        let of = |a: &str, file: &str| argument(a, Path::new(file)).into_string().unwrap();
        assert_eq!(of("{input}", "/a b/c.dss"), "/a b/c.dss");
        assert_eq!(of("file:{input}", "c.dss"), "file:c.dss");
        assert_eq!(of("-i", "c.dss"), "-i");
        assert_eq!(of("{input}", "-y.dss"), "./-y.dss");
    }
}
