"""Opens the span of a run through opentelemetry-api, so that the spans of the handler's libraries lie below it.

It lies below the span of the send, which the `traceparent` of the command names. Without the package, or without an SDK, nothing is recorded.
"""
from __future__ import annotations

import re
from typing import Any, Callable, Dict, Optional

try:
    from opentelemetry import trace
except ImportError:
    trace = None  # type: ignore[assignment]

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})\Z")


def run(service: str, command: Dict[str, Any], handler: Callable[[], Any], outcome_of: Callable[[Any], str]) -> Any:
    """Runs the handler in its span. `outcome_of`: `completed` or `deferred` for an output, `failed` or `threw` for an exception."""
    if trace is None:
        return handler()
    attributes = {
        "messaging.operation.type": "process",
        "messaging.destination.name": service,
        "messaging.message.id": command["id"],
        "messaging.message.conversation_id": command["id"].rsplit("/", 1)[0],
        "tutti.attempt": command["attempt"],
    }
    tracer = trace.get_tracer("tutti")
    sent = _sent_by(command.get("traceparent"))
    span = tracer.start_span(command["type"], context=sent, kind=trace.SpanKind.CONSUMER, attributes=attributes)
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            output = handler()
        except Exception as error:
            outcome = outcome_of(error)
            span.set_attribute("tutti.outcome", outcome)
            span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__ if outcome == "threw" else getattr(error, "type", "")))
            if outcome == "threw":
                span.record_exception(error)
            raise
        span.set_attribute("tutti.outcome", outcome_of(output))
        return output


def _sent_by(traceparent: Optional[str]) -> Any:
    """The context in which the span of the send is current; None if the sender has no span."""
    found = TRACEPARENT.match(traceparent or "")
    if found is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    sent = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(flags))
    return trace.set_span_in_context(trace.NonRecordingSpan(sent))
