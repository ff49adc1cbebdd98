"""What README, CONTRIBUTING and docs show as code: fenced blocks and inline commands."""

import re
import shlex
from dataclasses import dataclass

from tests.runs import ROOT

PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
)

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
_INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_TITLE = re.compile(r'title="([^"]+)"')

# What an inline piece of code begins with when it is a command to type.
_COMMANDS = re.compile(
    r"(\.venv/bin/\S+ |\.tools/uv |kedro |make |python -m |pytest |gcloud |docker "
    r"|deploy/\S+\.sh )\S"
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    title: str
    text: str

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks_of(path):
    """Give the fenced blocks of a page in order."""
    page, text = str(path.relative_to(ROOT)), path.read_text()
    found = []
    for fence in _FENCE.finditer(text):
        language, _, rest = fence["info"].strip().partition(" ")
        title = _TITLE.search(rest)
        lines = [
            line.removeprefix(fence["indent"])
            for line in fence["text"].splitlines(True)
        ]
        number = text[: fence.start()].count("\n") + 1
        named = title[1] if title else ""
        found.append(Block(page, number, language, named, "".join(lines)))
    return found


def prose_of(path):
    """Give a page without its fenced blocks."""
    return _FENCE.sub("", path.read_text())


def commands_of(text):
    """Give the commands of a shell block, one a line, without comments."""
    joined = text.replace("\\\n", " ")
    lines = (_without_comment(line) for line in joined.splitlines())
    return [line for line in lines if line]


def _without_comment(line):
    lexer = shlex.shlex(line, posix=False, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = list(lexer)
    at = next((i for i, w in enumerate(words) if w.startswith("#")), len(words))
    if at < len(words):  # "#" within a word, name#table, begins no comment
        line = line[: re.search(rf"(?<!\S){re.escape(words[at])}", line).start()]
    return line.strip()


def inline_commands_of(path):
    """Give the commands that a page names within its text."""
    found = [" ".join(code.split()) for code in _INLINE.findall(prose_of(path))]
    return [code for code in found if _COMMANDS.match(code)]
