//! The contract of the service as an OpenAPI document: one line for each operation, and schemas that are made from the types
//! that handlers take and give. A test holds these lines against the routes of the router.

use super::error::Problem;
use super::views::List;
use super::{
    account, audit, dictations, dictionary, inbox, learned, letters, live, particulars, patients,
    reports, retention, search, session, settings, sound, system, templates, uploads, users, views,
    worklist,
};
use crate::domain::finding::Suggestion;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::sync::LazyLock;

type Shape = fn(&mut SchemaGenerator) -> Schema;

fn named<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn inline<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    T::json_schema(generator)
}

const JSON: &str = "application/json";

/// One operation.
struct Op {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    query: Option<Shape>,
    body: Option<Shape>,
    /// Whether the body may be left out of the description because it is bytes.
    bytes: bool,
    answers: Vec<(u16, &'static str, Option<Shape>)>,
    headers: Vec<&'static str>,
    tagged: bool,
    open: bool,
}

fn op(method: &'static str, path: &'static str, summary: &'static str) -> Op {
    Op {
        method,
        path,
        summary,
        query: None,
        body: None,
        bytes: false,
        answers: Vec::new(),
        headers: Vec::new(),
        tagged: false,
        open: false,
    }
}

fn get(path: &'static str, summary: &'static str) -> Op {
    op("get", path, summary)
}

fn post(path: &'static str, summary: &'static str) -> Op {
    op("post", path, summary)
}

fn put(path: &'static str, summary: &'static str) -> Op {
    op("put", path, summary)
}

fn patch(path: &'static str, summary: &'static str) -> Op {
    op("patch", path, summary)
}

fn delete(path: &'static str, summary: &'static str) -> Op {
    op("delete", path, summary)
}

impl Op {
    fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(inline::<T>);
        self
    }

    fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some(named::<T>);
        self
    }

    fn gives<T: JsonSchema>(mut self, status: u16) -> Self {
        self.answers.push((status, JSON, Some(named::<T>)));
        self
    }

    fn shown(mut self, shape: Shape) -> Self {
        self.answers.push((200, JSON, Some(shape)));
        self
    }

    fn file(mut self, status: u16, kind: &'static str) -> Self {
        self.answers.push((status, kind, None));
        self
    }

    fn nothing(mut self) -> Self {
        self.answers.push((204, "", None));
        self
    }

    /// Repeating it with the same key gives what it made the first time.
    fn once(mut self) -> Self {
        self.headers.push("IdempotencyKey");
        self
    }

    fn header(mut self, name: &'static str) -> Self {
        self.headers.push(name);
        self
    }

    /// Its answer has the version of what it shows as ETag.
    fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// Needs no log-in.
    fn open(mut self) -> Self {
        self.open = true;
        self
    }
}

/// Everything about a dictation: a line of the worklist with more.
fn case(generator: &mut SchemaGenerator) -> Schema {
    let summary = generator.subschema_for::<views::Summary>();
    let patient = generator.subschema_for::<views::PatientWithEntries>();
    let report = generator.subschema_for::<views::ReportView>();
    let list = json!({"type": "array"});
    let objects = json!({"type": "array", "items": {"type": "object"}});
    let about = json!({
        "description": "A dictation with its words, edits, findings, history and report.",
        "allOf": [summary, {"type": "object", "properties": {
            "patient": patient,
            "identity_verified": {"type": "boolean"},
            "encounter_id": {"type": ["string", "null"]},
            "history": objects,
            "takes": objects,
            "raw": {"type": ["object", "null"]},
            "edits": list,
            "findings": list,
            "coverage": {},
            "report": {"anyOf": [report, {"type": "null"}]},
            "addenda": {"type": "array", "items": report},
            "marks": {"type": "object"},
            "steps": {"type": "array", "items": {"type": "string"}}
        }, "required": ["identity_verified", "history", "takes", "raw", "edits", "findings", "report", "addenda", "marks", "steps"]}],
    });
    Schema::try_from(about).unwrap_or_default()
}

/// Every operation, by the path below `/api/v1`.
fn operations() -> Vec<Op> {
    vec![
        get("/practice", "Whose practice this is; before a log-in")
            .gives::<session::PracticeView>(200)
            .open(),
        get("/session", "Who is logged in").gives::<session::SessionView>(200),
        post("/session", "Log in")
            .body::<session::LoginBody>()
            .gives::<session::SessionView>(200)
            .open(),
        delete("/session", "Log out").nothing().open(),
        post("/session/proof", "Prove who one is, for the next signature")
            .body::<session::ProofBody>()
            .gives::<session::SessionView>(200),
        post("/account/password", "Change one's own password")
            .body::<account::PasswordBody>()
            .nothing(),
        post("/account/second-factor", "Begin to set up a second factor")
            .gives::<account::EnrolmentView>(200),
        post(
            "/account/second-factor/confirm",
            "Use the second factor from now on",
        )
        .body::<account::CodeBody>()
        .nothing(),
        get(
            "/patients",
            "Find patients by name, record number or birth date",
        )
        .query::<patients::Find>()
        .gives::<List<views::PatientView>>(200),
        post("/patients", "Add a patient")
            .body::<patients::PatientBody>()
            .gives::<views::PatientView>(201)
            .once(),
        get("/patients/{mrn}", "A patient's record")
            .gives::<patients::ChartView>(200)
            .tagged(),
        put("/patients/{mrn}", "Change what is known about a patient")
            .header("IfMatch")
            .body::<particulars::ChangeBody>()
            .gives::<particulars::ChangedView>(200)
            .tagged(),
        post(
            "/patients/{mrn}/numbers",
            "Add a number of another issuer",
        )
        .body::<particulars::NumberBody>()
        .gives::<particulars::NumberView>(201)
        .once(),
        delete(
            "/patients/{mrn}/numbers/{id}",
            "Withdraw a number of another issuer",
        )
        .nothing(),
        get("/patients/{mrn}/history", "How a record changed")
            .gives::<List<particulars::ChangeView>>(200),
        get(
            "/patients/{mrn}/merge",
            "What joining another record with this one would do",
        )
        .query::<particulars::MergeQuery>()
        .gives::<particulars::MergeView>(200),
        post(
            "/patients/{mrn}/merge",
            "Join another record of the same patient with this one",
        )
        .body::<particulars::MergeBody>()
        .gives::<particulars::ChangedView>(200)
        .tagged(),
        post(
            "/patients/{mrn}/entries",
            "Add an allergy, a medication or a problem",
        )
        .body::<patients::EntryBody>()
        .gives::<views::EntryView>(201)
        .once(),
        delete(
            "/patients/{mrn}/entries/{id}",
            "Withdraw a line of the record",
        )
        .nothing(),
        post(
            "/patients/{mrn}/emergency",
            "Open a record in an emergency, with a reason",
        )
        .body::<patients::EmergencyBody>()
        .gives::<patients::EmergencyView>(201),
        get("/encounters", "The visits of a day")
            .query::<patients::Visits>()
            .gives::<List<views::VisitView>>(200),
        post("/encounters", "Add a visit")
            .body::<patients::VisitBody>()
            .gives::<views::VisitView>(201)
            .once(),
        get("/mine", "What lies on one's own desk").gives::<patients::DeskView>(200),
        get("/worklist", "What waits, the most urgent first")
            .query::<worklist::Asked>()
            .gives::<List<views::Summary>>(200),
        get("/worklist/counts", "How much waits").gives::<worklist::Counts>(200),
        post("/worklist/next", "Open what is next and lock it")
            .gives::<views::Summary>(200)
            .nothing(),
        get("/worklist/turnaround", "How long dictations took")
            .query::<worklist::Marks>()
            .gives::<worklist::FiguresView>(200),
        get("/worklist/volume", "How much was dictated and signed, day by day")
            .query::<worklist::Days>()
            .gives::<List<worklist::DayView>>(200),
        get("/system", "How the installation is: checks, engine, models, disk")
            .gives::<system::SystemView>(200),
        get(
            "/queue",
            "Transcriptions that are still to be made, or were given up",
        )
        .gives::<List<worklist::QueuedView>>(200),
        post(
            "/queue/{id}/retry",
            "Try a transcription again that was given up",
        )
        .nothing(),
        get("/dictations/{id}", "Everything about a dictation")
            .shown(case)
            .tagged(),
        post("/dictations/{id}/steps", "Take a step")
            .body::<dictations::StepBody>()
            .shown(case)
            .tagged(),
        post("/dictations/{id}/lock", "Keep the lock").gives::<dictations::LockedUntil>(200),
        post("/dictations/{id}/marks", "Clear findings, take edits back")
            .body::<dictations::MarksBody>()
            .gives::<Map<String, Value>>(200),
        post("/dictations/{id}/move", "Move it to the right patient")
            .body::<dictations::MoveBody>()
            .shown(case)
            .tagged(),
        post(
            "/dictations/{id}/split",
            "Split a recording of two patients",
        )
        .body::<dictations::SplitBody>()
        .gives::<dictations::SplitView>(201),
        post("/dictations/{id}/assign", "Give it to a person or a pool")
            .body::<dictations::AssignBody>()
            .shown(case)
            .tagged(),
        post("/dictations/{id}/priority", "Change how urgent it is")
            .body::<dictations::PriorityBody>()
            .shown(case)
            .tagged(),
        get(
            "/dictations/{id}/sound/{take}",
            "The sound, to be played; ranges are served",
        )
        .file(200, "audio/wav")
        .file(206, "audio/wav")
        .header("Range"),
        get("/dictations/{id}/peaks/{take}", "The waveform").gives::<sound::PeaksView>(200),
        get(
            "/reports/{id}",
            "A report; with .txt or .pdf behind the identifier, the signed report as a file",
        )
        .gives::<reports::PaperView>(200)
        .file(200, "text/plain")
        .file(200, "application/pdf")
        .tagged(),
        get(
            "/reports/{id}/print",
            "The signed report as a page to print",
        )
        .file(200, "text/html"),
        get("/reports/{id}/versions", "Its versions").gives::<List<reports::VersionView>>(200),
        get("/reports/{id}/versions/{n}", "One version with its text")
            .gives::<reports::VersionView>(200),
        get(
            "/reports/{id}/diff",
            "What was changed between two versions; 0 is what was heard",
        )
        .query::<reports::Versions>()
        .gives::<Vec<reports::PieceView>>(200),
        put("/reports/{id}/text", "Correct the text")
            .header("IfMatch")
            .body::<reports::TextBody>()
            .gives::<reports::TextView>(200)
            .tagged(),
        post("/reports/{id}/signature", "Sign a version")
            .body::<reports::SignBody>()
            .gives::<reports::PaperView>(200)
            .tagged(),
        post("/reports/{id}/filing", "File with the second identifier")
            .body::<reports::FilingBody>()
            .gives::<reports::PaperView>(200)
            .tagged(),
        post("/reports/{id}/addenda", "Begin an addendum")
            .body::<reports::TextBody>()
            .gives::<reports::AddendumView>(201)
            .once(),
        post("/reports/{id}/retraction", "Mark as entered in error")
            .body::<reports::RetractionBody>()
            .gives::<reports::RetractedView>(200)
            .tagged(),
        get(
            "/reports/{id}/letters",
            "The letters that a report became, and the copies that were dictated",
        )
        .gives::<letters::LettersView>(200),
        post(
            "/reports/{id}/letters",
            "Make a signed report a letter, with copies",
        )
        .body::<letters::LetterBody>()
        .gives::<letters::LetterView>(201)
        .once(),
        get(
            "/letters/{id}",
            "A letter; with .txt or .pdf behind the identifier, as a file to print",
        )
        .query::<letters::Sheet>()
        .gives::<letters::LetterView>(200)
        .file(200, "text/plain")
        .file(200, "application/pdf"),
        post("/letters/{id}/withdrawal", "Say that a letter was not to go out")
            .body::<letters::WithdrawalBody>()
            .gives::<letters::LetterView>(200),
        get("/search", "Search patients and reports")
            .query::<search::Asked>()
            .gives::<List<search::Hit>>(200),
        get(
            "/events",
            "What happens, as server-sent events: work, progress, counts",
        )
        .file(200, "text/event-stream"),
        get("/users", "Who works here").gives::<users::Items<users::UserView>>(200),
        post("/users", "Add a person")
            .body::<users::NewUserBody>()
            .gives::<users::AddedView>(201)
            .once(),
        post(
            "/users/{username}/reset-password",
            "Set a password for the next log-in",
        )
        .gives::<users::PasswordView>(200),
        post("/users/{username}/close", "Close an account").nothing(),
        post("/users/{username}/reopen", "Open a closed account again").nothing(),
        post(
            "/users/{username}/remove-second-factor",
            "Take a lost second factor away",
        )
        .nothing(),
        get(
            "/due-times",
            "Minutes until documents are due, by type and priority",
        )
        .gives::<users::Items<settings::DueView>>(200),
        put(
            "/due-times/{kind}",
            "Set the minutes that a type has of its own; what waits follows",
        )
        .body::<settings::Minutes>()
        .gives::<settings::DueView>(200),
        get("/pools", "Pools of people who share work")
            .gives::<users::Items<settings::PoolView>>(200),
        put(
            "/pools/{pool}/members/{username}",
            "Take a secretary into a pool; the first makes it",
        )
        .nothing(),
        delete(
            "/pools/{pool}/members/{username}",
            "Take somebody out of a pool",
        )
        .nothing(),
        get("/retention", "For how long recordings are kept")
            .gives::<retention::RetentionView>(200),
        get("/holds", "Legal holds").gives::<users::Items<retention::HoldView>>(200),
        put("/patients/{mrn}/hold", "Keep everything of a patient's")
            .body::<retention::HoldReason>()
            .nothing(),
        post("/patients/{mrn}/hold/lift", "Lift a legal hold")
            .body::<retention::HoldReason>()
            .nothing(),
        get("/services", "Programs and their tokens")
            .gives::<users::Items<users::ServiceView>>(200),
        post("/services", "Make a token for a program")
            .body::<users::NewServiceBody>()
            .gives::<users::MadeView>(201)
            .once(),
        delete("/services/{username}", "Take a program's tokens away")
            .gives::<users::RevokedView>(200),
        get("/audit", "The audit trail, newest first")
            .query::<audit::Asked>()
            .gives::<audit::TrailView>(200),
        get("/audit/check", "Whether the audit trail is whole").gives::<audit::CheckView>(200),
        get(
            "/live",
            "One's own unfinished dictations; with an upgrade, a WebSocket to dictate through",
        )
        .gives::<live::UnfinishedList>(200),
        get("/uploads", "Recordings that are being sent").gives::<uploads::UploadList>(200),
        post("/uploads", "Begin to send a recording")
            .body::<uploads::Begin>()
            .gives::<uploads::UploadView>(201)
            .once(),
        get("/uploads/{id}", "How far an upload is").gives::<uploads::UploadView>(200),
        patch("/uploads/{id}", "Send the next part").bytes_at_offset(),
        delete("/uploads/{id}", "Give an upload up").nothing(),
        post("/uploads/{id}/patient", "Say whose an upload is")
            .body::<uploads::Decision>()
            .gives::<uploads::UploadView>(200),
        get(
            "/inbox",
            "Recordings that wait until somebody says whose they are",
        )
        .query::<inbox::Asked>()
        .gives::<inbox::ListView>(200),
        post("/inbox/{id}/assignment", "Say whose a recording is")
            .body::<inbox::Assignment>()
            .gives::<inbox::Assigned>(200),
        post("/inbox/{id}/discard", "Put a recording aside")
            .body::<inbox::Why>()
            .nothing(),
        get("/inbox/{id}/sound", "Hear whose it is; ranges are served")
            .file(200, "audio/wav")
            .file(206, "audio/wav")
            .header("Range"),
        get(
            "/learned",
            "Corrections that were seen several times, with what a rule made of each would have done",
        )
        .gives::<List<learned::OfferView>>(200),
        post(
            "/learned/{id}/decision",
            "Make a rule of a correction, or say that it is to be none",
        )
        .body::<learned::DecisionBody>()
        .gives::<learned::OfferView>(200),
        get(
            "/templates",
            "The ready texts of the site, and one's own or those of the author whose dictation is corrected",
        )
        .query::<templates::Find>()
        .gives::<List<templates::TemplateView>>(200),
        post(
            "/templates",
            "Add a ready text, or a version in place of another",
        )
        .body::<templates::TemplateBody>()
        .gives::<templates::TemplateView>(201)
        .once(),
        delete("/templates/{id}", "Take a ready text back").nothing(),
        get(
            "/dictionary/check",
            "Which words the dictionary does not have",
        )
        .query::<dictionary::WordsQuery>()
        .gives::<dictionary::UnknownView>(200),
        get("/dictionary/suggest", "What may have been meant")
            .query::<dictionary::WordQuery>()
            .gives::<Vec<Suggestion>>(200),
        get("/dictionary/layers", "How many entries each layer has")
            .gives::<Vec<dictionary::CountView>>(200),
        get("/dictionary/layers/{layer}", "The entries of a layer")
            .query::<dictionary::OwnerQuery>()
            .gives::<Vec<dictionary::EntryView>>(200),
        post("/dictionary/entries", "Add an entry")
            .body::<dictionary::EntryBody>()
            .gives::<dictionary::EntryView>(201)
            .once(),
        delete("/dictionary/entries/{id}", "Take an entry back").nothing(),
        get("/openapi.json", "This document").file(200, JSON).open(),
        get("/openapi.html", "This document as a page")
            .file(200, "text/html")
            .open(),
    ]
}

impl Op {
    fn bytes_at_offset(mut self) -> Self {
        self.bytes = true;
        self.header("UploadOffset")
            .gives::<uploads::UploadView>(200)
    }

    /// The part of the service that it belongs to.
    fn tag(&self) -> &'static str {
        self.path.split('/').nth(1).unwrap_or_default()
    }

    fn parameters(&self, generator: &mut SchemaGenerator) -> Vec<Value> {
        let mut out = Vec::new();
        for part in self.path.split('/') {
            let Some(name) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) else {
                continue;
            };
            let schema = match (self.tag(), name) {
                (_, "n") => json!({"type": "integer", "minimum": 0}),
                ("patients" | "dictionary" | "templates" | "learned", "id") => {
                    json!({"type": "integer"})
                }
                _ => json!({"type": "string", "minLength": 1}),
            };
            out.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
        }
        if let Some(shape) = self.query {
            let schema = shape(generator).to_value();
            let required: Vec<&str> = schema["required"]
                .as_array()
                .map(|all| all.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            let all = schema["properties"].as_object();
            for (name, property) in all.into_iter().flatten() {
                let mut property = property.clone();
                let about = property
                    .as_object_mut()
                    .and_then(|p| p.remove("description"));
                let mut parameter = json!({"name": name, "in": "query", "schema": property,
                    "required": required.contains(&name.as_str())});
                if let Some(about) = about {
                    parameter["description"] = about;
                }
                out.push(parameter);
            }
        }
        out.extend(
            self.headers
                .iter()
                .map(|name| json!({"$ref": format!("#/components/parameters/{name}")})),
        );
        out
    }

    fn described(&self, given: &mut SchemaGenerator, taken: &mut SchemaGenerator) -> Value {
        let mut responses = Map::new();
        for (status, kind, shape) in &self.answers {
            let entry = responses
                .entry(status.to_string())
                .or_insert_with(|| json!({"description": about(*status)}));
            if self.tagged {
                entry["headers"]["ETag"] = json!({"$ref": "#/components/headers/ETag"});
            }
            if !kind.is_empty() {
                let schema = shape.map_or_else(|| json!({}), |shape| shape(given).to_value());
                entry["content"][*kind] = json!({"schema": schema});
            }
        }
        responses.insert("503".into(), json!({"$ref": "#/components/responses/Busy"}));
        responses.insert(
            "default".into(),
            json!({"$ref": "#/components/responses/Problem"}),
        );
        let words: String = self
            .path
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let mut out = json!({
            "operationId": format!("{}{words}", self.method),
            "tags": [self.tag()],
            "summary": self.summary,
            "parameters": self.parameters(taken),
            "responses": responses,
        });
        let changes = self.method != "get";
        out["security"] = match (self.open, changes) {
            (true, false) => json!([]),
            (true, true) => json!([{"page": []}]),
            (false, false) => json!([{"session": []}, {"token": []}]),
            (false, true) => json!([{"session": [], "page": []}, {"token": []}]),
        };
        if let Some(shape) = self.body {
            let schema = shape(taken).to_value();
            out["requestBody"] = json!({"required": true, "content": {JSON: {"schema": schema}}});
        }
        if self.bytes {
            let bytes = json!({"schema": {"type": "string", "format": "binary"}});
            out["requestBody"] =
                json!({"required": true, "content": {"application/octet-stream": bytes}});
        }
        out
    }
}

fn about(status: u16) -> &'static str {
    match status {
        201 => "Made",
        204 => "Done; there is nothing to show",
        206 => "The range that was asked for",
        _ => "What was asked for",
    }
}

/// The whole document.
pub fn document() -> Value {
    let settings = || {
        SchemaSettings::draft2020_12().with(|s| {
            s.definitions_path = "/components/schemas".into();
            s.meta_schema = None;
        })
    };
    let mut given = settings().for_serialize().into_generator();
    let mut taken = settings().for_deserialize().into_generator();
    let mut paths = Map::new();
    for op in operations() {
        let path = paths.entry(op.path).or_insert_with(|| json!({}));
        path[op.method] = op.described(&mut given, &mut taken);
    }
    let mut schemas = taken.take_definitions(true);
    schemas.extend(given.take_definitions(true));
    let problem = json!({"type": "object", "required": ["type", "title", "status", "reason", "detail"], "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "reason": {"type": "string", "description": "A word that does not change, for programs."},
        "detail": {"type": "string", "description": "A sentence for people: what is wrong and what to do."}}});
    schemas.insert("Problem".into(), problem);
    let is_problem =
        json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Osler",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "Dictation and transcription for medicine. Times are RFC 3339 in UTC, dates ISO 8601, seconds numbers. A list answers {items, next}; `next`, where it is not null, is the `cursor` of the next part. What is refused, read, exported or listed is in the audit trail before the answer is sent.",
        },
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": super::caller::COOKIE,
                    "description": "A person's session; POST /session gives the cookie."},
                "page": {"type": "apiKey", "in": "header", "name": "X-Osler",
                    "description": "Any value. Other sites' pages cannot set it; every change in a session carries it."},
                "token": {"type": "http", "scheme": "bearer",
                    "description": "A program's token; POST /services makes it, with the scopes that it may use."},
            },
            "parameters": {
                "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": false,
                    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
                    "description": "Makes the creation safe to repeat: the same key of the same person makes one thing."},
                "IfMatch": {"name": "If-Match", "in": "header", "required": true,
                    "schema": {"type": "string", "pattern": "^\"[0-9]{1,9}\"$"},
                    "description": "The version that the change is based on, as its ETag says. Without it 428; where there is a newer one 412 with `version` and `by`."},
                "UploadOffset": {"name": "Upload-Offset", "in": "header", "required": true,
                    "schema": {"type": "integer", "minimum": 0},
                    "description": "At which byte of the recording the part begins."},
                "Range": {"name": "Range", "in": "header", "required": false, "schema": {"type": "string"}},
            },
            "headers": {
                "ETag": {"schema": {"type": "string"}, "description": "The version, for If-Match."},
            },
            "responses": {
                "Problem": {"description": "Why not", "content": is_problem},
                "Busy": {"description": "Too much at once, or the database is busy: ask again after Retry-After seconds",
                    "headers": {"Retry-After": {"schema": {"type": "integer"}}}, "content": is_problem},
            },
        },
    })
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// `GET /api/v1/openapi.json`
pub async fn json() -> Response {
    (
        [(header::CONTENT_TYPE, JSON)],
        serde_json::to_string_pretty(&*DOCUMENT).unwrap_or_default(),
    )
        .into_response()
}

/// `GET /api/v1/openapi.html`
pub async fn page() -> Result<Response, Problem> {
    static PAGE: LazyLock<Result<String, std::fmt::Error>> = LazyLock::new(|| html(&DOCUMENT));
    let page = PAGE
        .as_ref()
        .map_err(|_| Problem::not_found("the page cannot be written; openapi.json has the same"))?;
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    Ok((kind, page.clone()).into_response())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The last part of a reference.
fn target(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// A schema in a few words, with a link to what it names.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escaped(target(reference));
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    for (word, join) in [("anyOf", " or "), ("oneOf", " or "), ("allOf", " with ")] {
        if let Some(all) = schema[word].as_array() {
            return all.iter().map(kind).collect::<Vec<_>>().join(join);
        }
    }
    if let Some(all) = schema["enum"].as_array() {
        let words = all.iter().map(|v| escaped(&v.to_string()));
        return words.collect::<Vec<_>>().join(" | ");
    }
    if let Some(one) = schema.get("const") {
        return escaped(&one.to_string());
    }
    let plain = match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(all) => all
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "anything".into(),
    };
    match (&schema["items"], schema["format"].as_str()) {
        (items @ Value::Object(_), _) => format!("list of {}", kind(items)),
        (_, Some(format)) => escaped(&format!("{plain} ({format})")),
        _ => escaped(&plain),
    }
}

fn row(out: &mut String, cells: &[&str]) -> std::fmt::Result {
    out.push_str("<tr>");
    for cell in cells {
        write!(out, "<td>{cell}</td>")?;
    }
    out.push_str("</tr>");
    Ok(())
}

/// The document for people: one page that asks nobody else for anything.
fn html(document: &Value) -> Result<String, std::fmt::Error> {
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let each = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Osler: the service's interface</title><link rel=\"stylesheet\" href=\"/api.css\"></head><body><main>",
    );
    write!(
        out,
        "<h1>Osler {}</h1><p>{}</p><p>As a document for programs: <a href=\"openapi.json\">openapi.json</a> (OpenAPI 3.1).</p><h2>Who asks</h2><dl>",
        text(&document["info"]["version"]),
        text(&document["info"]["description"])
    )?;
    for (name, scheme) in each(&document["components"]["securitySchemes"]) {
        let about = text(&scheme["description"]);
        write!(out, "<dt>{}</dt><dd>{about}</dd>", escaped(&name))?;
    }
    out.push_str("</dl><h2>Operations</h2>");
    let parameters = &document["components"]["parameters"];
    for (path, methods) in each(&document["paths"]) {
        for (method, op) in each(&methods) {
            write!(
                out,
                "<section><h3 id=\"{}\"><b>{}</b> {}</h3><p>{}</p><table>",
                text(&op["operationId"]),
                method.to_uppercase(),
                escaped(&path),
                text(&op["summary"])
            )?;
            for parameter in op["parameters"].as_array().into_iter().flatten() {
                let parameter = match parameter["$ref"].as_str() {
                    Some(reference) => &parameters[target(reference)],
                    None => parameter,
                };
                let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
                let about = text(&parameter["description"]);
                let cells = [&name, &place, &kind(&parameter["schema"]), &about];
                row(&mut out, &cells.map(String::as_str))?;
            }
            for (_, content) in each(&op["requestBody"]["content"]) {
                row(&mut out, &["", "body", &kind(&content["schema"]), ""])?;
            }
            for (status, answer) in each(&op["responses"]) {
                if status == "default" || status == "503" {
                    continue;
                }
                let about = text(&answer["description"]);
                let kinds: Vec<String> = each(&answer["content"])
                    .iter()
                    .map(|(name, content)| match name.as_str() {
                        JSON => kind(&content["schema"]),
                        other => escaped(other),
                    })
                    .collect();
                row(&mut out, &[&status, "answer", &kinds.join(", "), &about])?;
            }
            out.push_str("</table></section>");
        }
    }
    let busy = &document["components"]["responses"]["Busy"];
    write!(
        out,
        "<p>Every operation may also answer 503 ({}) and, with any other status from 400 on, a <a href=\"#Problem\">Problem</a>.</p><h2>Shapes</h2>",
        text(&busy["description"])
    )?;
    for (name, schema) in each(&document["components"]["schemas"]) {
        let (name, about) = (escaped(&name), text(&schema["description"]));
        write!(out, "<section><h3 id=\"{name}\">{name}</h3><p>{about}</p>")?;
        let fields = each(&schema["properties"]);
        if fields.is_empty() {
            write!(out, "<p>{}</p>", kind(&schema))?;
        }
        out.push_str("<table>");
        let required: Vec<&Value> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .collect();
        for (field, property) in fields {
            let is_required = required.iter().any(|r| **r == field.as_str());
            let needed = if is_required { "" } else { "may be missing" };
            let about = text(&property["description"]);
            row(
                &mut out,
                &[&escaped(&field), needed, &kind(&property), &about],
            )?;
        }
        out.push_str("</table></section>");
    }
    out.push_str("</main></body></html>");
    Ok(out)
}
