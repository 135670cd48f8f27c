#!/usr/bin/env python3
"""Osler beside whisper.cpp's command line and faster-whisper: same weights, same machine, same recordings, one run.

usage: bench.py [--corpus MANIFEST [--clips N]] [--repeat N] [--threads N] [--longest SECONDS] [--resume] [--table] [--live]
                [RECORDING ...]

Recordings: those named; or with --corpus N of the manifest's medical dictations of 60 to 150 s (different speakers and
conditions) and its long ones; or the two sample dictations and files of 20 and 60 minutes made of them. All tools hear the
same 16 kHz WAV. They take turns; a round is every recording with every tool.

Times are wall times of whole processes, start and loading included; faster-whisper is also given without its imports and the
loading of the model ("inner"). Memory is the peak of the whole process. Every run is appended to target/bench/runs.jsonl at
once: --resume goes on with a stopped run, --table prints what is there and runs nothing. --live plays the first three of the
recordings of up to 150 s to `osler dictate` as if they were spoken, and says how late the words came (--repeat 0 --live:
nothing else). Osler, the model and the peers are looked for, built or installed under target/bench; Osler depends on none of
them.
"""
import argparse, hashlib, itertools, json, statistics, subprocess, sys, time, wave
from pathlib import Path

from peers import ROOT, WORK, Progress, Tools, read_jsonl, read_manifest

RUNS = WORK / "runs.jsonl"
LIVE = WORK / "live.jsonl"
TOOLS = ["osler", "whisper-cli", "faster-whisper"]
# Seconds of recording per second, about: what a run costs when the time left is guessed.
PACE = {"osler": 18, "whisper-cli": 8, "faster-whisper": 9}
# Ratios that Osler has to stay under: the recognition by itself, and the whole product.
TARGETS = {"whisper-cli": (0.35, 0.5), "faster-whisper": (0.42, 0.6)}
MEMORY_MB = 450
# Seconds: a first word after it was spoken, the final text after speech ended.
LIVE_TARGETS = {"first": 1.5, "final": 2.0}
LIVE_CLIPS = 3
# Two passes may place the middle of a word so many seconds apart.
SAME_WORD_S = 0.7
LONG_S = 900


def seconds(wav):
    with wave.open(str(wav)) as f:
        return f.getnframes() / f.getframerate()


def group(length):
    if length >= 2400:
        return "60 minutes"
    if length >= LONG_S:
        return "20 minutes"
    return "60 to 150 s" if 60 <= length <= 150 else "other lengths"


def handful(clips, n):
    """N clips, as many conditions and as many speakers as there are."""
    clips, chosen = list(clips), []
    while clips and len(chosen) < n:
        used = lambda key, clip: sum(c[key] == clip[key] for c in chosen)
        best = min(clips, key=lambda c: (used("condition", c), used("speaker", c)))
        chosen.append(best)
        clips.remove(best)
    return chosen


def made_of(wavs, minutes):
    """The recordings one after another with pauses of 2 s, until so many minutes are full."""
    long = WORK / "wav" / f"made-{minutes}-minutes.wav"
    if not long.exists():
        part = long.with_suffix(".part")
        with wave.open(str(part), "wb") as out:
            out.setnchannels(1), out.setsampwidth(2), out.setframerate(16000)
            frames = itertools.cycle([wave.open(str(w)).readframes(1 << 30) for w in wavs])
            while out.tell() < minutes * 60 * 16000:
                out.writeframes(next(frames) + bytes(2 * 16000 * 2))
        part.rename(long)
    return long


def recordings(args, tools):
    """(name, WAV) of what is to be measured."""
    if args.recordings:
        return [(Path(r).stem, tools.wav(Path(r).stem, r)) for r in args.recordings]
    if args.corpus:
        medical = [c for c in read_manifest(args.corpus) if c["domain"] == "medical-dictation"]
        short = handful([c for c in medical if 60 <= c["duration_s"] <= 150], args.clips)
        chosen = short + [c for c in medical if c["duration_s"] >= LONG_S]
        if not chosen:
            sys.exit(f"{args.corpus}: no medical dictation of 60 to 150 s and none of {LONG_S} s or more")
        return [(c["id"], tools.wav(c["id"], c["path"])) for c in chosen if c["duration_s"] <= args.longest]
    samples = sorted((ROOT / "tests/fixtures/demo").glob("*.o*"))
    found = [(r.stem, tools.wav(r.stem, r)) for r in samples]
    made = [made_of([w for _, w in found], m) for m in (20, 60) if m * 60 <= args.longest]
    return found + [(w.stem, w) for w in made]


def build_of(program):
    return hashlib.sha256(program.read_bytes()).hexdigest()[:12]


def settings_of(args, tools):
    return {"osler": hashlib.sha256(tools.osler()[0].read_bytes()).hexdigest()[:12], "threads": args.threads}


def kept(path, resume):
    """The runs of a stopped run to go on with. Otherwise they make room: hours of work are not thrown away."""
    if resume:
        return read_jsonl(path)
    if path.exists():
        path.replace(path.with_suffix(".before.jsonl"))
    return []


def append(path, line):
    with open(path, "a") as f:
        f.write(json.dumps(line) + "\n")


def run_all(args, tools, wavs, settings):
    runs = kept(RUNS, args.resume)
    have = {(r["recording"], r["tool"], r["round"]) for r in runs if r["settings"] == settings}
    todo = [(n, name, wav, tool) for n in range(args.repeat) for name, wav in wavs for tool in TOOLS
            if (name, tool, n) not in have]
    progress = Progress([1 + seconds(wav) / PACE[tool] for _, _, wav, tool in todo])
    for n, name, wav, tool in todo:
        run = tools.run(tool, wav)
        line = {"recording": name, "seconds": seconds(wav), "tool": tool, "round": n, "settings": settings,
                "wall_s": run["wall_s"], "inner_s": run["inner_s"], "peak_bytes": run["peak_bytes"],
                "words": len(run["text"].split())}
        append(RUNS, line)
        progress.line(f"round {n + 1}, {tool}, {name}, {run['wall_s']:.1f} s")


def played(command, env):
    """Output lines of a program, each with the second at which it came."""
    with subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, env=env, text=True) as p:
        lines = [(time.perf_counter(), json.loads(line)) for line in p.stdout]
    if p.returncode != 0 or not lines:
        sys.exit(f"{' '.join(map(str, command))}\nfailed with status {p.returncode}")
    return lines


def latencies(lines):
    """Seconds from the end of a word until it stood there, of all words and of the first of each utterance, and from the
    end of speech until its text was final. Taken from when the lines came, because the sound that they count (`at_s`) stands
    still once the recording has been played; the line that came soonest after its sound says when the playing began."""
    updates = [dict(line, came=came) for came, line in lines if line["type"] == "update"]
    began = min((u["came"] - u["at_s"] for u in updates), default=0.0)
    key = lambda w: "".join(c for c in w["text"].lower() if c.isalnum())
    middle = lambda w: (w["start_s"] + w["end_s"]) / 2
    seen, out, first = [], {"first": [], "words": [], "final": []}, True
    for u in updates:
        now = u["came"] - began
        seen += [(key(w), middle(w), now) for w in u["committed"] + u["partial"]]
        for w in u["committed"]:
            late = min(at for k, m, at in seen if k == key(w) and abs(m - middle(w)) < SAME_WORD_S) - w["end_s"]
            out["words"].append(late)
            if first:
                out["first"].append(late)
            first = False
        if u["ended_s"] is not None:
            out["final"].append(now - u["ended_s"])
            seen, first = [], True
    return out


def run_live(args, tools, wavs, settings):
    program, env, _ = tools.osler()
    if subprocess.run([program, "dictate", "--help"], env=env, capture_output=True).returncode != 0:
        print(f"{program} has no dictate command: no live part", file=sys.stderr)
        return
    runs = kept(LIVE, args.resume)
    have = {r["recording"] for r in runs if r["settings"] == settings}
    todo = [(name, wav) for name, wav in wavs if seconds(wav) <= 150][:LIVE_CLIPS]
    todo = [(name, wav) for name, wav in todo if name not in have]
    progress = Progress([seconds(wav) for _, wav in todo])
    for name, wav in todo:
        lines = played([program, "dictate", "--realtime", "--format", "json", "--model", "base", "--language", "en",
                        "--threads", args.threads, "--input", wav], dict(env, OSLER_DATA=str(WORK / "live-data")))
        append(LIVE, {"recording": name, "settings": settings, "own": lines[-1][1]["live"], **latencies(lines)})
        progress.line(f"live, {name}")


def live_table(runs):
    if not runs:
        return
    print(f"\nlive, {len(runs)} recording{'s' * (len(runs) > 1)} played as spoken; seconds")
    rows = [["", "n", "median", "p95", "target, median"]]
    for key, label in (("first", "first word of an utterance, after it was spoken"), ("words", "any word, after it was spoken"),
                       ("final", "final text, after speech ended")):
        values = sorted(v for r in runs for v in r[key])
        if values:
            p95 = values[-(-95 * len(values) // 100) - 1]
            target = f"at most {LIVE_TARGETS[key]:.1f}" if key in LIVE_TARGETS else ""
            rows.append([label, str(len(values)), f"{statistics.median(values):.2f}", f"{p95:.2f}", target])
    columns(rows)
    own = lambda f: f"{f['median']:.2f}, p95 {f['p95']:.2f}" if f else "-"
    for r in runs:
        print(f"{r['recording']}, by osler's own clock: words {own(r['own']['word_s'])}; final {own(r['own']['final_s'])}")


def columns(rows):
    """Rows as text, the first column to the left."""
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    for row in rows:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip())


def table(runs):
    """What the runs come to: a line per recording, then ratios and memory per group of lengths."""
    by_recording = {}
    for r in runs:
        by_recording.setdefault((r["recording"], r["seconds"]), {t: [] for t in TOOLS})[r["tool"]].append(r)
    median = lambda rs, key: statistics.median(r[key] for r in rs)
    peak = lambda rs: max(r["peak_bytes"] for r in rs) / 1e6
    cell = lambda rs, key: f"{median(rs, key):.2f} s" if rs else "-"
    mb = lambda rs: f"{peak(rs):.0f} MB" if rs else "-"
    rounds = [len(rs) for tools in by_recording.values() for rs in tools.values()]
    each = f"{min(rounds)}" if min(rounds) == max(rounds) else f"{min(rounds)} to {max(rounds)}"
    print(f"Wall time of whole processes (median) and peak memory (most); runs of each: {each}; "
          f"{runs[0]['settings']['threads']} threads\n")
    rows = [["recording", "sound", "osler", "", "whisper-cli", "", "faster-whisper", "", "its inner time"]]
    for (name, length), t in by_recording.items():
        rows.append([name, f"{length:.1f} s", *[c for tool in TOOLS for c in (cell(t[tool], "wall_s"), mb(t[tool]))],
                     cell(t["faster-whisper"], "inner_s")])
    columns(rows)
    for name in dict.fromkeys(group(length) for _, length in by_recording):
        members = [t for (_, length), t in by_recording.items() if group(length) == name and all(t.values())]
        if not members:
            continue
        print(f"\n{name}: {len(members)} recording{'s' * (len(members) > 1)}")
        rows = [["time of osler / time of", "median", "worst", "target, recognition", "target, product"]]
        for label, tool, key in (("whisper-cli", "whisper-cli", "wall_s"), ("faster-whisper", "faster-whisper", "wall_s"),
                                 ("faster-whisper, inner time", "faster-whisper", "inner_s")):
            ratios = [median(t["osler"], "wall_s") / median(t[tool], key) for t in members]
            rows.append([label, f"{statistics.median(ratios):.2f}", f"{max(ratios):.2f}",
                         *[f"at most {x:.2f}" for x in TARGETS[tool]]])
        columns(rows)
        most = {tool: max(peak(t[tool]) for t in members) for tool in TOOLS}
        held = lambda yes: "held" if yes else "MISSED"
        limits = [f"under {MEMORY_MB} MB: {held(most['osler'] < MEMORY_MB)}"]
        if name in ("20 minutes", "60 minutes"):
            less = all(peak(t["osler"]) < peak(t["whisper-cli"]) for t in members)
            limits.append(f"below whisper-cli: {held(less)}")
        print("peak memory: " + ", ".join(f"{tool} {m:.0f} MB" for tool, m in most.items()) + "; osler " + ", ".join(limits))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", metavar="RECORDING")
    parser.add_argument("--corpus", type=Path, metavar="MANIFEST")
    parser.add_argument("--clips", type=int, default=6, metavar="N")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--longest", type=float, default=float("inf"), metavar="SECONDS", help="leave longer ones out")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--live", action="store_true")
    args = parser.parse_args()
    tools = Tools(args.threads)
    if args.table:
        last = (read_jsonl(RUNS) or read_jsonl(LIVE))[-1:]
        settings = last[0]["settings"] if last else None
    else:
        settings = settings_of(args, tools)
        wavs = recordings(args, tools)
        if args.repeat:
            run_all(args, tools, wavs, settings)
        if args.live:
            run_live(args, tools, wavs, settings)
    timed, live = ([r for r in read_jsonl(path) if r["settings"] == settings] for path in (RUNS, LIVE))
    if not timed and not live:
        sys.exit(f"{RUNS}: no run of this build with these settings")
    if timed:
        table(timed)
    live_table(live)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("bench: stopped; --resume goes on, --table shows what there is")
