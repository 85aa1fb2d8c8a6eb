"""One attempt at a program: ask the model, take the program out of its reply.

Knows that later attempts need another answer than the first. Must not know why there is a later attempt.
"""

from collections.abc import Mapping, Sequence

from generator_svc.extract import ReplyUnusable, program_of
from generator_svc.ports import Written
from generator_svc.prompt import Message
from placet.llm.chat import ChatModel, Cost, ModelError, Reply, estimated_cost, prompt_bytes
from placet.rpc.deadline import Deadline

# The first answer is the most likely one; asked again at 0, a model mostly repeats itself.
FIRST_TEMPERATURE = 0.0
LATER_TEMPERATURE = 0.4
# What reviewing, running and recording need after the model has answered.
KEEP_S = 3.0
MAX_STEP_TOKENS = 1000
"""A step with its longest list of values has fewer."""


class ModelWriter:
    """Writer on a chat model."""

    def __init__(self, model: ChatModel, *, max_tokens: int) -> None:
        self._model = model
        self._max_tokens = max_tokens

    async def write(self, messages: Sequence[Message], *, attempt: int, deadline: Deadline) -> Written:
        """See `ports.Writer`."""
        reply = await self._model.reply(
            messages,
            max_tokens=self._max_tokens,
            temperature=FIRST_TEMPERATURE if attempt == 1 else LATER_TEMPERATURE,
            deadline_s=deadline.remaining_s(keep_s=KEEP_S),
        )
        try:
            program = program_of(reply.text)
        except ReplyUnusable as err:
            cost = Cost(reply.prompt_tokens, reply.completion_tokens)
            raise ModelError("MODEL_REPLY_UNUSABLE", str(err), cost=cost) from err
        return Written(
            program=program,
            model=reply.model,
            prompt=prompt_bytes(messages),
            reply=reply.text.encode(errors="replace"),
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
        )

    def estimated_cost(self, messages: Sequence[Message]) -> Cost:
        """See `ports.Writer`."""
        return estimated_cost(messages, self._max_tokens)


class ModelPlanner:
    """Planner on a chat model."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    async def step(
        self, messages: Sequence[Message], schema: Mapping[str, object], *, attempt: int, deadline: Deadline
    ) -> Reply:
        """See `ports.Planner`."""
        return await self._model.reply(
            messages,
            max_tokens=MAX_STEP_TOKENS,
            temperature=FIRST_TEMPERATURE if attempt == 1 else LATER_TEMPERATURE,
            schema=schema,
            deadline_s=deadline.remaining_s(keep_s=KEEP_S),
        )

    def estimated_cost(self, messages: Sequence[Message]) -> Cost:
        """See `ports.Planner`."""
        return estimated_cost(messages, MAX_STEP_TOKENS)
