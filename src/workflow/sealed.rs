//! A sealed file as what a recording is kept in while it is made.

use crate::audio::{Bytes, Growing};
use crate::store::vault::{Appender, Vault, VaultError};
use std::path::{Path, PathBuf};

/// A sealed file that grows, or one that is only looked at.
pub struct Sealed {
    vault: Vault,
    name: String,
    path: PathBuf,
    length: u64,
    appender: Option<Appender>,
}

impl Sealed {
    /// Goes on with the file of that name, or begins it.
    pub fn open(vault: &Vault, name: &str) -> Result<Self, VaultError> {
        let appender = match vault.append(name) {
            Err(VaultError::Missing(_)) => vault.create(name)?,
            other => other?,
        };
        Ok(Self {
            vault: vault.clone(),
            name: name.to_owned(),
            path: appender.path().to_path_buf(),
            length: appender.length(),
            appender: Some(appender),
        })
    }

    /// Looks at the file of that name, whoever writes to it; nothing can be appended here.
    pub fn look(vault: &Vault, name: &str) -> Result<Self, VaultError> {
        let reader = vault.open_growing(name)?;
        Ok(Self {
            vault: vault.clone(),
            name: name.to_owned(),
            path: reader.path().to_path_buf(),
            length: reader.length(),
            appender: None,
        })
    }

    fn appender(&mut self) -> std::io::Result<&mut Appender> {
        self.appender
            .as_mut()
            .ok_or_else(|| std::io::Error::other("it is only looked at"))
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sealed").field(&self.path).finish()
    }
}

fn failed(error: VaultError) -> std::io::Error {
    match error {
        VaultError::Io { source, .. } => source,
        other => std::io::Error::other(other),
    }
}

impl Growing for Sealed {
    fn name(&self) -> &Path {
        &self.path
    }

    fn length(&self) -> u64 {
        self.length
    }

    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let before = self.length;
        let appender = self.appender()?;
        let appended = appender.append(bytes).map_err(failed);
        self.length = appender.length();
        if appended.is_err() && self.length > before {
            // More than one record, of which some were written.
            self.cut(before)?;
        }
        appended
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.appender()?.sync().map_err(failed)
    }

    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        let cut = self.vault.append_from(&self.name, length).map_err(failed)?;
        self.appender = Some(cut);
        self.length = length;
        Ok(())
    }

    fn read(&self) -> std::io::Result<Box<dyn Bytes>> {
        let reader = self.vault.open_growing(&self.name).map_err(failed)?;
        Ok(Box::new(reader))
    }
}
