"""Markdown to its text. Pure."""

import re

# every repetition is bounded: an unbounded one is quadratic on a page written for it
_RULES = (
    (re.compile(r"^[ \t]{0,20}(?:`{3,9}|~{3,9}).*$", re.MULTILINE), ""),
    (re.compile(r"!?\[([^\]\[]{0,1000}+)\]\([^)\s]{0,2000}+(?:[ \t]{1,3}\"[^\"\n]{0,300}\")?\)"), r"\1"),
    (re.compile(r"^[ \t|:-]{0,300}-{3}[ \t|:-]{0,300}$", re.MULTILINE), ""),
    (re.compile(r"^ {0,3}#{1,6} {1,5}", re.MULTILINE), ""),
    (re.compile(r"^[ \t]{0,20}> ?", re.MULTILINE), ""),
    (re.compile(r"^([ \t]{0,40})[-*+] {1,5}", re.MULTILINE), r"\1"),
    (re.compile(r"\*\*(?=\S)([^\n*]{1,300}+)\*\*"), r"\1"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,300}+)\*(?![\w*])"), r"\1"),
    (re.compile(r"`([^`\n]{1,300}+)`"), r"\1"),
    (re.compile(r"^[ \t]{0,20}\|(.*?)\|?[ \t]{0,20}$", re.MULTILINE), r"\1"),
    (re.compile(r"[ \t]{1,20}\|[ \t]{1,20}"), " "),
    (re.compile(r"[ \t]{1,40}\n"), "\n"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])"), r"\1"),
    (re.compile(r"\n{3,}"), "\n\n"),
)


def text_of(markdown: str) -> str:
    """The words of a Markdown text, without links' targets and marks."""
    for pattern, put in _RULES:
        markdown = pattern.sub(put, markdown)
    return markdown.strip()


def fenced(code: str, language: str = "") -> str:
    """A code block whose fence does not stand inside it."""
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", code)), default=0) + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def table(rows: list[list[str]]) -> str:
    """A Markdown table; the first row is its head. Cells are kept on one line."""
    width = max((len(row) for row in rows), default=0)
    if not width:
        return ""
    lines = [
        "| " + " | ".join(_cell(cell) for cell in row + [""] * (width - len(row))) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
