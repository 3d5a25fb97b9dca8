"""One log, one line for each thing that happened, and nobody's name in it.

Form     JSON where nobody watches, colours on a terminal; always on standard error
Facts    a line's own words are fixed; what varies is in `facts`: `log.info("request", extra={...})`
Trap     the text of an exception repeats what it choked on: a phone, a key, a whole document. So
         a failure is told by its type and the places it passed, never by its text.
"""

import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor

REQUEST: Final[ContextVar[str | None]] = ContextVar("doorstep.request", default=None)
"""The request that the running task answers. The edge binds it."""

OURS: Final = "doorstep"
_TALKATIVE: Final = ("httpx", "httpcore", "pymongo", "uvicorn", "websockets")
"""They log addresses and commands on INFO or below."""
_FRAMES: Final = 12
_CAUSES: Final = 5


def set_up(stream: TextIO | None = None, *, level: int = logging.INFO) -> logging.Handler:
    """Send every logger's lines to `stream`, once, in our form, and nowhere else."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter(coloured=handler.stream.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def facts(**told: object) -> dict[str, dict[str, object]]:
    """What varies in a line, for `extra=`. Ids, codes and numbers; never a name, phone or door."""
    return {"facts": told}


def formatter(*, coloured: bool) -> logging.Formatter:
    """How a record becomes a line."""
    render: Processor = (
        structlog.dev.ConsoleRenderer() if coloured else structlog.processors.JSONRenderer(_json)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _first_line_of_others,
            _add_facts,
            _tell_failure,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        keep_exc_info=True,
    )


def _json(line: Any, **_: Any) -> str:
    return orjson.dumps(line, default=lambda value: type(value).__name__).decode()


def _first_line_of_others(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """asyncio puts the exception's text, and all that a task holds, on the lines that follow."""
    if not line["_record"].name.startswith(OURS):
        line["event"] = str(line["event"]).split("\n", 1)[0]
    return line


def _add_facts(_logger: Any, _method: str, line: EventDict) -> EventDict:
    if request := REQUEST.get():
        line["request"] = request
    line.update(getattr(line["_record"], "facts", {}))
    return line


def _tell_failure(_logger: Any, _method: str, line: EventDict) -> EventDict:
    given = line.pop("exc_info", None) or line["_record"].exc_info
    line["_record"].exc_info = line["_record"].exc_text = None
    if given and given[1] is not None:
        line["failure"] = [step for cause in _causes(given[1]) for step in _places(cause)]
    return line


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what led to it."""
    seen: BaseException | None = error
    for _ in range(_CAUSES):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _places(error: BaseException) -> list[str]:
    """The type, with a server's code where there is one, and the frames it passed, inmost last."""
    code = getattr(error, "code", None)
    named = type(error).__name__ + (f" {code}" if isinstance(code, int) else "")
    frames, trace = [], error.__traceback__
    while trace is not None:
        spot = trace.tb_frame.f_code
        frames.append(f"{spot.co_filename}:{trace.tb_lineno} {spot.co_name}")
        trace = trace.tb_next
    return [named, *frames[-_FRAMES:]]
