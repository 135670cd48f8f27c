//! Entries that a site, a specialty, a physician or a patient's record lays over the dictionary's base set.

use crate::domain::ids::{PatientId, UserId};

/// What a layer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LayerKind {
    /// The whole practice.
    Site,
    /// Everybody of one specialty.
    Specialty,
    /// One physician.
    Physician,
    /// One patient's record.
    Patient,
}

written!(LayerKind {
    Site => "site",
    Specialty => "specialty",
    Physician => "physician",
    Patient => "patient",
});

/// One layer. In the order of precedence: of two entries with the same key that of the later layer counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// The whole practice's.
    Site,
    /// That of a specialty, by its name in small letters.
    Specialty(String),
    /// A physician's own.
    Physician(UserId),
    /// A patient's.
    Patient(PatientId),
}

impl Layer {
    /// What it belongs to.
    pub fn kind(&self) -> LayerKind {
        match self {
            Self::Site => LayerKind::Site,
            Self::Specialty(_) => LayerKind::Specialty,
            Self::Physician(_) => LayerKind::Physician,
            Self::Patient(_) => LayerKind::Patient,
        }
    }

    /// The owner as it is stored: a name, an identifier, or nothing for the site.
    pub fn owner(&self) -> String {
        match self {
            Self::Site => String::new(),
            Self::Specialty(name) => name.clone(),
            Self::Physician(id) => id.to_string(),
            Self::Patient(id) => id.to_string(),
        }
    }

    /// From its stored form; nothing where the owner is none of that kind.
    pub fn stored(kind: LayerKind, owner: &str) -> Option<Self> {
        match kind {
            LayerKind::Site => owner.is_empty().then_some(Self::Site),
            LayerKind::Specialty => (!owner.is_empty()).then(|| Self::Specialty(owner.to_owned())),
            LayerKind::Physician => owner.parse().ok().map(Self::Physician),
            LayerKind::Patient => owner.parse().ok().map(Self::Patient),
        }
    }

    /// Whose record it is part of.
    pub fn patient(&self) -> Option<PatientId> {
        match self {
            Self::Patient(id) => Some(*id),
            _ => None,
        }
    }
}

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocalKind {
    /// A word or phrase that may have been said.
    Term,
    /// A person, a place, an institution: known and protected, and never put in place of what was heard.
    Name,
    /// What to offer wherever these words were heard.
    Replacement,
}

written!(LocalKind {
    Term => "term",
    Name => "name",
    Replacement => "replacement",
});

/// Where an entry came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody gave it.
    Typed,
    /// It stood in a list.
    Imported,
    /// It was drawn from corrections.
    Learned,
}

written!(Origin {
    Typed => "typed",
    Imported => "imported",
    Learned => "learned",
});

/// An entry of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalEntry {
    /// What it is for.
    pub kind: LocalKind,
    /// What makes two entries of a layer the same: the folded form of what is written, or of the words that a replacement
    /// takes the place of.
    pub key: String,
    /// As a report writes it inside a sentence.
    pub written: String,
    /// How it is said, where the written form does not tell; the words as heard of a replacement.
    pub spoken: Option<String>,
    /// What it is, as the files of the base set write it.
    pub category: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patient_comes_before_the_physician_the_specialty_and_the_site() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let mut layers = vec![
            Layer::Patient(PatientId::new(now)),
            Layer::Site,
            Layer::Physician(UserId::new(now)),
            Layer::Specialty("cardiology".into()),
        ];
        layers.sort();
        let kinds: Vec<&str> = layers.iter().map(|l| l.kind().as_str()).collect();
        assert_eq!(kinds, ["site", "specialty", "physician", "patient"]);
        for layer in layers {
            let back = Layer::stored(layer.kind(), &layer.owner());
            assert_eq!(back, Some(layer));
        }
    }

    #[test]
    fn an_owner_that_is_none_of_its_kind_is_no_layer() {
        for (kind, owner) in [
            (LayerKind::Site, "x"),
            (LayerKind::Specialty, ""),
            (LayerKind::Physician, "dr.marsh"),
            (LayerKind::Patient, "D-1001"),
        ] {
            assert_eq!(Layer::stored(kind, owner), None, "{owner}");
        }
    }
}
