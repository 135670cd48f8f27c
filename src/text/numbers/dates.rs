//! Dates in the site's form, years, and times of day.

use super::TextStyle;
use super::cells::{Cell, back, heard_mark, joined, norm, num, pass};
use super::units;
use crate::text::token::Mark;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The month that a word in small letters names.
pub fn month(word: &str) -> Option<&'static str> {
    MONTHS
        .iter()
        .find(|m| m.eq_ignore_ascii_case(word))
        .copied()
}

/// A month as a name: "may" and "march" are verbs unless they carry their capital or a day stands right beside them.
fn named(cell: &Cell) -> Option<&'static str> {
    month(&cell.norm).filter(|m| cell.is_capital() || !matches!(*m, "May" | "March"))
}

/// Pass: dates and times.
pub fn dates(cells: Vec<Cell>, style: TextStyle) -> Vec<Cell> {
    pass(cells, |done, rest| {
        let first = &rest[0];
        if first.num.is_some() {
            return slashed(rest)
                .or_else(|| time(done, rest))
                .or_else(|| day_month(rest, 0, style))
                .or_else(|| lone_year(done, rest));
        }
        match first.norm.as_str() {
            "" => None,
            "the" => day_month(rest, 1, style),
            "o'clock" => None,
            word if month(word).is_some() => month_day(rest, style).or_else(|| month_year(rest)),
            word => glued_time(done, word).map(|text| {
                let mut cell = joined(&mut rest[..1]);
                cell.write(text, "number.time");
                (1, vec![cell])
            }),
        }
    })
}

/// A day of the month: its number, and whether it was said as an ordinal.
fn day(cells: &[Cell], at: usize) -> Option<(u64, bool)> {
    let n = num(cells, at)?;
    let value = n.value as u64;
    let fits = (1..=31).contains(&value) && !n.text.contains('.') && !n.compound && !n.percent;
    fits.then_some((value, n.ordinal))
}

/// A year at `at`, and its cells: "2026", "twenty twenty six", "nineteen oh five".
fn year(cells: &[Cell], at: usize) -> Option<(u64, usize)> {
    let first = num(cells, at)?.whole()?;
    if (1900..2100).contains(&first) {
        return Some((first, 1));
    }
    if !matches!(first, 19 | 20) {
        return None;
    }
    let second = num(cells, at + 1)?.whole()?;
    if (10..100).contains(&second) {
        return Some((first * 100 + second, 2));
    }
    if norm(cells, at + 1) == "oh" {
        let third = num(cells, at + 2)?.whole()?;
        return (1..10).contains(&third).then_some((first * 100 + third, 3));
    }
    None
}

/// "ten slash twelve slash twenty twenty five": the order of the speaker stays.
fn slashed(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let slash = |at: usize| {
        rest.get(at)
            .and_then(Cell::mark)
            .is_some_and(|(mark, _)| mark == Mark::Slash)
            .then_some(at + 1)
    };
    let part = |at: usize| -> Option<(String, usize)> {
        let zero = usize::from(norm(rest, at) == "oh");
        let (n, _) = day(rest, at + zero)?;
        let text = if zero > 0 {
            format!("0{n}")
        } else {
            num(rest, at)?.text.clone()
        };
        Some((text, at + zero + 1))
    };
    let (first, at) = part(0)?;
    let (second, at) = part(slash(at)?)?;
    let at = slash(at)?;
    let (last, used) = year(rest, at)
        .map(|(n, used)| (n.to_string(), at + used))
        .or_else(|| {
            let n = num(rest, at)?.whole().filter(|n| (10..100).contains(n))?;
            Some((n.to_string(), at + 1))
        })?;
    put(rest, used, format!("{first}/{second}/{last}"))
}

/// The year after a date, with the comma that may stand before it: year, cells.
fn year_after(cells: &[Cell], at: usize) -> Option<(u64, usize)> {
    let comma = usize::from(heard_mark(cells, at) == Some(Mark::Comma));
    let (n, used) = year(cells, at + comma)?;
    Some((n, comma + used))
}

fn written(day: u64, month: &str, year: Option<u64>, british: bool) -> String {
    match (british, year) {
        (true, Some(year)) => format!("{day} {month} {year}"),
        (true, None) => format!("{day} {month}"),
        (false, Some(year)) => format!("{month} {day}, {year}"),
        (false, None) => format!("{month} {day}"),
    }
}

/// Puts `text` in the place of `used` cells, unless it is what stands there.
fn put(rest: &mut [Cell], used: usize, text: String) -> Option<(usize, Vec<Cell>)> {
    let mut heard = String::new();
    for cell in &rest[..used] {
        if !heard.is_empty() && cell.is_word() {
            heard.push(' ');
        }
        heard.push_str(cell.text());
    }
    if heard == text {
        let cells = rest[..used].iter_mut().map(std::mem::take).collect();
        return Some((used, cells));
    }
    let mut cell = joined(&mut rest[..used]);
    cell.num = None;
    cell.write(text, "number.date");
    Some((used, vec![cell]))
}

/// "the fourteenth of January twenty twenty six", "9 May"; `at` is the day's place.
fn day_month(rest: &mut [Cell], at: usize, style: TextStyle) -> Option<(usize, Vec<Cell>)> {
    let (day, ordinal) = day(rest, at)?;
    if at > 0 && !ordinal {
        return None;
    }
    let of = usize::from(norm(rest, at + 1) == "of");
    let at_month = at + 1 + of;
    let cell = rest.get(at_month)?;
    let month = if ordinal && of > 0 {
        month(&cell.norm)?
    } else {
        named(cell)?
    };
    // "Three March" is no date: a day is an ordinal, figures, or has its year behind it.
    let spoken = num(rest, at)?.spoken;
    let year = year_after(rest, at_month + 1);
    if of > 0 && !ordinal || (spoken && !ordinal && year.is_none() && day < 10) {
        return None;
    }
    let used = at_month + 1 + year.map_or(0, |(_, used)| used);
    let british = style != TextStyle::American;
    put(
        rest,
        used,
        written(day, month, year.map(|(y, _)| y), british),
    )
}

/// "March third twenty twenty six", "March the 3rd", "March 3, 2026".
fn month_day(rest: &mut [Cell], style: TextStyle) -> Option<(usize, Vec<Cell>)> {
    let the = usize::from(norm(rest, 1) == "the");
    let (day, ordinal) = day(rest, 1 + the)?;
    let year = year_after(rest, 2 + the);
    let month = if ordinal || year.is_some() {
        month(&rest[0].norm).filter(|m| rest[0].is_capital() || *m != "May" && *m != "March")?
    } else {
        named(&rest[0])?
    };
    // "In March 2 polyps were removed": without an ordinal or a year it is not certain.
    if !ordinal && (the > 0 || year.is_none()) {
        return None;
    }
    let used = 2 + the + year.map_or(0, |(_, used)| used);
    let british = style == TextStyle::British;
    put(
        rest,
        used,
        written(day, month, year.map(|(y, _)| y), british),
    )
}

/// "September twenty nineteen".
fn month_year(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let month = named(&rest[0])?;
    let (year, used) = year(rest, 1)?;
    put(rest, 1 + used, format!("{month} {year}"))
}

/// "in twenty nineteen".
fn lone_year(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    const BEFORE: &[&str] = &[
        "in", "since", "from", "until", "till", "by", "year", "circa", "early", "late", "mid",
        "summer", "spring", "autumn", "fall", "winter",
    ];
    if !BEFORE.contains(&back(done, 1)) || !num(rest, 0)?.spoken {
        return None;
    }
    let (year, used) = year(rest, 0)?;
    if units::begins_unit(&rest[used..]) || norm(rest, used) == "hours" || num(rest, used).is_some()
    {
        return None;
    }
    put(rest, used, year.to_string())
}

/// Words after which four figures are a time.
fn time_expected(done: &[Cell]) -> bool {
    let near = |k| matches!(back(done, k), "time" | "at");
    near(1)
        || (matches!(
            back(done, 1),
            "is" | "was" | "of" | "around" | "about" | "approximately"
        ) && near(2))
}

/// The engine's "O215" and "0215" where a time is expected.
fn glued_time(done: &[Cell], word: &str) -> Option<String> {
    let digits = word.strip_prefix('o')?;
    if !matches!(digits.len(), 3)
        || !digits.chars().all(|c| c.is_ascii_digit())
        || !time_expected(done)
    {
        return None;
    }
    clock(&format!("0{digits}"))
}

/// "0215" as "02:15".
fn clock(digits: &str) -> Option<String> {
    if digits.len() != 4 || !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    let fits =
        hours.parse::<u8>().is_ok_and(|h| h <= 24) && minutes.parse::<u8>().is_ok_and(|m| m < 60);
    fits.then(|| format!("{hours}:{minutes}"))
}

/// "a.m." or "p.m." at `at`: its written form and its cells.
fn half_of_day(cells: &[Cell], at: usize) -> Option<(&'static str, usize)> {
    match (norm(cells, at), norm(cells, at + 1)) {
        ("am" | "a.m" | "a.m.", _) => Some(("a.m.", 1)),
        ("pm" | "p.m" | "p.m.", _) => Some(("p.m.", 1)),
        ("a", "m" | "m.") => Some(("a.m.", 2)),
        ("p", "m" | "m.") => Some(("p.m.", 2)),
        _ => None,
    }
}

/// Hour and minutes as they are said: "eight thirty", "oh two fifteen", "sixteen forty five", "eight oh five". The
/// text, the cells, and whether it is four figures of the 24-hour clock.
fn said(cells: &[Cell]) -> Option<(String, usize, bool)> {
    let whole = |at| num(cells, at).filter(|n| n.spoken).and_then(|n| n.whole());
    let minutes = |at| -> Option<(u64, usize)> {
        if norm(cells, at) == "oh" {
            return whole(at + 1)
                .filter(|n| (1..10).contains(n))
                .map(|n| (n, 2));
        }
        whole(at).filter(|n| (10..60).contains(n)).map(|n| (n, 1))
    };
    if norm(cells, 0) == "oh" {
        let hour = whole(1)?;
        if hour >= 100 && hour % 100 == 0 && hour < 1000 {
            return Some((format!("{:02}:00", hour / 100), 2, true));
        }
        let (minute, used) = minutes(2)?;
        return (hour < 10).then(|| (format!("{hour:02}:{minute:02}"), 2 + used, true));
    }
    let hour = whole(0)?;
    if hour >= 1000 {
        return Some((clock(&hour.to_string())?, 1, true));
    }
    let (minute, used) = minutes(1)?;
    (hour <= 24).then(|| (format!("{hour}:{minute:02}"), 1 + used, hour >= 10))
}

fn time(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let first = rest[0].num.clone()?;
    let spoken = said(rest);
    // Behind a.m., hours or o'clock it is a time whatever stands before.
    if let Some((text, used, _)) = &spoken
        && let Some((half, more)) = half_of_day(rest, *used)
    {
        return clock_cell(rest, used + more, format!("{text} {half}"));
    }
    if let Some((half, more)) = half_of_day(rest, 1) {
        let text = match first.text.split_once([':', '.']) {
            Some((hour, minute)) if hour.len() <= 2 && minute.len() == 2 => {
                format!("{hour}:{minute}")
            }
            Some(_) => return None,
            None if first.whole().is_some_and(|n| (1..=12).contains(&n)) => first.text.clone(),
            None if matches!(first.text.len(), 3 | 4) => {
                let (hour, minute) = first.text.split_at(first.text.len() - 2);
                clock(&format!("{hour:0>2}{minute}"))?;
                format!("{hour}:{minute}")
            }
            None => return None,
        };
        return clock_cell(rest, 1 + more, format!("{text} {half}"));
    }
    if norm(rest, 1) == "o'clock" && first.whole().is_some_and(|n| (1..=12).contains(&n)) {
        let mut cell = joined(&mut rest[..1]);
        cell.numeral_as("number.time");
        return Some((1, vec![cell]));
    }
    let expected = time_expected(done);
    if let Some((text, used, whole_day)) = spoken {
        let hours = norm(rest, used) == "hours";
        let free = !units::begins_unit(&rest[used..]) && num(rest, used).is_none();
        let padded = if whole_day {
            text.clone()
        } else {
            format!("{text:0>5}")
        };
        if hours && used > 0 && (whole_day || expected) {
            return clock_cell(rest, used, padded);
        }
        // "At eight thirty"; "at" alone is too little for four figures in one ("at two thousand").
        if expected && free && used > 1 && !could_be_hundreds(done, rest, used) {
            return clock_cell(rest, used, text);
        }
        if expected && free && back(done, 1) == "time" && whole_day {
            return clock_cell(rest, used, text);
        }
    }
    let text = clock(rest[0].text())?;
    let hours = norm(rest, 1) == "hours";
    let leading_zero = text.starts_with('0');
    let free = !units::begins_unit(&rest[1..]) && num(rest, 1).is_none();
    let named = back(done, 1) == "time"
        || back(done, 2) == "time"
        || (back(done, 1) == "at" && HAPPENED.contains(&back(done, 2)) && free);
    (hours || (expected && (leading_zero || named))).then_some(())?;
    clock_cell(rest, 1, text)
}

/// Words that say that something happened at a time.
#[rustfmt::skip]
const HAPPENED: &[&str] = &[
    "arrived", "seen", "called", "born", "died", "delivered", "started", "intubated", "extubated", "paged", "arrival",
    "occurred", "began", "ended", "given", "admitted", "discharged", "notified", "pronounced", "expired", "birth",
    "delivery", "dose", "dosed", "resuscitation", "contacted", "discussed", "incision", "onset", "today", "yesterday",
    "transferred", "woke", "awoke", "returned", "left", "scheduled", "dictated", "examined", "evaluated",
];

/// "Saline at one twenty five" is a rate, "seen at one twenty five" a time: behind "at", hours under ten need a word
/// that says so.
fn could_be_hundreds(done: &[Cell], rest: &[Cell], used: usize) -> bool {
    let under_ten = num(rest, 0)
        .and_then(|n| n.whole())
        .is_some_and(|n| (1..10).contains(&n));
    let at = matches!(back(done, 1), "at" | "about" | "around" | "approximately");
    let happened = (2..=3).any(|k| HAPPENED.contains(&back(done, k)))
        || matches!(
            norm(rest, used),
            "this" | "in" | "today" | "tonight" | "yesterday" | "tomorrow" | "on"
        )
        || norm(rest, 0) == "oh";
    let rate = matches!(norm(rest, used), "an" | "per" | "a");
    rate || (under_ten && at && !happened)
}

fn clock_cell(rest: &mut [Cell], used: usize, text: String) -> Option<(usize, Vec<Cell>)> {
    // One full stop ends both "a.m." and the sentence.
    let stops = rest
        .get(used)
        .and_then(Cell::mark)
        .is_some_and(|(mark, _)| mark == Mark::Period);
    let text = match text.strip_suffix('.') {
        Some(open) if stops => open.to_owned(),
        _ => text,
    };
    let mut cell = joined(&mut rest[..used]);
    cell.num = None;
    cell.write(text, "number.time");
    Some((used, vec![cell]))
}

#[cfg(test)]
mod tests {
    use crate::text::TextStyle;
    use crate::text::testing::{check, check_in};

    #[test]
    #[rustfmt::skip]
    fn american_dates() {
        check_in(TextStyle::American, &[
            ("seen on March third twenty twenty six", "Seen on March 3, 2026"),
            ("seen on March 3, 2026", "Seen on March 3, 2026"),
            ("seen on March 3rd, 2026", "Seen on March 3, 2026"),
            ("seen on March the third", "Seen on March 3"),
            ("seen on the fourteenth of January twenty twenty six", "Seen on January 14, 2026"),
            ("seen on 14 January 2026", "Seen on January 14, 2026"),
            ("born on ten slash twelve slash nineteen seventy one", "Born on 10/12/1971"),
            ("born on oh seven slash oh four slash 1972", "Born on 07/04/1972"),
            ("born October twenty first nineteen eighty four", "Born October 21, 1984"),
            ("last seen December second", "Last seen December 2"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn british_dates() {
        check_in(TextStyle::British, &[
            ("seen on the fourteenth of January twenty twenty six", "Seen on 14 January 2026"),
            ("seen on 14 January, 2026", "Seen on 14 January 2026"),
            ("dictated twenty second of May twenty twenty five", "Dictated 22 May 2025"),
            ("on the ninth of May he fell", "On 9 May he fell"),
            ("seen on March 3, 2026", "Seen on 3 March 2026"),
            ("seen on the 1st of April", "Seen on 1 April"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn without_a_style_the_order_stays() {
        check(&[
            ("seen on 14 January 2026", "Seen on 14 January 2026"),
            ("seen on January 14, 2026", "Seen on January 14, 2026"),
            ("seen the fifth of June", "Seen 5 June"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn the_spoken_mark_tells_the_style() {
        check(&[
            ("seen on the ninth of May full stop", "Seen on 9 May."),
            ("seen on the ninth of May period", "Seen on May 9."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn years() {
        check(&[
            ("one prior episode in twenty nineteen", "One prior episode in 2019"),
            ("since nineteen ninety five he smokes", "Since 1995 he smokes"),
            ("seen in September twenty nineteen", "Seen in September 2019"),
            ("retired in two thousand and six", "Retired in 2006"),
            ("stented in twenty oh nine", "Stented in 2009"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn times() {
        check(&[
            ("arrival time oh two fifteen by ambulance", "Arrival time 02:15 by ambulance"),
            ("arrival time O215 by ambulance", "Arrival time 02:15 by ambulance"),
            ("arrival time 0215 by ambulance", "Arrival time 02:15 by ambulance"),
            ("called at sixteen forty five hours", "Called at 16:45 hours"),
            ("called at 1645 hours", "Called at 16:45 hours"),
            ("he arrived at 1430 by car", "He arrived at 14:30 by car"),
            ("seen at one twenty five", "Seen at 1:25"),
            ("saline given at one fifty an hour", "Saline given at 150 an hour"),
            ("it ran at 1430 rpm", "It ran at 1430 rpm"),
            ("born at nineteen twenty two hours", "Born at 19:22 hours"),
            ("doses at eight thirty a m and 10 pm", "Doses at 8:30 a.m. and 10 p.m."),
            ("doses at 8:30 am daily", "Doses at 8:30 a.m. daily"),
            ("the dose was given at 9 pm period", "The dose was given at 9 p.m."),
            ("dose at 0730 today", "Dose at 07:30 today"),
            ("dose at eight oh five", "Dose at 8:05"),
            ("a lesion at three o'clock", "A lesion at 3 o'clock"),
            ("time of death oh eight hundred hours", "Time of death 08:00 hours"),
            ("within seventy two hours", "Within 72 hours"),
            ("after 48 hours", "After 48 hours"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_no_date_stays() {
        check(&[
            ("he may third party insure", "He may third party insure"),
            ("in November 7.2% of them", "In November 7.2% of them"),
            ("she may march on", "She may march on"),
            ("in March 2 polyps were removed", "In March 2 polyps were removed"),
            ("the second of three children", "The second of three children"),
        ]);
    }
}
