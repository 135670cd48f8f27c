//! Identifiers: UUID version 7 (RFC 9562), so that they sort by the time they were made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// A fresh identifier for something made at `now`.
            pub fn new(now: jiff::Timestamp) -> Self {
                let since = now.as_nanosecond().max(0) as u128;
                let seconds = (since / 1_000_000_000) as u64;
                let nanos = (since % 1_000_000_000) as u32;
                Self(uuid::Uuid::new_v7(uuid::Timestamp::from_unix(
                    uuid::NoContext,
                    seconds,
                    nanos,
                )))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Ok(Self(s.parse()?))
            }
        }
    };
}

id!(/** A patient's record. */ PatientId);
id!(/** One visit or contact of a patient. */ EncounterId);
id!(/** One dictation: one to many takes that become one report. */ DictationId);
id!(/** One stored recording of a dictation. */ TakeId);
id!(/** One recognition run over a dictation. */ TranscriptId);
id!(/** One document in a patient's record; its versions share it. */ ReportId);
id!(/** A signed report on its way to somebody. */ LetterId);
id!(/** A person who uses Osler. */ UserId);
id!(/** A recording in the inbox. */ InboxId);
id!(/** A dictation that is being spoken; made by the browser. */ LiveId);
id!(/** A recording that comes in parts. */ UploadId);
