"""What is published about recognisers, dated and with its sources, and runs measured here placed beside it.

tables.py       values: tables, rows, test sets, protocols
snapshot.py     their files: the ones that come with asr, and the versions that `update` has fetched
published.py    tables as the Open ASR Leaderboard publishes them (CSV)
update.py       the live tables of the hub
ranking.py      which rows and test sets, averages, ranks and how far they can be trusted
defects.py      what is wrong or fragile in a table, found by recomputing it
runs.py         a run of `asr bench` as a row, and what of it can be compared
manifests.py    the leaderboard's own manifests: read, scored to the last digit, written
terminal.py, reports.py, markdown.py, html.py, plot.py   what people and programs read
"""
