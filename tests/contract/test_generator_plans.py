"""Plans over a real socket: who is asked, what the guard gets, what is on record, when code comes next."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.generator.v1 import generator_pb2

from placet.actions.plan import read_plan
from placet.rpc.errors import ServiceError
from tests.contract.test_generator import (
    PROGRAM,
    REPLY,
    SCOPE,
    SECRET_PROSE,
    TEAM,
    Chain,
    a_task,
    chain,  # noqa: F401 (fixtures)
    model,  # noqa: F401
)

MEAN = {"action": "value", "table": 1, "column": "price", "how": "mean"}
OWN = b'''"""Ours."""


@action(gives=["same"])
def cheap(table: Table, column: Column["number"]) -> Table:
    """The rows below the mean."""
    return table[table[column] < table[column].mean()]
'''


def in_mode(mode: str, more: str = "") -> bytes:
    return SCOPE + f"mode: {mode}\n{more}".encode()


def scripted(*replies: object) -> Any:
    """A model that says these things in turn wherever it is held to a schema, and code elsewhere."""
    left = list(replies)

    def reply(body: Mapping[str, Any]) -> str:
        return json.dumps(left.pop(0)) if "response_format" in body else REPLY

    return reply


def plan_of_a_mean() -> Any:
    return scripted({"action": "value"}, {"step": MEAN}, {"action": "finish"})


def programs(responses: list[Any]) -> list[generator_pb2.Program]:
    return [response.program for response in responses if response.WhichOneof("event") == "program"]


async def test_a_plan_travels_with_its_program_and_is_on_record(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = in_mode("actions")
    chain.model.reply = plan_of_a_mean()
    responses = await chain.solve()

    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE
    (program,) = programs(responses)
    (review,) = chain.guard.reviews
    assert program.plan == review.plan
    assert [step.action for step in read_plan(program.plan).steps] == ["read", "value"]
    assert review.program == program.source == chain.executor.received[0][0].program
    (record,) = chain.log.of("program_generated")
    assert record.body["plan_sha256"] == hashlib.sha256(program.plan).hexdigest()
    assert record.bodies["plan"] == program.plan
    assert (record.body["prompt_tokens"], record.body["completion_tokens"]) == (33, 21)


async def test_a_model_is_held_to_the_columns_that_there_are(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = in_mode("actions")
    chain.model.reply = plan_of_a_mean()
    await chain.solve()
    formats = [request["response_format"]["json_schema"] for request in chain.model.requests]
    assert all(each["strict"] for each in formats)
    assert '"price"' in json.dumps(formats[1]["schema"])
    assert '"region"' not in json.dumps(formats[1]["schema"])  # it is text: it has no mean


async def test_a_task_that_is_a_plan_asks_no_model(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = in_mode("actions")
    responses = await chain.solve(a_task(text="MEAN price BY region"))
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE
    assert chain.model.requests == []
    (record,) = chain.log.of("program_generated")
    assert (record.body["model"], record.body["prompt_tokens"]) == ("", 0)
    assert programs(responses)[0].model == ""


async def test_a_task_that_is_a_plan_and_does_not_fit_is_a_recorded_refusal(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = in_mode("actions_then_program")
    error = await chain.refusal(a_task(text="MEAN prize BY region"))
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PLAN_INVALID")
    assert "step 2.column: there is no column 'prize'; there are: region, price" in error.message
    assert chain.log.kinds() == ["task_received", "task_refused", "task_finished"]
    assert chain.model.requests == []


async def test_where_only_actions_may_run_no_code_is_asked_for(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = in_mode("actions")
    chain.model.reply = lambda _: REPLY
    error = await chain.refusal()
    assert error.reason == "MODEL_REPLY_UNUSABLE"
    assert len(chain.model.requests) == 3
    assert chain.guard.reviews == []


async def test_code_comes_next_when_the_model_says_that_no_plan_fits(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = in_mode("actions_then_program")
    chain.model.reply = scripted({"action": "cannot"})
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE
    (program,) = programs(responses)
    assert (program.source, program.plan, program.attempt) == (PROGRAM.encode(), b"", 1)
    assert chain.guard.reviews[0].plan == b""
    (none,) = chain.log.of("generation_failed")
    assert (none.body["reason"], none.body["attempt"], none.body["caller"]) == ("NO_PLAN", 1, TEAM)
    assert none.body["prompt_tokens"] == 11  # it was paid for


async def test_code_comes_next_when_a_plan_fails_is_denied_or_is_none(chain: Chain) -> None:  # noqa: F811
    for number, trouble in enumerate(("fails", "is denied", "is none")):
        chain.guard.document = in_mode("actions_then_program")
        chain.model.reply = plan_of_a_mean() if trouble != "is none" else scripted({"action": "nonsense"})
        chain.guard.reviews.clear()
        if trouble == "fails":
            chain.executor.ends = [(common_pb2.RUN_STATUS_EXITED, 1, b"ActionFailed: no\n")]
        if trouble == "is denied":
            chain.guard.verdicts = [common_pb2.VERDICT_DENIED]
        responses = await chain.solve(a_task(request_id=f"r-{number}"))
        assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE, trouble
        assert (programs(responses)[-1].source, programs(responses)[-1].attempt) == (PROGRAM.encode(), 2), (
            trouble
        )
        assert [bool(review.plan) for review in chain.guard.reviews][-1] is False, trouble


async def test_a_failed_plan_is_made_again_where_only_actions_may_run(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = in_mode("actions")
    chain.executor.ends = [(common_pb2.RUN_STATUS_EXITED, 1, b"__main__.ActionFailed: no number\n")]
    again = ({"action": "value"}, {"step": MEAN | {"how": "max"}}, {"action": "finish"})
    chain.model.reply = scripted({"action": "value"}, {"step": MEAN}, {"action": "finish"}, *again)
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE
    assert len(programs(responses)) == 2
    assert "no number" in str(chain.model.requests[3]["messages"])
    assert "no number" not in str(chain.model.requests[2]["messages"])


async def test_a_dictated_plan_that_fails_is_the_answer(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = in_mode("actions_then_program")
    chain.executor.ends = [(common_pb2.RUN_STATUS_EXITED, 1, b"ActionFailed: no\n")]
    responses = await chain.solve(a_task(text="MEAN price"))
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_PROGRAM_FAILED
    assert (chain.model.requests, len(chain.executor.received)) == ([], 1)


async def test_a_teams_own_action_comes_with_its_scope(chain: Chain) -> None:  # noqa: F811
    digest = hashlib.sha256(OWN).hexdigest()
    more = f"files: {{own.py: {digest}}}\nactions: {{only: [read, cheap], own: [own.py]}}\n"
    chain.guard.document = in_mode("actions", more)
    chain.guard.files = [common_pb2.ScopeFile(name="own.py", content=OWN)]
    responses = await chain.solve(a_task(text='read file="sales.csv"\ncheap table=1 column=price'))
    assert b"def cheap(" in programs(responses)[0].source
    assert b"@action" not in programs(responses)[0].source


async def test_a_scope_whose_files_do_not_come_with_it_cannot_be_used(chain: Chain) -> None:  # noqa: F811
    more = f"files: {{own.py: {hashlib.sha256(OWN).hexdigest()}}}\nactions: {{own: [own.py]}}\n"
    chain.guard.document = in_mode("actions", more)
    for files in ([], [common_pb2.ScopeFile(name="own.py", content=OWN + b"# changed\n")]):
        chain.guard.files = files
        error = await chain.refusal(a_task(request_id=f"r-{len(files)}"))
        assert (error.code, error.reason) == (grpc.StatusCode.INTERNAL, "SCOPE_UNREADABLE")
    assert (chain.model.requests, chain.guard.reviews) == ([], [])


async def test_what_broke_the_contract_is_told_by_path_and_rule_and_never_by_value(chain: Chain) -> None:  # noqa: F811
    chain.executor.ends = [(common_pb2.RUN_STATUS_CONTRACT_VIOLATED, 0, b"")]
    chain.executor.violations = [
        common_pb2.Violation(path="result.json:$.mean", rule="result.type", message=SECRET_PROSE),
        common_pb2.Violation(path="artifacts/x.csv", rule="deny.name", message=SECRET_PROSE),
        common_pb2.Violation(path=f"artifacts/{SECRET_PROSE}", rule="deny.value", message=SECRET_PROSE),
    ]
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE
    second = str(chain.model.requests[1]["messages"])
    assert (
        'deny.name at "artifacts/*.csv", deny.value at "artifacts/*", result.type at "result.json:$.mean"'
        in second
    )
    assert SECRET_PROSE not in second


async def test_three_answers_that_break_the_contract_are_the_answer(chain: Chain) -> None:  # noqa: F811
    chain.executor.ends = [(common_pb2.RUN_STATUS_CONTRACT_VIOLATED, 0, b"")] * 3
    chain.executor.violations = [common_pb2.Violation(path="stdout", rule="secrets.aws", message="a key")]
    finished = (await chain.solve())[-1].finished
    assert finished.outcome == generator_pb2.OUTCOME_PROGRAM_FAILED
    assert finished.status == common_pb2.RUN_STATUS_CONTRACT_VIOLATED
    assert [(v.path, v.rule, v.message) for v in finished.violations] == [("stdout", "secrets.aws", "a key")]
    assert list(finished.notices) == ["chart.gif was withheld"]
    assert len(chain.executor.received) == 3


async def test_columns_that_are_not_granted_reach_no_model(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = (
        SCOPE + b'prompt: {sample_rows: 5}\ninputs: {columns: [{input: "*", grant: [region]}]}\n'
    )
    await chain.solve()
    asked = chain.model.requests[0]["messages"][-1]["content"]
    assert '"region" (text)' in asked
    assert "North" in asked
    assert '"price"' not in asked
    assert "3" not in asked.split("columns:")[1].split("Task:")[0]


async def test_a_contract_is_told_to_the_model_before_it_writes(chain: Chain) -> None:  # noqa: F811
    chain.guard.document = SCOPE + (
        b"outputs:\n  kinds: [csv, json]\n  contract:\n    result: {type: object, required: [mean]}\n"
        b"    max_rows: 50\n    min_group: {size: 5, count: n}\n    deny_columns: [email]\n"
    )
    await chain.solve()
    rules = chain.model.requests[0]["messages"][0]["content"]
    for told in (
        '"required": ["mean"]',
        "more than 50 rows",
        'column "n"',
        '"email"',
        "csv, json",
        "Print nothing",
    ):
        assert told in rules


async def test_a_contract_is_told_to_who_plans_too(chain: Chain) -> None:  # noqa: F811
    contract = "outputs:\n  kinds: [json]\n  contract:\n    result: {type: object, required: [mean]}\n"
    chain.guard.document = in_mode("actions", contract)
    chain.model.reply = plan_of_a_mean()
    await chain.solve()
    told = chain.model.requests[0]["messages"][0]["content"]
    assert 'The last step writes the file "result" as JSON that fits this JSON Schema' in told
    assert '"required": ["mean"]' in told


async def test_without_a_contract_the_prompt_says_nothing_of_one(chain: Chain) -> None:  # noqa: F811
    await chain.solve()
    assert "Write files of these kinds" not in chain.model.requests[0]["messages"][0]["content"]


async def test_tokens_of_a_plan_that_was_not_waited_for_are_on_record(chain: Chain) -> None:  # noqa: F811
    """quotas 2.10: what was answered, and an estimate of what was not."""
    chain.guard.document = in_mode("actions")

    def reply(body: Mapping[str, Any]) -> str:
        if len(chain.model.requests) > 1:
            raise ConnectionError("no answer to the second question")
        return json.dumps({"action": "value"})

    chain.model.reply = reply
    error = await chain.refusal()
    assert isinstance(error, ServiceError)
    (failed,) = chain.log.of("generation_failed")
    assert failed.body["prompt_tokens"] == 11
