"""Text and sound brought together: when each word of a known text is said, and what of both has no counterpart.

pairs.py      recordings and their texts
planning.py   what is asked, and what has to be made
script.py     the text: cues, segments or sentences, and their words as written
spoken.py     written words as they are said: "$25" is "twenty five dollars"
language.py   which language a text is plainly in
choice.py     which aligner and which verifier to use
sound.py      a recording, read from start to end
windows.py    hours of sound and text, a window at a time
course.py     how far both are, and where the next window ends
following.py  windows whose words somebody finds
anchors.py    which of those are believed
whole.py      pieces that other speech seems to part
readings.py   the ways to say a number, and which of them is heard
result.py     words with times, status and source; what was found of the text; the transcript
confidence.py which of the words that were found are no chance
leaps.py      passages that are not in the audio, and how sure that is
words.py      word times for engines that have none
reference.py  hand-made boundaries (TextGrid, CTM), and how far from them ours are
checks.py     what is to be said: words not found, and text and sound that do not belong together
run.py        pairs to finished outputs
"""
