//! A signature: whose, when, what it means, over exactly which text (21 CFR 11.50 and 11.70).

use crate::domain::ids::UserId;
use serde::{Deserialize, Serialize};

/// How the signer proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authentication {
    /// Nobody was asked: made on the command line, accepted by a demonstration database only.
    #[serde(rename = "none (cli)")]
    NoneCli,
    /// Nobody was asked: a sample person of a demonstration database, chosen with one click.
    #[serde(rename = "none (demonstration)")]
    Demonstration,
    /// Password and one-time code, as the first signature of a session needs.
    #[serde(rename = "password and code")]
    PasswordAndCode,
    /// The password, after a first signature in the same session.
    #[serde(rename = "password")]
    Password,
    /// A one-time code, after a first signature in the same session.
    #[serde(rename = "code")]
    Code,
}

written!(Authentication {
    NoneCli => "none (cli)",
    Demonstration => "none (demonstration)",
    PasswordAndCode => "password and code",
    Password => "password",
    Code => "code",
});

/// A signature over one version of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// Who.
    pub signer_id: UserId,
    /// Printed name at the time of signing.
    pub signer_name: String,
    /// When.
    pub signed_at: jiff::Timestamp,
    /// What it means, for example "authorship".
    pub meaning: String,
    /// How the signer was identified.
    pub authentication: Authentication,
    /// The version signed.
    pub version: u32,
    /// SHA-256 (hex) of the signed text, so that it cannot be moved to another.
    pub text_sha256: String,
}
