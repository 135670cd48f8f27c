"""Step 2 of the rebuild: from the raw tables to the small set that Osler embeds.

Every file of the set is UTF-8, tab-separated, has one header line, and is sorted bytewise by whole lines. The first column is the
key of the lookup: lower case, ASCII, single spaces, "'" for every apostrophe (`key` below and `normal` in src/dictionary/index.rs
must agree). A column that repeats the key in the same letters is left empty.
"""

import collections
import csv
import re
import unicodedata
from pathlib import Path

import curated
import lookalikes

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa", "λ": "lambda", "μ": "mu",
    "µ": "mu", "σ": "sigma", "τ": "tau", "ω": "omega", "Δ": "delta",
}  # fmt: skip
SOURCE_LETTER = {
    "icd10cm": "i", "icd10pcs": "p", "mesh": "m", "wordnet": "n", "unii": "u", "drugbank": "d", "medwer": "w",
    "labunits": "l", "curated": "c",
}  # fmt: skip
# Frequencies are log10 of occurrences per 10^9 words; from here on a word is everyday English.
EVERYDAY = 3.5
# Categories whose multi-word names are written without capitals even where a word of them is also a name.
PLAIN_CATEGORIES = ("drug", "organism", "substance", "doseform", "specialty")


def key(text):
    """The form under which a term is looked up."""
    for letter, name in GREEK.items():
        text = text.replace(letter, name)
    text = unicodedata.normalize("NFKD", text.replace("\u2019", "'").replace("\u2013", "-"))
    text = text.encode("ascii", "ignore").decode().lower()
    return re.sub(r"\s+", " ", text).strip()


def spelled(text):
    """The written form: Greek letters as words, as the reports of a practice have them."""
    for letter, name in GREEK.items():
        text = text.replace(letter, name)
    return re.sub(r"\s+", " ", text).strip()


def read(folder, name):
    with open(Path(folder) / name, encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def write(folder, name, header, rows):
    lines = ["\t".join(row) for row in rows]
    assert all("\n" not in line and len(row) == len(header) for line, row in zip(lines, rows)), name
    lines = sorted(set(lines), key=lambda line: line.encode())
    path = Path(folder) / name
    path.write_bytes(("\t".join(header) + "\n" + "".join(line + "\n" for line in lines)).encode())
    print(f"{name}: {len(lines)} rows, {path.stat().st_size / 1e6:.2f} MB")


def differs(form, of):
    return "" if form == of else form


def stem_of_plural(word):
    """Singular forms that the lookup tries for a word that it does not find."""
    if word.endswith("'s") or word.endswith("s'"):
        yield word[:-2] if word.endswith("'s") else word[:-1]
    if word.endswith("ies") and len(word) > 4:
        yield word[:-3] + "y"
    if word.endswith("es") and len(word) > 4:
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        yield word[:-1]


def english(raw):
    """key -> (frequency, written form): the commonest spelling of each word, small letters preferred."""
    words = {}
    for row in read(raw, "english.tsv"):
        k = key(row["word"])
        if not k or not re.search("[a-z]", k) or re.search(r"[^a-z'\-]", k):
            continue
        zipf = float(row["zipf"])
        # The list of the commoner words decides between "Kelly" and "kelly". Frequencies and WordNet have small letters only.
        level = int(row["scowl"]) if "scowl" in row["source"] and row["scowl"].isdigit() else 99
        rank = (level, row["word"] != k)
        old = words.get(k, (zipf, row["word"], rank))
        form, rank = min((old[1], old[2]), (row["word"], rank), key=lambda pair: pair[1])
        words[k] = (max(zipf, old[0]), form, rank)
    plain = set(words)
    # A plural without a frequency of its own is found through its singular.
    return {
        k: (zipf, form)
        for k, (zipf, form, _) in words.items()
        if zipf > 0 or not any(s in plain for s in stem_of_plural(k))
    }


def scowl_80(scowl):
    """Words of SCOWL's level 80. Level 95 is left out: it holds so many strings that nonsense hides among them."""
    found = set()
    for file in sorted(Path(scowl).glob("usr/share/dict/scowl/*")):
        if re.fullmatch(r"(english|american|british|british_z)-(words|upper|proper-names|contractions)\.80", file.name):
            found.update(file.read_text(encoding="latin-1").split("\n"))
    return found


WORKERS = re.compile("worker$")


def cased(word, common, names, small):
    """The word with a capital if it is a name ("whitmore's", "hodgkin", but neither "athlete's" nor "maltworker's"), and without
    the capital that turning an entry round left inside it ("wrist Staphylococcal arthritis")."""
    if re.fullmatch("[A-Z][a-z]+", word):
        low = word.lower()
        plain = low in small or low in common
        return low if plain and low not in names and low not in curated.NAMES else word
    if not word.islower():
        return word
    base = re.sub("('s|')$", "", word)
    possessive = base != word
    if (possessive and base in curated.NAMES) or (base not in common and (base in names or possessive) and not WORKERS.search(base)):
        return word[:1].upper() + word[1:]
    return word


def terms(raw, words):
    names = {k for k, (_, form) in words.items() if form[:1].isupper()}
    common = {k for k, (_, form) in words.items() if form[:1].islower()}
    out = {}
    loose = collections.defaultdict(set)
    # Words that stand in small letters inside some term.
    small = {w for row in read(raw, "terms.tsv") for w in row["term"].split()[1:] if w.islower()}
    for row in read(raw, "terms.tsv"):
        term, category, tier = spelled(row["term"]), row["category"], int(row["tier"])
        if term.startswith("'") or term.startswith('"'):
            # 'pure' cholestasis: the classification's own quotes are no part of the name; a quoted everyday word is no term.
            term = term.replace("'", "", 2) if term[0] == "'" else term.replace('"', "")
            if " " not in term:
                continue
        k = key(term)
        if not k or not k[0].isalnum() or re.search(r"[^a-z0-9 '.,()+\-]", k):
            continue
        letters = {SOURCE_LETTER[s] for s in row["sources"].split("|")}
        if " " in k:
            for word in re.split(r"[ ,()]+", k):
                loose[word.strip("'.-")] |= letters
            if tier == 2:
                continue  # the words are kept, the phrase is not
            if not category.startswith(PLAIN_CATEGORIES):
                term = " ".join(cased(w, common, names, small) for w in term.split())
        else:
            if category == "word" and words.get(k, (0,))[0] >= EVERYDAY:
                continue  # "garden", "clark": English has it, and the capital of the classification must not reach it
            # Brands named after everyday words ("Today", "Choice") must never replace what was heard.
            if category.startswith("drug") and words.get(k, (0,))[0] >= EVERYDAY:
                tier = 2
        category = {"mesh.unsorted": "other", "drug.unsorted": "drug", "surgical": "device"}.get(category, category)
        generic = key(row["generic"]) if category == "drug.brand" else ""
        entry = (tier, category, row["weight"], differs(term, k), differs(generic, k), letters)
        if k in out:
            better = min(out[k], entry, key=lambda e: (e[0], -int(e[2])))
            entry = better[:5] + (out[k][5] | letters,)
        out[k] = entry
    for word, letters in loose.items():
        if word in out or word in words or len(word) < 3 or not re.fullmatch(r"[a-z]+('s)?", word):
            continue
        if any(s in out or s in words or s in loose for s in stem_of_plural(word)):
            continue
        out[word] = (2, "word", "1", "", "", letters)
    return out


def reduce(raw, scowl, out):
    """Writes the set into `out`, apart from do_not_use.tsv, which is kept by hand."""
    words = english(raw)
    # Words that only these terms have are known through terms.tsv; the rest of the vocabulary goes into english.tsv.
    table = terms(raw, words)
    write(
        out,
        "terms.tsv",
        ("key", "category", "tier", "weight", "written", "generic", "sources"),
        [
            (k, category, str(tier), weight, written, generic, "".join(sorted(letters)))
            for k, (tier, category, weight, written, generic, letters) in table.items()
        ],
    )
    for word, zipf in curated.WORDS.items():
        words.setdefault(word, (zipf, word))
    write(
        out,
        "english.tsv",
        ("key", "zipf", "written"),
        [(k, f"{zipf:.1f}" if zipf else "", differs(form, k)) for k, (zipf, form) in words.items()],
    )
    level_80 = {key(w) for w in scowl_80(scowl)}
    listed = {key(line) for line in (Path(raw) / "english_rare.txt").read_text(encoding="utf-8").split("\n")}
    rare = {w for w in listed & level_80 if len(w) > 2 and re.fullmatch(r"[a-z][a-z'\-]*", w)}
    rare = {w for w in rare if w not in words and w not in table}
    rare = {w for w in rare if not any(s in rare or s in words or s in table for s in stem_of_plural(w))}
    write(out, "rare.tsv", ("key",), [(w,) for w in rare])

    rank = collections.Counter()
    rows = []
    # Expansions that were written for this project come first, then the package's in its own order.
    listed = sorted(read(raw, "abbreviations.tsv"), key=lambda row: row["source"] != "curated")
    for row in listed:
        k = key(row["abbr"])
        if not k:
            continue
        rank[row["abbr"]] += 1
        rows.append((k, row["abbr"], f"{rank[row['abbr']]:02}", row["expansion"], row["source"]))
    write(out, "abbreviations.tsv", ("key", "written", "rank", "expansion", "source"), rows)

    rows = [
        (key(row["spoken"]), row["written"], row["ucum"], row["source"])
        for row in read(raw, "units.tsv")
        if row["written"] and key(row["spoken"]) and row["source"]
    ]
    write(out, "units.tsv", ("key", "written", "ucum", "source"), rows)
    rows = [
        (key(row["spoken"]), row["heading"], row["category"], row["specialty"], row["source"])
        for row in read(raw, "sections.tsv")
    ]
    write(out, "sections.tsv", ("key", "heading", "category", "specialty", "source"), rows)
    drugs = [
        k
        for k, (tier, category, _, _, _, letters) in table.items()
        if tier == 1
        and 4 <= len(k) <= 20
        and k.isalpha()
        and ((category == "drug.generic" and len(letters) >= 3) or (category == "drug.brand" and len(letters) >= 2))
    ]
    generic = {k: e[4] for k, e in table.items()}
    write(out, "lookalikes.tsv", ("key", "other", "tall", "tall_other", "score", "source"), lookalikes.pairs(drugs, generic))
