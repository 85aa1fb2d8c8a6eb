"""Whatever a model replies, what comes of it is a plan that fits, or none."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from generator_svc import plan_prompt
from generator_svc.planning import Planning, Vocabulary, tables_of
from generator_svc.profile import profile
from generator_svc.prompt import Message, ScopeBrief
from placet.actions.catalogue import make_catalogue
from placet.actions.checking import check
from placet.actions.compiling import compile_plan
from placet.actions.plan import read_plan
from placet.llm.chat import NO_COST, Cost, ModelError, Reply
from placet.rpc.deadline import Deadline

CATALOGUE = make_catalogue()
SALES = profile("sales.csv", b"region,price,day,ok\nNorth,1,2024-01-02,true\n")
VOCABULARY = Vocabulary(CATALOGUE, tables_of([SALES]), cannot=True)
FIRST = plan_prompt.first("x", ScopeBrief("p", ()), [SALES], CATALOGUE, cannot=True)

_names = st.sampled_from(
    ["region", "price", "day", "ok", "sales.csv", "mean", "largest", "os", "x\n'\"", "new"]
)
_scalars = st.none() | st.booleans() | st.integers(-2, 30) | st.floats() | _names
_conditions = st.fixed_dictionaries(
    {"column": _names, "op": st.sampled_from(["=", "<", "in"]), "value": _scalars}
)
_values = _scalars | st.lists(_names | _conditions, max_size=3)


class Arbitrary:
    """Answers with an action that there is or is not, then with any values for its parameters."""

    def __init__(self, data: st.DataObject) -> None:
        self._data, self._action = data, "read"

    async def step(
        self, messages: Sequence[Message], schema: Mapping[str, Any], *, attempt: int, deadline: Deadline
    ) -> Reply:
        if "action" in schema["properties"]:
            self._action = self._data.draw(st.sampled_from([*CATALOGUE.actions, "finish", "cannot", "exec"]))
            return self._reply({"action": self._action})
        known = CATALOGUE.actions.get(self._action)
        names = [each.name for each in known.parameters] if known else []
        values = {name: self._data.draw(_values) for name in names}
        return self._reply({"step": {"action": self._action, **values}})

    def _reply(self, value: object) -> Reply:
        return Reply(json.dumps(value), "any", "stop", 1, 1, bytes(32))

    def estimated_cost(self, messages: Sequence[Message]) -> Cost:
        return NO_COST


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_a_model_replies_a_program_is_what_its_plan_compiles_to(data: st.DataObject) -> None:
    made = Planning(Arbitrary(data), VOCABULARY, FIRST, 1)
    written, reason = None, "MODEL_REPLY_UNUSABLE"
    try:
        written = asyncio.run(made.write(Deadline.after(60)))
    except ModelError as error:
        reason = error.reason
    assert reason == "MODEL_REPLY_UNUSABLE"
    if written is not None:
        plan = read_plan(written.plan)
        assert check(plan, CATALOGUE, VOCABULARY.inputs) == ()
        assert written.program == compile_plan(plan, CATALOGUE)
