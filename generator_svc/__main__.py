"""The generator's wiring: settings → adapters → core → servicer → server."""

from contextlib import AsyncExitStack

import grpc
import uvloop
from placetpb.generator.v1.generator_pb2_grpc import add_GeneratorServiceServicer_to_server

from generator_svc.executor_client import GrpcExecutor
from generator_svc.generate import ModelPlanner, ModelWriter
from generator_svc.guard_client import GrpcGuard
from generator_svc.people_client import GrpcPeople
from generator_svc.places import Places
from generator_svc.servicer import ALLOW, SERVICE, GeneratorServicer
from generator_svc.settings import GeneratorSettings
from generator_svc.solve import Ports, Solver
from generator_svc.task import MAX_REVIEW_WAIT_S
from placet.audit.client import GrpcAuditLog
from placet.environment import load
from placet.llm.chat import ChatModel
from placet.rpc import metrics
from placet.rpc.channel import connect
from placet.rpc.deadline import MAX_RPC_S
from placet.rpc.health import Patient, serves
from placet.rpc.server import serve
from placet.rpc.telemetry import configure_logging


async def run(settings: GeneratorSettings) -> None:
    """Serve until a signal; then close what was opened."""
    async with AsyncExitStack() as opened:
        audit, guard, executor = [
            await opened.enter_async_context(connect(address, settings.tls, server=server))
            for server, address in (
                ("audit", settings.audit_address),
                ("guard", settings.guard_address),
                ("executor", settings.executor_address),
            )
        ]
        model = ChatModel(settings.chat)
        opened.push_async_callback(model.aclose)
        ports = Ports(
            log=GrpcAuditLog(audit, streams=True),
            guard=GrpcGuard(guard),
            executor=GrpcExecutor(executor),
            people=GrpcPeople(audit),
            writer=ModelWriter(model, max_tokens=settings.max_program_tokens),
            planner=ModelPlanner(model),
        )
        places = Places(
            solving=settings.max_concurrent_tasks,
            waiting=settings.max_waiting_tasks,
            queued=settings.max_queued_tasks,
        )
        metrics.TASKS_CAPACITY.set(settings.max_concurrent_tasks)
        servicer = GeneratorServicer(Solver(ports, places), places)

        def register(server: grpc.aio.Server) -> list[str]:
            add_GeneratorServiceServicer_to_server(servicer, server)
            return [SERVICE]

        async def healthy() -> bool:
            # Without log or guard every task fails; a missing model or executor has a reason of its own.
            return await serves(audit, "audit") and await serves(guard, "guard")

        await serve(
            name="generator",
            listen=settings.listen,
            tls=settings.tls,
            allow=ALLOW,
            register=register,
            ready_file=settings.ready_file,
            turnover=settings.turnover,
            health_check=Patient(healthy),
            max_rpc_s=MAX_RPC_S + MAX_REVIEW_WAIT_S,
            on_stop=places.close,
            metrics=metrics.Shown(settings.metrics_listen, metrics.GENERATOR + metrics.MODEL),
        )


def main() -> None:
    """Entry point of `python -m generator_svc`."""
    settings = load(GeneratorSettings)
    configure_logging("generator")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
