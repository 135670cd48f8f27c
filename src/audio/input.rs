//! Where the bytes of a recording come from.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that can be read from any place.
pub trait Bytes: Read + Seek + Send + Sync {}

impl<T: Read + Seek + Send + Sync> Bytes for T {}

/// A file to which is appended while it can be read: what a recording is kept in while it is made.
pub trait Growing: Send + std::fmt::Debug {
    /// What messages call it.
    fn name(&self) -> &Path;
    /// Bytes that are there.
    fn length(&self) -> u64;
    /// Appends all of these bytes or none. They are safe after [`Growing::sync`].
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()>;
    /// Returns when everything that was appended is on the disk.
    fn sync(&mut self) -> std::io::Result<()>;
    /// Takes away what is behind a length that it had before.
    fn cut(&mut self, length: u64) -> std::io::Result<()>;
    /// Opens what is there now, at its beginning.
    fn read(&self) -> std::io::Result<Box<dyn Bytes>>;
}

type Open = dyn Fn() -> std::io::Result<Box<dyn Bytes>> + Send + Sync;

/// A recording to be read: a file, or something that gives its bytes as often as they are wanted, for example decrypts
/// them. Cheap to clone.
#[derive(Clone)]
pub struct Input {
    name: PathBuf,
    open: Option<Arc<Open>>,
}

impl Input {
    /// A recording that `open` opens at its beginning each time it is called; messages call it `name`.
    pub fn opened_by(
        name: impl Into<PathBuf>,
        open: impl Fn() -> std::io::Result<Box<dyn Bytes>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            open: Some(Arc::new(open)),
        }
    }

    /// The file, or what messages call it.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Opens it at its beginning.
    pub fn bytes(&self) -> std::io::Result<Box<dyn Bytes>> {
        match &self.open {
            Some(open) => open(),
            None => Ok(Box::new(File::open(&self.name)?)),
        }
    }

    /// Opens it where it is no file.
    pub(super) fn open(&self) -> Option<std::io::Result<Box<dyn Bytes>>> {
        self.open.as_ref().map(|open| open())
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Input").field(&self.name).finish()
    }
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        Self {
            name: path.to_path_buf(),
            open: None,
        }
    }
}

impl From<&PathBuf> for Input {
    fn from(path: &PathBuf) -> Self {
        path.as_path().into()
    }
}

impl From<&Input> for Input {
    fn from(input: &Input) -> Self {
        input.clone()
    }
}

/// A copy of a recording for a program that wants a file, for as long as this lives. It lies in memory where the system
/// offers that (`/dev/shm`), and on Linux it has no name that could outlive a killed process.
pub(super) struct Scratch {
    path: PathBuf,
    /// Where the copy has a name of its own.
    named: Option<PathBuf>,
    // Open for as long as the path is used: on Linux the path leads here.
    file: File,
}

impl Scratch {
    pub(super) fn of(bytes: &mut dyn Bytes) -> std::io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if cfg!(target_os = "linux") && memory.is_dir() {
            memory.to_path_buf()
        } else {
            std::env::temp_dir()
        };
        let named = folder.join(format!("osler-{}", uuid::Uuid::now_v7().as_simple()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut copy = Self::place(named.clone(), options.open(&named)?)?;
        bytes.seek(SeekFrom::Start(0))?;
        std::io::copy(bytes, &mut copy.file)?;
        Ok(copy)
    }

    #[cfg(target_os = "linux")]
    fn place(named: PathBuf, file: File) -> std::io::Result<Self> {
        use std::os::fd::AsRawFd;
        std::fs::remove_file(&named)?;
        Ok(Self {
            path: format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()).into(),
            named: None,
            file,
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn place(named: PathBuf, file: File) -> std::io::Result<Self> {
        Ok(Self {
            path: named.clone(),
            named: Some(named),
            file,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(named) = &self.named {
            // Nothing more can be done about a file that cannot be removed.
            let _ = std::fs::remove_file(named);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn a_program_finds_the_copy_and_nobody_finds_it_afterwards() {
        let mut sound = Cursor::new(b"sound".to_vec());
        let copy = Scratch::of(&mut sound).unwrap();
        let path = copy.path().to_owned();
        let shown = std::process::Command::new("cat")
            .arg(&path)
            .output()
            .unwrap();
        assert_eq!(shown.stdout, b"sound");
        // A second reader begins at the beginning, too.
        assert_eq!(std::fs::read(&path).unwrap(), b"sound");
        drop(copy);
        let after = std::fs::read(&path);
        assert!(!after.is_ok_and(|bytes| bytes == b"sound"));
    }
}
