#!/bin/sh
# Speak every text of this folder into the recording beside it: NAME-VOICE.txt -> NAME-VOICE.wav, 16 kHz mono.
# Needs flite with its rms, slt and awb voices (Debian: apt-get install flite). The same version gives the same bytes.
set -eu
cd "$(dirname "$0")"
for text in *-*.txt; do
    stem=${text%.txt}
    flite -voice "${stem##*-}" -f "$text" -o "$stem.wav"
done
