#!/usr/bin/env python3
"""How far word times lie from those of a forced aligner: PocketSphinx 5 with its own US English model and dictionary.

usage: align.py MANIFEST [--condition NAME ...] [--filter TEXT] [--tool NAME ...] [--results NAME=FILE.jsonl ...] [--out DIR]

The aligner is given what was said and says when; words that its dictionary lacks are spelled out by espeak-ng, and a recording
that it cannot align is left out and counted. Compared are the words that stand in both texts, letter by letter, so numbers
that were said in words and written in digits are not. Recordings in lossless files only: where a lossy one begins is a
matter of the decoder. Tools are run through peers.py and their results kept in DIR, or read from files that `osler eval
--save` or `peers.py --words` wrote. Whether times rise and lie within the recording is checked for all words of a tool.
"""
import argparse, difflib, json, os, re, shutil, statistics, subprocess, sys, wave
from pathlib import Path

from peers import WORK, Tools, read_jsonl, read_manifest, sh, transcribe

POCKETSPHINX = "5.1.1"
VENV = WORK / "align-venv"
LOSSLESS = {".wav", ".flac"}

# espeak-ng's IPA for US English in the phones of the aligner's dictionary; the longest match wins.
ARPABET = {
    "aɪɚ": "AY ER", "aɪə": "AY AH", "eɪ": "EY", "aɪ": "AY", "ɔɪ": "OY", "aʊ": "AW", "oʊ": "OW", "oːɹ": "AO R", "tʃ": "CH",
    "dʒ": "JH", "iː": "IY", "i": "IY", "uː": "UW", "u": "UW", "ɑː": "AA", "ɑ": "AA", "ɔː": "AO", "ɔ": "AO", "ɜː": "ER",
    "ɚ": "ER", "æ": "AE", "ɐ": "AH", "ə": "AH", "ʌ": "AH", "ɛ": "EH", "e": "EH", "ɪ": "IH", "ᵻ": "IH", "ʊ": "UH", "oː": "AO",
    "o": "OW", "a": "AA", "p": "P", "b": "B", "t": "T", "d": "D", "k": "K", "ɡ": "G", "g": "G", "f": "F", "v": "V", "θ": "TH",
    "ð": "DH", "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH", "h": "HH", "m": "M", "n̩": "AH N", "n": "N", "ŋ": "NG", "l": "L",
    "ɫ": "L", "ɹ": "R", "r": "R", "j": "Y", "w": "W", "ɾ": "T", "ʔ": "T", "x": "K",
}


def in_venv():
    """Goes on in an interpreter that has PocketSphinx."""
    try:
        import pocketsphinx  # noqa: F401
        return
    except ImportError:
        pass
    if Path(sys.prefix) == VENV:
        sys.exit(f"pocketsphinx cannot be loaded; remove {VENV} and try again")
    python = VENV / "bin" / "python"
    if not (VENV / "done").exists():
        sh(sys.executable, "-m", "venv", VENV)
        sh(python, "-m", "pip", "install", "-q", f"pocketsphinx=={POCKETSPHINX}")
        (VENV / "done").touch()
    os.execv(python, [str(python), *sys.argv])


def keys(text):
    """Words as they are compared: lower case, letters, digits and inner apostrophes."""
    text = text.lower().replace("\u2019", "'")
    return [w.strip("'") for w in re.findall(r"[\w']+", text) if w.strip("'")]


def spelled(word):
    """Phones of a word, from espeak-ng; None if there is none or a sound has no counterpart."""
    if not shutil.which("espeak-ng"):
        return None
    ipa = subprocess.run(["espeak-ng", "-q", "--ipa", "-v", "en-us", word], capture_output=True, text=True).stdout
    ipa = re.sub(r"[ˈˌ\s\u200d]", "", ipa)
    phones = []
    while ipa:
        n = next((n for n in (3, 2, 1) if ipa[:n] in ARPABET), None)
        if n is None:
            return None
        phones.append(ARPABET[ipa[:n]])
        ipa = ipa[n:]
    return " ".join(phones) or None


def forced(wav, text):
    """[(word, start, end)] in seconds, or why there is none."""
    from pocketsphinx import Decoder
    # Beams wide open: there is one path to find, and a slow speaker must not fall out of it.
    decoder = Decoder(lm=None, loglevel="FATAL", beam=1e-120, wbeam=1e-100, pbeam=1e-120)
    words = keys(text)
    for word in set(words):
        if decoder.lookup_word(word) is None:
            phones = spelled(word)
            if phones is None:
                return f"no pronunciation of {word!r} (espeak-ng gives one if it is installed)"
            decoder.add_word(word, phones, True)
    decoder.set_align_text(" ".join(words))
    with wave.open(str(wav)) as f:
        sound = f.readframes(f.getnframes())
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
    out = [(re.sub(r"\(\d+\)$", "", s.word), s.start_frame / 100, (s.end_frame + 1) / 100)
           for s in decoder.seg() or [] if not s.word.startswith(("<", "["))]
    return out if [w for w, _, _ in out] == words else "the words do not fit the sound"


def compared(aligned, words):
    """(start, end) differences in seconds, tool less aligner, of the words that both have."""
    ours = [(key, w["start_s"], w["end_s"]) for w in words for key in [" ".join(keys(w["text"]))] if key]
    same = difflib.SequenceMatcher(None, [a[0] for a in aligned], [o[0] for o in ours], autojunk=False)
    return [(ours[j + n][1] - aligned[i + n][1], ours[j + n][2] - aligned[i + n][2])
            for i, j, length in same.get_matching_blocks() for n in range(length)]


def out_of_order(words, length):
    """Words that begin before the one before them begins, that end before they begin, or that leave the recording."""
    wrong, before = 0, 0.0
    for w in words:
        wrong += not (before <= w["start_s"] <= w["end_s"] <= length + 0.01)
        before = w["start_s"]
    return wrong


def p95(values):
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--condition", action="append", help="clean by default")
    parser.add_argument("--filter", default="", help="only ids that contain this")
    parser.add_argument("--longest", type=float, default=180, metavar="SECONDS")
    parser.add_argument("--tool", action="append", choices=["osler", "whisper-cli", "faster-whisper"],
                        help="run these; osler by default if there are no --results")
    parser.add_argument("--results", action="append", default=[], metavar="NAME=FILE.jsonl")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=WORK / "words", help="folder of the results")
    args = parser.parse_args()
    in_venv()
    tools = Tools(args.threads)
    clips = [c for c in read_manifest(args.manifest)
             if c["condition"] in (args.condition or ["clean"]) and args.filter in c["id"] and c["verbatim"]
             and c["duration_s"] <= args.longest and Path(c["file"]).suffix in LOSSLESS]
    if not clips:
        sys.exit(f"{args.manifest}: no recording to align; check --condition, --filter and --longest")
    results = {}
    for given in args.results:
        name, _, path = given.partition("=")
        if not path or not Path(path).exists():
            sys.exit(f"--results {given}: NAME=FILE.jsonl is needed, and the file")
        results[name] = Path(path)
    for tool in args.tool or ([] if results else ["osler"]):
        results[tool] = args.out / f"{tool}.jsonl"
        transcribe(tools, tool, clips, results[tool], words=True)
    aligned, said = {}, 0
    for n, clip in enumerate(clips, 1):
        text = clip["verbatim"]
        if text.startswith("text/"):
            text = (args.manifest.parent / text).read_text()
        found = forced(tools.wav(clip["id"], clip["path"]), text)
        if isinstance(found, str):
            print(f"{clip['id']} left out: {found}", file=sys.stderr)
        else:
            aligned[clip["id"]] = found
            said += len(found)
        print(f"aligned {n} of {len(clips)}", file=sys.stderr, flush=True)
    print(f"PocketSphinx {POCKETSPHINX}: {len(aligned)} of {len(clips)} recordings aligned, {said} words. "
          "Seconds; tool less aligner.\n")
    print(f"{'tool':16} {'domain':18} {'clips':>5} {'words':>6}  {'|start| median, p95':>20}  {'|end| median, p95':>18}"
          f"  {'bias of start, end':>18}  out of order or place")
    for name, path in results.items():
        lines = {line["id"]: line for line in read_jsonl(path)}
        for domain in [*dict.fromkeys(c["domain"] for c in clips), "all"]:
            chosen = [c for c in clips if c["id"] in aligned and c["id"] in lines and domain in (c["domain"], "all")]
            pairs, wrong, words = [], 0, 0
            for clip in chosen:
                line = lines[clip["id"]]
                heard = line.get("words") or line.get("raw", {}).get("words") or []
                pairs += compared(aligned[clip["id"]], heard)
                wrong += out_of_order(heard, clip["duration_s"])
                words += len(heard)
            if not pairs:
                print(f"{name:16} {domain:18} {len(chosen):5} {0:6}")
                continue
            starts, ends = zip(*pairs)
            both = lambda v: f"{statistics.median(map(abs, v)):.3f}, {p95([abs(x) for x in v]):.3f}"
            print(f"{name:16} {domain:18} {len(chosen):5} {len(pairs):6}  {both(starts):>20}  {both(ends):>18}"
                  f"  {statistics.median(starts):+9.3f}, {statistics.median(ends):+.3f}  {wrong} of {words}")


if __name__ == "__main__":
    main()
