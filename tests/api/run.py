#!/usr/bin/env python3
"""Asks a running service everything that its OpenAPI document allows, and much that it does not, as each role; no answer
may be a fault of the service (5xx) or differ from the document. The same questions each time: fixed seed, bounded number.

    python3 tests/api/run.py [PROGRAM]      (default: target/debug/osler)
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "target" / "api"
VERSION = "schemathesis==4.32.5"
SEED = 7
EXAMPLES = 12
# The administrator is the last: accounts are closed and passwords set.
PEOPLE = {"dr.a": "physician", "s.s": "secretary", "au": "auditor", "r.root": "administrator"}
# Logging out ends the session that asks; events never end.
LEFT_OUT = r"^/(session|events)$"
CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"


def tool():
    """schemathesis in an environment of its own."""
    program = TOOLS / "bin" / "schemathesis"
    pip = TOOLS / "bin" / "pip"
    if not pip.exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
    subprocess.run([pip, "install", "--quiet", "--disable-pip-version-check", VERSION], check=True)
    return program


def ask(base, method, path, body=None, cookie=None):
    headers = {"X-Osler": "1", "Content-Type": "application/json"}
    if cookie:
        headers["Cookie"] = cookie
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        set_cookie = answer.headers.get("Set-Cookie", "").split(";")[0]
        text = answer.read()
    return (json.loads(text) if text else None), set_cookie


def practice(osler, data):
    """A sample practice with a person of each role, two patients and, where there is a model, a draft."""

    def run(*words, may_fail=False):
        done = subprocess.run([osler, "--data", data, *words], capture_output=True, text=True)
        if done.returncode and not may_fail:
            sys.exit(f"{' '.join(words)}: {done.stderr}")
        return done.returncode == 0

    run("init", "--demo")
    for name, role in PEOPLE.items():
        if role != "administrator":
            run("user", "add", name, "--name", name.title(), "--role", role)
    for number, family in (("A-1", "Winter"), ("B-2", "Sommer")):
        run("patient", "add", "--mrn", number, "--family", family, "--given", "Kim", "--birth-date", "1961-03-14")
    clip = ROOT / "tests" / "fixtures" / "audio" / "clip.opus"
    words = ["intake", str(clip), "--patient", "A-1", "--birth-date", "1961-03-14", "--as", "dr.a", "--model", "tiny.en"]
    if not run(*words, may_fail=True):
        print("no model tiny.en: asked without a draft (osler models fetch tiny.en)")
    run("user", "add", "r.root", "--name", "Rita Root", "--role", "administrator")


def known(base):
    """Identifiers that exist, for the paths that take one."""
    _, cookie = ask(base, "POST", "/session", {"username": "dr.a", "demonstration": True})
    record, _ = ask(base, "GET", "/patients/A-1", cookie=cookie)
    rules = [("^/patients/", {"mrn": "A-1"})]
    for dictation in record["dictations"][:1]:
        rules.append(("^/(dictations|queue)/", {"id": dictation["id"], "take": "0"}))
        for report in dictation["reports"][:1]:
            rules.append(("^/reports/", {"id": report["id"], "n": 1}))
    return rules


def answers(figures):
    """How many requests were answered so far, by the hundred of their status."""
    counts = {"200": 0, "300": 0, "400": 0, "500": 0}
    with urllib.request.urlopen(figures) as page:
        for status, n in re.findall(r'request_seconds_count\{[^}]*status="(\d)[^"]*"[^}]*\} (\d+)', page.read().decode()):
            counts[f"{status}00"] += int(n)
    return counts


def settings(rules):
    out = ["[generation]", "allow-x00 = true", ""]
    for pattern, values in rules:
        values = ", ".join(f'"{name}" = {json.dumps(value)}' for name, value in values.items())
        out += ["[[operations]]", f"include-path-regex = {json.dumps(pattern)}", f"parameters = {{ {values} }}", ""]
    return "\n".join(out)


def main():
    osler = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target" / "debug" / "osler").resolve()
    program = tool()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "data")
        practice(osler, data)
        log = open(Path(folder) / "log", "w+")
        service = subprocess.Popen(
            [osler, "--data", data, "serve", "--port", "0", "--metrics", "127.0.0.1:0", "--model", "none"],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )
        try:
            base = None
            while base is None:
                line = service.stdout.readline()
                if not line:
                    log.seek(0)
                    sys.exit(f"the service does not start: {log.read()}")
                found = re.search(r"http://[^\s/]+", line)
                base = found and found[0].replace("localhost", "127.0.0.1") + "/api/v1"
            rules = known(base)
            # Who asks is said by the header below; the tool would make up sessions and tokens of its own.
            document, _ = ask(base, "GET", "/openapi.json")
            del document["components"]["securitySchemes"]
            for methods in document["paths"].values():
                for operation in methods.values():
                    del operation["security"]
            described = Path(folder) / "openapi.json"
            described.write_text(json.dumps(document))
            figures = re.search(r"http://\S+", service.stdout.readline())[0]
            before = answers(figures)
            for name, role in PEOPLE.items():
                for kind, some in (("known", rules), ("any", [])):
                    _, cookie = ask(base, "POST", "/session", {"username": name, "demonstration": True})
                    config = Path(folder) / "schemathesis.toml"
                    config.write_text(settings(some))
                    print(f"== {role}, {kind} records", flush=True)
                    done = subprocess.run(
                        [program, "--config-file", config, "run", described, "--url", base,
                         "-H", f"Cookie: {cookie}", "-H", "X-Osler: 1", "--exclude-path-regex", LEFT_OUT,
                         "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--seed", str(SEED),
                         "--max-examples", str(EXAMPLES), "--generation-database", "none", "--no-color",
                         "--suppress-health-check", "all", "--warnings", "off"],
                        cwd=folder, capture_output=True, text=True,
                        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(Path(folder) / "hypothesis")},
                    )
                    print(*[l for l in done.stdout.splitlines() if "generated" in l or "passed" in l], sep="\n")
                    now = answers(figures)
                    seen = {status: now[status] - before[status] for status in now}
                    before = now
                    print("  answers:", *(f"{status[0]}xx {n}" for status, n in sorted(seen.items())))
                    if seen["200"] < 50:
                        failed.append(f"{role}, {kind} records: hardly anything got through")
                    if done.returncode:
                        failed.append(f"{role}, {kind} records")
                        print(done.stdout, done.stderr)
        finally:
            service.terminate()
            service.wait()
        log.seek(0)
        wrong = [line for line in log if "request failed" in line or "panic" in line]
        if wrong:
            failed.append("the log")
            print(*wrong, sep="")
    if failed:
        sys.exit("not as the document says: " + "; ".join(failed))


main()
