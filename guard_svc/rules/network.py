"""The hosts a program reaches: URLs, addresses, connections, databases.

Knows addresses and what a scope grants. Must not know files or processes.

In a scope without network every use denies. In a scope with named hosts, a host that is known must be one of
them; one that is not known is noted, because the sandbox lets nothing else through.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from guard_svc.rules.arguments import argument, shown
from guard_svc.rules.catalogue import Argument, Effect
from guard_svc.rules.fold import UNKNOWN
from guard_svc.rules.places import Answer, Place, host_answer, place_of, url_answer
from guard_svc.rules.subject import Subject
from guard_svc.rules.words import NETWORK_MODULES, NETWORK_TYPES, NETWORK_VERBS

_PORTS: Final[Mapping[str, int]] = {
    "http.client.HTTPConnection": 80,
    "http.client.HTTPSConnection": 443,
    "smtplib.SMTP": 25,
    "smtplib.SMTP_SSL": 465,
    "ftplib.FTP": 21,
    "ftplib.FTP_TLS": 21,
    "imaplib.IMAP4": 143,
    "imaplib.IMAP4_SSL": 993,
    "poplib.POP3": 110,
    "poplib.POP3_SSL": 995,
    "telnetlib.Telnet": 23,
}
_HANDSHAKES: Final = frozenset({"bind", "connect", "connect_ex", "sendto"})


def check_url(subject: Subject, node: ast.AST, url: str, name: str) -> None:
    """A text that is a URL, given to `name`."""
    host = url.split("/")[2] if url.count("/") > 1 and "://" in url else "any"
    subject.need("network:" + host.replace(UNKNOWN, "?"))
    _judge(subject, node, name, shown(url), url_answer(subject.scope, url))


def check_call(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    """A function or class of a network library."""
    if not subject.scope.allow.hosts:
        _check_closed(subject, call, name, effect)
        return
    target = _destination(call, effect)
    texts = subject.names.texts(target) if target is not None else ()
    for text in texts:
        if _is_url(text) or text.startswith(UNKNOWN):
            check_url(subject, call, text, name)
        else:
            _check_host(subject, call, name, text, _port(subject, call, name))
    if isinstance(target, ast.Tuple):
        _check_address(subject, call, name, target)
    elif target is None or not texts or not subject.names.is_known(target):
        _unknown(subject, call, name)


def _destination(call: ast.Call, effect: Effect) -> ast.expr | None:
    """Where the call goes: the catalogue's argument, or the keyword that network libraries use for it."""
    found = argument(call, effect.path)
    usual = (argument(call, Argument(None, word)) for word in ("url", "host", "address", "uri", "base_url"))
    return found if found is not None else next((value for value in usual if value is not None), None)


def check_method(subject: Subject, call: ast.Call, name: str) -> None:
    """A method of a network library's object, or of an unknown one, by the addresses it is given."""
    method = name.rpartition(".")[2]
    for value in (*call.args, *(item.value for item in call.keywords)):
        if isinstance(value, ast.Tuple) and len(value.elts) >= 2 and method in _HANDSHAKES:
            _check_address(subject, call, name, value)
        elif method in NETWORK_VERBS:
            for text in subject.names.texts(value):
                if _is_url(text):
                    check_url(subject, call, text, name)


def check_database(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    """A query through a connection: a local SQLite file, or a server somewhere."""
    target = argument(call, effect.path)
    paths = subject.names.paths(target) if target is not None else frozenset()
    if "sqlite3" in subject.scope.allow.imports and paths and paths <= {"sqlite3.connect()"}:
        return
    texts = subject.names.texts(target) if target is not None else ()
    for text in texts:
        check_url(subject, call, text, name)
    if not texts:
        granted = bool(subject.scope.allow.hosts) or "sqlite3" in subject.scope.allow.imports
        _unknown(subject, call, name) if granted else _check_closed(subject, call, name, effect)


def _check_closed(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    target = argument(call, effect.path)
    texts = subject.names.texts(target) if target is not None else ()
    subject.need("network:any")
    where = f" to reach {shown(texts[0])}" if texts else ""
    message = f"{name} uses the network{where}; the scope {subject.scope.name} has none."
    subject.report("capability.network.connect", call, message)


def _check_address(subject: Subject, call: ast.Call, name: str, address: ast.Tuple) -> None:
    hosts = subject.names.texts(address.elts[0])
    ports = [port for port in subject.names.values(address.elts[1]) if isinstance(port, int)]
    for host in hosts:
        for port in ports:
            _check_host(subject, call, name, host, port)
        if not ports:
            _check_host(subject, call, name, host, None)
    if not hosts:
        _unknown(subject, call, name)


def _check_host(subject: Subject, call: ast.Call, name: str, host: str, port: int | None) -> None:
    subject.need(f"network:{host.replace(UNKNOWN, '?')}")
    place = shown(host if port is None else f"{host}:{port}")
    _judge(subject, call, name, place, host_answer(subject.scope, host, port))


def _port(subject: Subject, call: ast.Call, name: str) -> int | None:
    given = argument(call, Argument(1, "port"))
    if given is None:
        return _PORTS.get(name)
    numbers = [value for value in subject.names.values(given) if isinstance(value, int)]
    return numbers[0] if len(numbers) == 1 else None


def _judge(subject: Subject, node: ast.AST, name: str, place: str, answer: Answer) -> None:
    if answer is Answer.NO:
        message = f"{name.lstrip('.')} reaches {place}, which the scope {subject.scope.name} does not name."
        subject.report("capability.network.connect", node, message)
    elif answer is Answer.OPEN and not subject.scope.allow.hosts:
        message = f"{name.lstrip('.')} uses the network; the scope {subject.scope.name} has none."
        subject.report("capability.network.connect", node, message)
    elif answer is Answer.OPEN:
        _unknown(subject, node, name)


def _unknown(subject: Subject, node: ast.AST, name: str) -> None:
    subject.need("network:?")
    message = f"{name.lstrip('.')} reaches a host that is not known before the program runs."
    subject.report("capability.network.dynamic", node, message)


def _is_url(text: str) -> bool:
    return place_of(text) is Place.NETWORK


def constant_name(name: str) -> bool:
    """Whether a member of a network library is a constant, an exception or a type, which reach nothing."""
    member = name.rpartition(".")[2]
    return (
        member.isupper()
        or member.endswith(("Error", "Exception", "error", "Timeout"))
        or member in NETWORK_TYPES
    )


def addresses(names: Iterator[str]) -> bool:
    """Whether any of the names belongs to a network library."""
    return any(name.partition(".")[0] in NETWORK_MODULES for name in names)
