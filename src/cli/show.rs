//! A patient's record and a report as text for a reader.

use crate::cli::common::{local, short, spoken};
use crate::domain::finding::Finding;
use crate::domain::patient::Patient;
use crate::domain::recognition::Recognition;
use crate::domain::report::{Report, ReportVersion};
use crate::domain::transcript::{Edit, EditState};
use crate::store::{StoredDictation, StoredTranscript};
use crate::workflow::record::{Record, ReportView};
use std::io::{Result, Write};

/// Prints a whole record.
pub fn record(out: &mut impl Write, record: &Record) -> Result<()> {
    patient(out, &record.stored.patient)?;
    let known = &record.particulars;
    let contact = &known.contact;
    for (label, value) in [
        ("telephone", contact.phone()),
        ("address", contact.address()),
        ("e-mail", contact.email()),
    ] {
        if !value.is_empty() {
            writeln!(out, "  {label:<10} {}", value.replace('\n', ", "))?;
        }
    }
    for kept in &known.numbers {
        writeln!(
            out,
            "  {:<10} {} ({})",
            "number",
            kept.number.value(),
            kept.number.issuer()
        )?;
    }
    for former in &known.former {
        writeln!(
            out,
            "  {:<10} {} {}, {} by {}: {}",
            "joined",
            former.patient.mrn,
            former.patient.listed_name(),
            local(former.at),
            former.by,
            former.reason
        )?;
    }
    for entry in &record.entries {
        writeln!(out, "  {:<10} {}", entry.kind.as_str(), entry.text)?;
    }
    for encounter in &record.stored.encounters {
        writeln!(
            out,
            "  encounter {}  {}  {}  {}  {}",
            short(encounter.id),
            encounter.date,
            record.name_of(encounter.physician_id),
            encounter.location,
            encounter.reason
        )?;
    }
    if record.stored.dictations.is_empty() {
        writeln!(out, "  no dictations yet")?;
    }
    for stored in &record.stored.dictations {
        writeln!(out)?;
        let id = stored.dictation.id;
        if let Some((_, mrn)) = known.moved.iter().find(|(moved, _)| *moved == id) {
            writeln!(out, "from record {mrn}:")?;
        }
        dictation(out, record, stored)?;
    }
    Ok(())
}

fn patient(out: &mut impl Write, patient: &Patient) -> Result<()> {
    writeln!(
        out,
        "{}  MRN {}  born {}  {}",
        patient.listed_name(),
        patient.mrn,
        patient.birth_date,
        patient.sex.as_str()
    )
}

/// Prints a dictation: who, when, which recording, what came of it.
pub fn dictation(out: &mut impl Write, record: &Record, stored: &StoredDictation) -> Result<()> {
    let dictation = &stored.dictation;
    writeln!(
        out,
        "dictation {}: {} ({})",
        short(dictation.id),
        spoken(dictation.phase.as_str()),
        spoken(dictation.state.as_str())
    )?;
    line(out, "dictated by", &record.name_of(dictation.author_id))?;
    if let Some(id) = dictation.encounter_id {
        line(out, "encounter", &short(id))?;
    }
    line(out, "taken in", &local(dictation.created_at))?;
    line(
        out,
        "identity",
        &match dictation.identity_verified_at {
            Some(at) => format!("record number and date of birth checked {}", local(at)),
            None => "date of birth not checked yet".into(),
        },
    )?;
    for take in &dictation.takes {
        line(
            out,
            "recording",
            &format!(
                "{} ({} bytes, sha256 {})",
                take.original_name, take.bytes, take.sha256
            ),
        )?;
    }
    if let Some(transcript) = &stored.transcript {
        recognised(out, transcript)?;
    }
    for (report, versions) in &stored.reports {
        self::report(out, report, versions, |id| record.name_of(id))?;
    }
    if let Some(transcript) = &stored.transcript {
        changes(out, &transcript.recognition)?;
    }
    Ok(())
}

/// Prints one report.
pub fn report_view(out: &mut impl Write, view: &ReportView) -> Result<()> {
    patient(out, &view.patient)?;
    line(out, "author", &view.author.name)?;
    if let Some(transcript) = &view.transcript {
        recognised(out, transcript)?;
    }
    report(out, &view.report, &view.versions, |id| {
        if id == view.author.id {
            view.author.name.clone()
        } else {
            short(id)
        }
    })?;
    match &view.transcript {
        Some(transcript) => changes(out, &transcript.recognition),
        None => Ok(()),
    }
}

fn line(out: &mut impl Write, label: &str, value: &str) -> Result<()> {
    writeln!(out, "  {label:<12} {value}")
}

fn recognised(out: &mut impl Write, transcript: &StoredTranscript) -> Result<()> {
    let recognition = &transcript.recognition;
    line(
        out,
        "recognised",
        &format!(
            "{} with {} (sha256 {})",
            local(transcript.created_at),
            recognition.model,
            recognition.model_sha256
        ),
    )?;
    let speed = if recognition.elapsed_s > 0.0 {
        format!(
            " ({:.1} times as fast as it was spoken)",
            recognition.duration_s / recognition.elapsed_s
        )
    } else {
        String::new()
    };
    line(
        out,
        "time",
        &format!(
            "{:.1} s for {:.1} s of sound{speed}",
            recognition.elapsed_s, recognition.duration_s
        ),
    )?;
    let stages: Vec<String> = recognition
        .stages_s
        .iter()
        .map(|(stage, seconds)| format!("{stage} {seconds:.2} s"))
        .collect();
    if !stages.is_empty() {
        line(out, "stages", &stages.join(", "))?;
    }
    line(
        out,
        "speech",
        &format!(
            "{:.1} s, of which {:.1} s became words",
            recognition.coverage.speech_s, recognition.coverage.covered_s
        ),
    )
}

fn report(
    out: &mut impl Write,
    report: &Report,
    versions: &[ReportVersion],
    name_of: impl Fn(crate::domain::ids::UserId) -> String,
) -> Result<()> {
    let status = report.status.as_str();
    writeln!(
        out,
        "  report {} ({}): {status}",
        short(report.id),
        report.latest.body.kind
    )?;
    for version in versions {
        line(
            out,
            &format!("version {}", version.version),
            &format!(
                "{} by {}",
                local(version.made_at),
                version
                    .made_by
                    .map_or_else(|| "the machine".into(), &name_of)
            ),
        )?;
    }
    if let Some(signature) = &report.signature {
        line(
            out,
            "signed",
            &format!(
                "{} by {}, version {}, meaning: {}, authentication: {}",
                local(signature.signed_at),
                signature.signer_name,
                signature.version,
                signature.meaning,
                signature.authentication.as_str()
            ),
        )?;
    }
    if let Some(at) = report.filed_at {
        line(out, "filed", &local(at))?;
    }
    if let Some(retraction) = &report.retraction {
        line(
            out,
            "ENTERED IN ERROR",
            &format!(
                "{} by {}: {}",
                local(retraction.at),
                name_of(retraction.by),
                retraction.reason
            ),
        )?;
    }
    writeln!(out)?;
    for text in report.latest.body.text.lines() {
        // No white space at the end of an empty line.
        writeln!(out, "{}", format!("    {text}").trim_end())?;
    }
    writeln!(out)
}

fn changes(out: &mut impl Write, recognition: &Recognition) -> Result<()> {
    let edits = &recognition.transcript.edits;
    writeln!(out, "  corrected: {}", count(edits.len()))?;
    for e in edits {
        edit(out, e)?;
    }
    let findings = &recognition.findings;
    writeln!(out, "  flagged: {}", count(findings.len()))?;
    for f in findings {
        finding(out, f)?;
    }
    Ok(())
}

fn count(n: usize) -> String {
    match n {
        0 => "nothing".into(),
        n => n.to_string(),
    }
}

fn edit(out: &mut impl Write, edit: &Edit) -> Result<()> {
    let score = edit.score.map(|s| format!(", {s:.1}")).unwrap_or_default();
    let undone = match edit.state {
        EditState::Applied => "",
        EditState::Undone => " (undone)",
    };
    writeln!(
        out,
        "    \"{}\" -> \"{}\"  [{}{score}]{undone}",
        edit.before, edit.after, edit.rule
    )
}

fn finding(out: &mut impl Write, finding: &Finding) -> Result<()> {
    let at = finding.start_s.max(0.0) as u64;
    let severity = format!("{:?}", finding.severity).to_lowercase();
    let offered: Vec<&str> = finding
        .suggestions
        .iter()
        .map(|s| s.text.as_str())
        .collect();
    let offered = if offered.is_empty() {
        String::new()
    } else {
        format!("  [perhaps: {}]", offered.join(", "))
    };
    writeln!(
        out,
        "    {}:{:02}  {severity}: {}{offered}",
        at / 60,
        at % 60,
        finding.message
    )
}
