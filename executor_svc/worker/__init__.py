"""A worker: a sandbox in a process or pod of its own, without log, keys or network, that one front leases."""
