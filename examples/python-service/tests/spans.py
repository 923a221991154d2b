"""Tests of the span of a run, with a fake of opentelemetry-api that keeps what it is told: no package, no network."""
import sys
import types
import unittest
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List

from tests.service import Case, Rig
from tests.wire import COMMAND
from tutti import spans
from tutti.service import DEFERRED, DeclaredError, Handler, RetryAfter


class Span:
    def __init__(self, name: str, context: Any, kind: str, attributes: Dict[str, Any]) -> None:
        self.name, self.context, self.kind, self.attributes = name, context, kind, dict(attributes)
        self.status: Any = None
        self.exceptions: List[Exception] = []
        self.ended = False

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    def set_status(self, status: Any) -> None:
        self.status = status

    def record_exception(self, error: Exception) -> None:
        self.exceptions.append(error)


class Api:
    """The part of `opentelemetry.trace` that a run uses."""

    SpanKind = types.SimpleNamespace(CONSUMER="consumer")
    StatusCode = types.SimpleNamespace(ERROR="error")
    TraceFlags = int

    def __init__(self) -> None:
        self.spans: List[Span] = []
        self.current: List[Span] = []

    def get_tracer(self, _name: str) -> "Api":
        return self

    def start_span(self, name: str, context: Any, kind: str, attributes: Dict[str, Any]) -> Span:
        self.spans.append(Span(name, context, kind, attributes))
        return self.spans[-1]

    @contextmanager
    def use_span(self, span: Span, **_options: Any) -> Iterator[None]:
        self.current.append(span)
        try:
            yield
        finally:
            self.current.pop()
            span.ended = True

    def Status(self, code: str, text: str) -> Any:
        return code, text

    def SpanContext(self, trace_id: int, span_id: int, is_remote: bool, trace_flags: int) -> Any:
        return "%032x" % trace_id, "%016x" % span_id, is_remote, trace_flags

    def NonRecordingSpan(self, context: Any) -> Any:
        return context

    def set_span_in_context(self, span: Any) -> Any:
        return span


class Runs(Case):
    def setUp(self) -> None:
        super().setUp()
        self.api = spans.trace = Api()
        self.addCleanup(setattr, spans, "trace", None)

    def test_have_a_span_below_the_send_that_is_current_for_the_handler(self):
        current = []
        rig = Rig(Handler(lambda _data, task: current.append((self.api.current[-1].name, task.traceparent)) or {}))
        rig.deliver()
        [span] = self.api.spans
        self.assertEqual(current, [("hotels.book", COMMAND["traceparent"])])
        self.assertEqual(span.context, ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True, 1))
        self.assertEqual(
            [span.kind, span.attributes["messaging.message.id"], span.attributes["tutti.outcome"], span.status, span.ended],
            ["consumer", COMMAND["id"], "completed", None, True],
        )

    def test_that_name_no_send_have_no_parent(self):
        for traceparent in ("", "00-4bf9-01", None):
            Rig(Handler(lambda _data, _task: DEFERRED)).deliver(traceparent=traceparent)
        self.assertEqual([span.context for span in self.api.spans], [None, None, None])
        self.assertEqual({span.attributes["tutti.outcome"] for span in self.api.spans}, {"deferred"})

    def test_tell_a_declared_error_from_any_other(self):
        for error in (DeclaredError("SoldOut"), RetryAfter(1, "later"), ValueError("secret")):
            Rig(Handler(lambda _data, _task, error=error: (_ for _ in ()).throw(error))).deliver()
        told = [(span.attributes["tutti.outcome"], span.status, len(span.exceptions)) for span in self.api.spans]
        self.assertEqual(
            told,
            [("failed", ("error", "SoldOut"), 0), ("threw", ("error", "RetryAfter"), 1), ("threw", ("error", "ValueError"), 1)],
        )

    def test_have_no_span_without_the_package(self):
        spans.trace = None
        rig = Rig(Handler(lambda _data, _task: {}))
        rig.deliver()
        self.assertEqual([rig.outcomes(), self.api.spans], [["completed"], []])


if __name__ == "__main__":
    sys.exit(unittest.main())
