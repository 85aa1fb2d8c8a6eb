"""An MCP host in a few lines: starts `placet mcp`, shows its tools, has a program reviewed and run.

    placet up --detach
    python examples/agents/mcp_host.py

Needs the library `mcp`; no model. A host with a model would let it choose the tool and write the program.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp_types import TextContent

EXAMPLES = Path(__file__).resolve().parents[1]
HONEST = """\
import pandas as pd
table = pd.read_csv("penguins.csv")
print(table.groupby("species")["body_mass_g"].mean().round(1).to_string())
"""
CURIOUS = "import os\nprint(os.environ)"


async def main() -> None:
    """One program that is allowed, and one that is not."""
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "placet.cli", "mcp", "--scope", "data-analysis", "--files", str(EXAMPLES)],
        env=dict(os.environ),
    )

    async def on_progress(_: float, __: float | None, message: str | None) -> None:
        print(f"… {message}", file=sys.stderr)

    async with Client(command) as placet:
        tools = (await placet.list_tools()).tools
        print("tools:", ", ".join(tool.name for tool in tools))
        for program in (HONEST, CURIOUS):
            result = await placet.call_tool(
                "run",
                {"program": program, "scope": "data-analysis", "files": [{"name": "penguins.csv"}]},
                progress_callback=on_progress,
            )
            print("error" if result.is_error else "answer", result.structured_content or "")
            print("\n".join(block.text for block in result.content if isinstance(block, TextContent)))


if __name__ == "__main__":
    asyncio.run(main())
