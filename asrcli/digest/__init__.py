"""The field's news every morning, with proof for every sentence.

    web, markup, cleaning          answers from the network or from recordings; hostile text made harmless
    items, states                  what travels: one piece of news, and how each source ended
    sources/                       arXiv, Hugging Face, feeds and GitHub releases, Hacker News, X
    store                          SQLite: what was seen, what was reported, how far each source was read
    interests, ranking, families, sentences, figures, topics
    edition                        one day, as written to DATE.json; compose builds it, verify proves it
    pages/                         markdown, HTML, feeds, outlines, blocks of a README
    podcast/, mindmap, paper       what else is made of the same verified sentences

Nothing here needs a language model or a network: ``asr digest run --replay`` rebuilds a day from recorded answers.
"""
