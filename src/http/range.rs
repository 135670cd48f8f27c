//! A file, or a part of it (RFC 9110, section 14): one range at a time, as players ask for them.

use super::error::Problem;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::io::{Read, Seek, SeekFrom};
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// What a request asks for of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All of it: no range, one that is not understood, or several at once, which need not be served.
    Whole,
    /// From the first of these bytes to the last one, both included.
    Bytes(u64, u64),
    /// Nothing that is there.
    Nothing,
}

/// What is read from any place, decrypted perhaps while that is done.
pub trait Sound: Read + Seek + Send {}

impl<T: Read + Seek + Send> Sound for T {}

/// Answers with `sound`, or the part of it that is asked for; `tag` names its content and is no part of a header yet.
pub fn part_of(
    sound: Box<dyn Sound>,
    length: u64,
    content_type: &'static str,
    tag: &str,
    request: &HeaderMap,
) -> Result<Response, Problem> {
    let tag = format!("\"{tag}\"");
    let known = |name| {
        request
            .get_all(name)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .any(|v| v.trim().trim_start_matches("W/") == tag || v.trim() == "*")
    };
    let mut response = if known(header::IF_NONE_MATCH) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match part(request, &tag, length) {
            Part::Nothing => {
                let mut response = Problem::new(
                    StatusCode::RANGE_NOT_SATISFIABLE,
                    "range",
                    "the recording ends before that",
                )
                .into_response();
                set(
                    &mut response,
                    header::CONTENT_RANGE,
                    &format!("bytes */{length}"),
                );
                response
            }
            Part::Whole => {
                let mut response = body(sound, 0, length).into_response();
                set(&mut response, header::CONTENT_LENGTH, &length.to_string());
                set(&mut response, header::CONTENT_TYPE, content_type);
                response
            }
            Part::Bytes(from, to) => {
                let count = to - from + 1;
                let mut response =
                    (StatusCode::PARTIAL_CONTENT, body(sound, from, count)).into_response();
                set(&mut response, header::CONTENT_LENGTH, &count.to_string());
                set(&mut response, header::CONTENT_TYPE, content_type);
                set(
                    &mut response,
                    header::CONTENT_RANGE,
                    &format!("bytes {from}-{to}/{length}"),
                );
                response
            }
        }
    };
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::ETAG, &tag);
    Ok(response)
}

/// A body of `count` bytes from a place on. They are read as fast as they are taken, and no thread waits for whoever takes
/// them.
fn body(mut sound: Box<dyn Sound>, from: u64, count: u64) -> Body {
    let (mut give, take) = tokio::io::duplex(2 * CHUNK);
    tokio::spawn(async move {
        let mut at = from;
        while at < from + count {
            let most = usize::try_from(from + count - at)
                .unwrap_or(CHUNK)
                .min(CHUNK);
            let read = tokio::task::spawn_blocking(move || {
                let mut bytes = vec![0; most];
                sound.seek(SeekFrom::Start(at))?;
                sound.read_exact(&mut bytes)?;
                Ok::<_, std::io::Error>((sound, bytes))
            });
            let Ok(Ok((back, bytes))) = read.await else {
                // A body that is shorter than it was said to be is an error to whoever takes it.
                tracing::error!("a recording could not be read to its end while it was played");
                return;
            };
            sound = back;
            at += bytes.len() as u64;
            if give.write_all(&bytes).await.is_err() {
                return; // nobody listens any more
            }
        }
    });
    Body::from_stream(ReaderStream::with_capacity(take, CHUNK))
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    // Digits and letters that were made here.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn part(request: &HeaderMap, tag: &str, length: u64) -> Part {
    let Some(range) = request.get(header::RANGE).and_then(|v| v.to_str().ok()) else {
        return Part::Whole;
    };
    // Half of another content would be noise; the comparison is strong, and a date never is.
    if let Some(condition) = request.get(header::IF_RANGE)
        && condition.to_str().ok() != Some(tag)
    {
        return Part::Whole;
    }
    parse(range, length)
}

fn parse(range: &str, length: u64) -> Part {
    let Some((unit, set)) = range.split_once('=') else {
        return Part::Whole;
    };
    let Some((from, to)) = set.trim().split_once('-') else {
        return Part::Whole;
    };
    // A number that is too long for 64 bits is behind any end.
    let number = |text: &str| -> Option<u64> {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().unwrap_or(u64::MAX))
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Part::Whole;
    }
    match (number(from), number(to)) {
        (Some(from), Some(to)) if from > to => Part::Whole,
        (Some(from), _) if from >= length => {
            if to.trim().is_empty() || number(to).is_some() {
                Part::Nothing
            } else {
                Part::Whole
            }
        }
        (Some(from), Some(to)) => Part::Bytes(from, to.min(length - 1)),
        (Some(from), None) if to.trim().is_empty() => Part::Bytes(from, length - 1),
        (None, Some(last)) if from.trim().is_empty() => match length.min(last) {
            0 => Part::Nothing,
            count => Part::Bytes(length - count, length - 1),
        },
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_its_edges_are_kept() {
        for (range, part) in [
            ("bytes=0-0", Part::Bytes(0, 0)),
            ("bytes=0-99", Part::Bytes(0, 99)),
            ("bytes=0-100", Part::Bytes(0, 99)),
            ("bytes=99-", Part::Bytes(99, 99)),
            ("bytes=10-19", Part::Bytes(10, 19)),
            ("Bytes = 10 - 19", Part::Bytes(10, 19)),
            ("bytes=-1", Part::Bytes(99, 99)),
            ("bytes=-100", Part::Bytes(0, 99)),
            ("bytes=-1000", Part::Bytes(0, 99)),
            ("bytes=5-99999999999999999999999", Part::Bytes(5, 99)),
            ("bytes=100-", Part::Nothing),
            ("bytes=100-200", Part::Nothing),
            ("bytes=99999999999999999999999-", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=20-10", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=5", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=500-x", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(parse(range, 100), part, "{range}");
        }
    }

    #[test]
    fn nothing_of_an_empty_file_can_be_asked_for() {
        for range in ["bytes=0-0", "bytes=0-", "bytes=-1"] {
            assert_eq!(parse(range, 0), Part::Nothing, "{range}");
        }
    }
}
