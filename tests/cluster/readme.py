"""The README's own commands, taken out of it so that they are what the tests run."""

from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def commands(marker: str, text: str | None = None) -> str:
    """Return the shell commands of the code block that follows the comment `<!-- run by MARKER -->`.

    Raises ValueError when the README has no such block.
    """
    text = README.read_text() if text is None else text
    _, found, after = text.partition(f"<!-- run by {marker} -->")
    _, fence, block = after.partition("```sh\n")
    if not found or not fence:
        raise ValueError(f"README.md has no block that is run by {marker}")
    return block.partition("```")[0]
