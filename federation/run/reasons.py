"""What is wrong with a stream, recognised and said in a sentence that has a way out."""

from __future__ import annotations

# What Kafka's producer throws for a record that no broker will ever take.
_REFUSALS = (
    "InvalidTimestampException",
    "InvalidRecordException",
    "RecordTooLargeException",
    "it was part of a batch which had one",  # whose own refusal Flink has not heard
)


def refused(cause: str) -> str:
    """A sentence where the target refuses a record as it is: then no restart helps."""
    if not any(one in cause for one in _REFUSALS):
        return ""
    return (
        f"the target refuses a record ({cause}): its topic's settings have changed since the "
        "start, or the brokers' clocks differ from this machine's. Nothing is lost: start reads "
        "the settings anew, and goes on from the last checkpoint"
    )


def forgetful(keys: int) -> str:
    """A sentence where neither memory nor disk sufficed for the window."""
    if not keys:
        return ""
    return (
        f"deduplication has forgotten {keys:,} keys before their window ended, for want of disk or "
        "memory, or after 7 days: see flink.log; free the disk of the state folder, give the JVM "
        "more memory (JDK_JAVA_OPTIONS=-Xmx…) or shorten deduplicate.window"
    )
