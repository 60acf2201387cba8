"""The field's news every morning, with proof for every sentence.

    sources/                       arXiv, Hugging Face, feeds and GitHub releases, Hacker News, X
    items                          what travels: one piece of news, and how each source ended
    store                          SQLite: what was seen, what was reported, how far each source was read
    settings, ranking, topics, families, phrases, sentences, figures, statements/
    edition                        one day, as written to DATE.json; compose builds it, verify proves it
    pages/                         markdown, HTML, feeds, blocks of a README
    papers/                        a page about one paper: its claim, and what carries it
    podcast/, mindmap              what else is made of the same verified sentences

Nothing here needs a language model or a network: ``asr digest run --replay`` rebuilds a day from recorded answers.
"""
