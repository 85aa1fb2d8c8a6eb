"""What is taken out of a reply is exactly what was between the fences, or nothing."""

import pytest

from generator_svc.extract import MAX_PROGRAM_BYTES, ReplyUnusable, program_of

PROGRAM = "import math\n\nprint('ü', math.pi)  # trailing  \n"


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{PROGRAM}```",
        f"Sure!\n\n```python\n{PROGRAM}```\nThis prints pi.",
        f"```py\n{PROGRAM}```",
        f"```\n{PROGRAM}```",
        f'```python title="p.py"\n{PROGRAM}```',
        f"```python\n{PROGRAM}",  # the model stopped without closing the fence
        PROGRAM,
    ],
)
def test_the_program_is_taken_byte_for_byte(reply: str) -> None:
    assert program_of(reply) == PROGRAM.encode()


def test_the_longest_python_block_is_the_program() -> None:
    assert program_of(f"```python\nx = 1\n```\nor\n```python\n{PROGRAM}```") == PROGRAM.encode()


def test_blocks_of_other_languages_are_left_alone() -> None:
    assert program_of(
        f"```bash\npip install something-very-long-indeed-and-more\n```\n```python\n{PROGRAM}```"
    ) == (PROGRAM.encode())


def test_a_fence_inside_a_string_does_not_end_the_program() -> None:
    program = "print('''a ``` b''')\n"
    assert program_of(f"```python\n{program}```") == program.encode()


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   \n",
        "I cannot do that.",
        "Yes",
        "42",
        "```python\n\n```",
        "```python\nprint(\n```",
        "```bash\nrm -rf /\n```",
        "```python\nprint('\0')\n```",
        "```python\nprint('\ud800')\n```",
        "```python\n" + "(" * 5000 + ")" * 5000 + "\n```",
        "```python\nprint(" + "-" * 50_000 + "1)\n```",
        f"```python\nprint({'1' * (MAX_PROGRAM_BYTES + 1)!r})\n```",
    ],
)
def test_a_reply_without_a_usable_program_is_refused(reply: str) -> None:
    with pytest.raises(ReplyUnusable):
        program_of(reply)
