#!/usr/bin/env python3
"""Decode a DSS or DS2 recording to WAV on the output, for the key `dss_decoder` of Osler's configuration file:

    dss_decoder = ["python3", "/path/to/scripts/dss-decode.py", "{input}"]

Needs the Python package pydsscodec (MIT licence), installed with the pip client. The sound is written as it is decoded;
the exit status is 1 where the recording cannot be decoded to its end.
"""

import array
import struct
import sys

READ = 16_384
UNKNOWN = 0xFFFF_FFFF


def header(rate):
    """The beginning of a WAV of 16-bit mono samples whose length is not known yet."""
    sound = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", UNKNOWN, b"WAVE") + sound + struct.pack("<4sI", b"data", UNKNOWN)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: dss-decode.py FILE")
    try:
        from pydsscodec import StreamingDecoder
    except ImportError:
        sys.exit("the Python package pydsscodec is not installed")
    decoder = StreamingDecoder()
    out = sys.stdout.buffer
    started = False

    def write(samples):
        nonlocal started
        if not samples:
            return
        if not started:
            out.write(header(decoder.native_rate()))
            started = True
        pcm = array.array("h", (max(-32768, min(32767, round(s))) for s in samples))
        if sys.byteorder == "big":
            pcm.byteswap()
        out.write(pcm.tobytes())

    with open(sys.argv[1], "rb") as recording:
        try:
            while block := recording.read(READ):
                write(decoder.push(block))
            write(decoder.finish())
            out.flush()
        except BrokenPipeError:
            # Whoever reads has what it wants.
            sys.stderr.close()
            sys.exit(1)
        except Exception as error:
            out.flush()
            sys.exit(str(error))


main()
