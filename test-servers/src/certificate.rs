use std::path::{Path, PathBuf};

use crate::{ServerError, program};

/// A throwaway certificate of 127.0.0.1 and localhost, and the authority that signed it.
#[derive(Clone, Debug)]
pub struct Certificate {
    folder: PathBuf,
}

impl Certificate {
    /// Made in `folder`, which has to outlive it.
    pub(crate) fn make(folder: &Path) -> Result<Self, ServerError> {
        let openssl = program::find("openssl", "openssl")?;
        let openssl = openssl.to_string_lossy();
        let made = Self { folder: folder.to_owned() };
        let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let (authority, authority_key) = (file("ca.pem"), file("ca.key"));
        let (certificate, server_key, request) = (file("server.pem"), file("server.key"), file("server.csr"));
        let names = file("names");
        std::fs::write(&names, "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=critical,CA:FALSE\n")
            .map_err(|error| ServerError::failed(&names, error))?;
        let mut command = vec![&*openssl, "req", "-x509", "-days", "2", "-subj", "/CN=throwaway authority"];
        command.extend(key);
        command.extend(["-keyout", &authority_key, "-out", &authority]);
        program::run(&command)?;
        let mut command = vec![&*openssl, "req", "-subj", "/CN=localhost"];
        command.extend(key);
        command.extend(["-keyout", &server_key, "-out", &request]);
        program::run(&command)?;
        let mut command = vec![&*openssl, "x509", "-req", "-days", "2", "-in", &request, "-out", &certificate];
        command.extend(["-CA", &authority, "-CAkey", &authority_key, "-CAcreateserial", "-extfile", &names]);
        program::run(&command)?;
        Ok(made)
    }

    /// The file of the authority, which clients trust.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(crate) fn server(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("server.key")
    }
}
