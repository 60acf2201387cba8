"""What is published about recognisers, dated and with its sources, and runs measured here placed beside it.

`tables` has the values, `snapshot` their files; `published` and `update` read and fetch them; `view` and `ranking`
make a board, which `output` writes in every format; `scores` and `manifests` deal with the leaderboard's own files.
"""
