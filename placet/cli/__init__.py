"""The `placet` command. Everything it knows of services comes through placet/client.py."""

import os

# gRPC's own log lines would stand between our sentences on stderr; every failure is told as a ServiceError.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
