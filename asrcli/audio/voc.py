"""Creative Voice Files so that FFmpeg reads them to their end: silence as sound, and no blocks without sound.

FFmpeg passes silence over, so that what follows comes too early, and takes the end of a repetition for the file's.
"""

from __future__ import annotations

from collections.abc import Iterator

HEAD = b"Creative Voice File\x1a"
MOST = 1 << 28  # bytes of a file that are read
MOST_SILENCE = 1 << 26  # bytes of silence in a file
LONGEST = 1 << 23  # bytes of one block that is made
END, SOUND, MORE, SILENCE, STEREO, WIDE = 0, 1, 2, 3, 8, 9
FILLINGS = {
    0: (1, b"\x80"),
    4: (2, b"\0"),
    6: (1, b"\xd5"),
    7: (1, b"\xff"),
}  # codec -> bytes of a sample, a silent one


def plain(data: bytes) -> bytes:
    """Return the bytes of a file that FFmpeg reads as the whole of this one is meant."""
    at = int.from_bytes(data[20:22], "little")
    made, sound, owed, left = [data[:at]], b"", 0.0, MOST_SILENCE  # sound: type and head of the last block with sound
    while at + 4 <= len(data) and (kind := data[at]) != END:
        size = int.from_bytes(data[at + 1 : at + 4], "little")
        body = data[at + 4 : at + 4 + size]
        if kind == SILENCE and size == 3:
            owed += (int.from_bytes(body[:2], "little") + 1) * (256 - body[2]) / 1_000_000
        if kind in (SOUND, WIDE):
            sound = data[at : at + 1] + data[at + 4 : at + (16 if kind == WIDE else 6)]
        if owed and sound and kind != SILENCE:
            silence = _silence(sound, owed, left)
            made += _blocks(sound, silence)
            owed, left = 0.0, left - len(silence)
        if kind in (SOUND, MORE, WIDE) and not size:  # of a writer that did not know it: the rest
            return b"".join([*made, data[at:]])
        if kind in (SOUND, MORE, STEREO, WIDE):
            made.append(data[at : at + 4] + body)
        at += 4 + size
    return b"".join([*made, bytes([END])])


def _silence(sound: bytes, seconds: float, most: int) -> bytes:
    """Return silence in the coding of a block of sound, of at most so many bytes."""
    wide = sound[0] == WIDE
    codec = int.from_bytes(sound[7:9], "little") if wide else sound[2]
    rate = int.from_bytes(sound[1:5], "little") if wide else 1_000_000 // (256 - sound[1])
    width, filling = FILLINGS.get(codec, (0, b""))
    width *= sound[6] if wide else 1
    return filling * min(round(seconds * rate) * width, most // max(1, width) * width)


def _blocks(sound: bytes, samples: bytes) -> Iterator[bytes]:
    """Yield blocks of samples with the type and head of another."""
    for at in range(0, len(samples), LONGEST):
        body = sound[1:] + samples[at : at + LONGEST]
        yield sound[:1] + len(body).to_bytes(3, "little") + body
