"""Text and sound brought together: when each word of a known text is said, and what of both has no counterpart.

`script` has the text, `spoken` its words as they are said, `sound` the recording. `windows` takes both a window at a
time (`course`, `following`), `result` makes the transcript. `runs.align` plans, executes and writes.
"""
