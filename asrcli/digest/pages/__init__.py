"""Pages made from editions: a text of a stranger is escaped by the page's own writer, every time."""
