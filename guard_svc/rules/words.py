"""Names that lead into the interpreter or the operating system, and those that only look so.

Knows words. Must not know programs or rules.
"""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HARMLESS_DUNDERS: Final = _words(
    """
    __name__ __doc__ __version__ __init__ __new__ __post_init__ __len__ __str__ __repr__ __eq__ __ne__
    __lt__ __le__ __gt__ __ge__ __hash__ __iter__ __next__ __contains__ __getitem__ __setitem__
    __delitem__ __add__ __sub__ __mul__ __truediv__ __floordiv__ __mod__ __pow__ __neg__ __abs__
    __bool__ __int__ __float__ __enter__ __exit__ __call__ __annotations__ __qualname__ __members__
    __all__ __and__ __or__ __xor__ __radd__ __rmul__ __iadd__ __missing__ __format__ __copy__
    __deepcopy__ __set_name__ __array__ __dataclass_fields__ __main__ __file__ __author__ __index__
    __round__ __reversed__ __matmul__ __invert__ __pos__ __lshift__ __rshift__ __divmod__ __complex__
    __future__ __slots__ __match_args__ __isub__ __imul__ __rsub__ __rtruediv__ __getattr__ __setattr__
    """
)
"""Double-underscore names that honest programs define or read."""

INTERNALS: Final = _words(
    """
    gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await ag_frame ag_code f_back f_globals f_locals
    f_builtins f_code tb_frame tb_next func_globals func_code co_code co_consts mro __traceback__
    with_traceback cr_origin gi_running _module _Printer__setup _Printer__filenames
    """
)
"""Attributes of frames, code, generators and classes."""

POWERFUL: Final = _words(
    """
    os sys subprocess socket builtins importlib ctypes shutil pickle marshal inspect types gc threading
    signal multiprocessing platform tempfile pathlib posix nt io codecs code runpy pty fcntl resource
    ssl http urllib ctypeslib f2py system popen
    """
)
"""Modules and functions that no object of an honest program leads to."""

NAMESAKES: Final = _words(
    """
    datetime.datetime datetime.time random.random random.secrets calendar.calendar copy.copy
    bisect.bisect time.time pprint.pprint array.array numpy.array numpy.copy numpy.select numpy.trace
    numpy.random.random numpy.linalg.trace numpy.ma.array numpy.ma.copy numpy.ma.trace pandas.array
    scipy.io scipy.signal scipy.optimize.bisect numpy.typing numpy.random os.path os.stat os.name
    glob.glob tokenize.tokenize struct.struct queue.queue scipy.stats.random matplotlib.pyplot.table
    matplotlib.pyplot.text uuid.uuid string.string collections.abc html.parser io.io types.types
    operator.copy datetime.calendar inspect.trace json.decoder json.encoder statsmodels.api.formula
    sys.platform sys.builtins matplotlib.colors matplotlib.path select.select pickle.pickle
    inspect.signature
    """
)
"""Members of public modules that are called like a module of the standard library, and are none."""

NETWORK_MODULES: Final = _words(
    """
    aiohttp ftplib http httpx imaplib mechanize nntplib paramiko poplib requests smtplib socket ssl telnetlib
    urllib urllib3 websocket websockets xmlrpc
    """
)
"""Libraries whose objects talk to hosts."""

NETWORK_VERBS: Final = _words(
    """
    bind connect connect_ex delete fetch get head open options patch post put request retrieve sendto
    stream urlopen urlretrieve ws_connect
    """
)
"""Methods that take a URL, whatever library they belong to."""

NETWORK_TYPES: Final = _words("timeout Response exceptions codes HTTPStatus responses Message")
"""Members of network libraries that reach nothing."""

PATH_READS: Final = _words(
    "read_text read_bytes iterdir glob rglob exists is_file is_dir stat lstat owner group walk"
)
PATH_CHANGES: Final = _words("unlink rmdir rename replace chmod symlink_to hardlink_to link_to")
"""Methods of pathlib's paths."""

COMMAND_DOORS: Final = {
    "git": _words("-c --exec-path --upload-pack --receive-pack --config-env --ext-diff --textconv -x --exec"),
    "sort": _words("--compress-program"),
    "tar": _words("--to-command --checkpoint-action --use-compress-program -I --rsh-command"),
    "zip": _words("-TT --unzip-command"),
    "find": _words("-exec -execdir -ok -okdir -delete -fprintf"),
}
"""Options that make a command start another program."""

DECODERS: Final = _words(
    """
    base64.b64decode base64.urlsafe_b64decode base64.b32decode base64.b16decode base64.a85decode
    base64.b85decode base64.decodebytes binascii.unhexlify binascii.a2b_base64 codecs.decode zlib.decompress
    bz2.decompress lzma.decompress gzip.decompress builtins.bytes.fromhex marshal.loads
    """
)
"""Functions that turn encoded text back."""

DECODED: Final = frozenset(f"{name}(){more}" for name in DECODERS for more in ("", ".decode()", ".strip()"))
"""What such a function returns, as the resolver spells it."""

SYSTEM_FOLDERS: Final = _words(
    "etc usr root proc var home srv opt lib lib64 bin sbin boot dev sys mnt media run Users Library Windows"
)
"""First parts of absolute paths that are certainly places of a machine."""

DESKTOP_NAMES: Final = _words(
    "windll oledll cdll WinDLL kernel32 user32 ntdll winreg pyautogui d3dshot mss pyperclip"
)
"""Names that mean native code, or the user's screen and clipboard, even without their import."""

JOINS: Final = _words(
    "append column_stack concat concatenate cross_join extend hstack join kron merge outer vstack"
)
"""Functions and methods that make one thing of several."""

PATTERN_FUNCTIONS: Final = frozenset(
    f"re.{name}" for name in _words("compile search match fullmatch split findall finditer sub subn")
)
PATTERN_METHODS: Final = _words(
    "contains count extract extractall findall fullmatch match replace rsplit split"
)
"""What takes a regular expression: functions of `re`, and methods of pandas' texts."""

SAME_LENGTH: Final = frozenset(
    f"builtins.{name}"
    for name in _words("list tuple sorted enumerate reversed set frozenset bytes bytearray")
) | frozenset(
    f"{module}.{name}" for module in _words("zlib bz2 lzma gzip") for name in _words("compress decompress")
)
"""Functions whose result is as long as their argument, or was before it was compressed."""

SPAWNERS: Final = _words("Thread Process Timer submit apply_async start_new_thread create_task")
"""What runs a function beside the program."""
