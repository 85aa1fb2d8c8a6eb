"""New columns from text."""


@action(gives=["same", "name:text"])
def clean_text(
    table: Table, column: Column["text"], how: Literal["trim", "lower", "upper", "title"], name: Name
) -> Table:
    """A new column: a text without blanks at its ends, and, if asked for, in lower, upper or title case."""
    texts = _texts(table, column).str.strip()
    if how == "lower":
        texts = texts.str.lower()
    elif how == "upper":
        texts = texts.str.upper()
    elif how == "title":
        texts = texts.str.title()
    return _with(table, name, texts)


@action(gives=["same", "name:text"])
def replace_text(table: Table, column: Column["text"], old: Text, new: Text, name: Name) -> Table:
    """A new column: a text in which one part is replaced wherever it stands.

    Requires: `old` is not empty.
    """
    if not old:
        raise ActionFailed("the part to be replaced is empty")
    return _with(table, name, _texts(table, column).str.replace(old, new, regex=False))


@action(gives=["same", "name:text"])
def text_part(
    table: Table, column: Column["text"], separator: Text, part: Integer[1, 50, "parts"], name: Name
) -> Table:
    """A new column: the n-th part of a text that is split at a separator, without blanks at its ends.

    Requires: the separator is not empty.
    Ensures: missing where there are fewer parts.
    """
    if not separator:
        raise ActionFailed("the separator is empty")
    parts = _texts(table, column).str.split(separator, regex=False).str.get(part - 1)
    return _with(table, name, parts.astype("str").str.strip())  # numbers, where no text has such a part


@action(gives=["same", "name:number"])
def text_length(
    table: Table, column: Column["text"], unit: Literal["characters", "words"], name: Name
) -> Table:
    """A new column: how many characters or words a text has."""
    texts = _texts(table, column)
    return _with(table, name, texts.str.len() if unit == "characters" else texts.str.split().str.len())


@action(gives=["same", "name:text"])
def join_text(table: Table, columns: Columns[2, 8], separator: Text, name: Name) -> Table:
    """A new column: the texts of several columns, joined; missing where one of them is."""
    parts = [_texts(table, column) for column in columns]
    made = parts[0]
    for part in parts[1:]:
        made = made.str.cat(part, sep=separator)
    return _with(table, name, made)
