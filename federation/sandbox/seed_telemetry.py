"""Device telemetry: the same kind of sensor, read by three plants' systems.

The logical key is the device, so that its readings stay in order; a reading is one business event
by device and sequence number. Devices are skewed: few send most.
"""

from __future__ import annotations

import struct
from typing import Any

from federation.sandbox.seed_domain import (
    MICROS,
    MILLIS,
    Datum,
    Domain,
    Event,
    Source,
    nullable,
    record,
)

_FLOAT = struct.Struct("<f")
_SITES = ("berlin-1", "lyon-2", "porto-1", "gdansk-3", "turin-1")

_EU = (
    ("device_id", "string"),
    ("seq", "long"),
    ("reading", "double"),
    ("unit", {"type": "enum", "name": "Unit", "symbols": ["C", "F"]}),
    ("at", MILLIS),
    ("location", record("Location", ("site", "string"), ("line", "int"))),
    ("tags", {"type": "map", "values": "string"}),
)
_US = (
    ("deviceId", "string"),
    ("counter", "int"),
    ("values", record("Values", ("temperature", "float"), ("humidity", nullable("float"), None))),
    ("measured_at", MICROS),
    ("facility", "string"),
)
_AP = (
    ("kiki", "string"),
    ("bango", "long"),
    ("ondo", "float"),
    ("jikoku", MILLIS),
    ("kojo", record("Kojo", ("namae", "string"), ("ken", "string"))),
)


def device(event: Event) -> str:
    """The device of a reading, by its number alone: few devices send most."""
    spread = event.number * 2_654_435_761 & 0xFFFF
    return f"d-{event.seed}-{spread * spread * spread >> 37:04d}"


def _facts(event: Event) -> tuple[float, float | None, str]:
    """Temperature in °C with two decimals, humidity in percent or None, site."""
    w = event.words
    humidity = (w[9] % 1000) / 10 if w[10] & 3 else None
    return (w[8] % 9000 - 2000) / 100, humidity, _SITES[w[11] % len(_SITES)]


def _float(value: float) -> float:
    """What a 32-bit float keeps of it."""
    kept: float = _FLOAT.unpack(_FLOAT.pack(value))[0]
    return kept


def _contract(event: Event, celsius: float, site: str, humidity: float | None) -> Datum:
    return {
        "device_id": device(event),
        "sequence": event.number % (1 << 31),
        "celsius": celsius,
        "at": event.time,
        "site": site,
        "humidity": humidity,
    }


def _eu(event: Event, newer: bool) -> tuple[Datum, Datum]:  # noqa: FBT001 - as Source.make
    celsius, humidity, site = _facts(event)
    truth = _contract(event, celsius, site, humidity if newer else None)
    datum: dict[str, Any] = {
        "device_id": truth["device_id"],
        "seq": truth["sequence"],
        "reading": celsius,
        "unit": "C",
        "at": event.time,
        "location": {"site": site, "line": event.words[12] % 6},
        "tags": {"firmware": f"1.{event.words[13] % 9}", "model": "tx"[event.words[14] & 1]},
        "humidity": truth["humidity"],
    }
    return datum, truth


def _us(event: Event, newer: bool) -> tuple[Datum, Datum]:  # noqa: FBT001 - as Source.make
    celsius, humidity, site = _facts(event)
    wet = None if humidity is None else _float(humidity)
    truth = _contract(event, _float(celsius), site, wet)
    datum: dict[str, Any] = {
        "deviceId": truth["device_id"],
        "counter": truth["sequence"],
        "values": {"temperature": truth["celsius"], "humidity": wet},
        "measured_at": event.time * 1000,  # whole milliseconds: the contract loses nothing
        "facility": site,
    }
    if newer:
        datum["firmware"] = f"2.{event.words[13] % 9}"
    return datum, truth


def _ap(event: Event, newer: bool) -> tuple[Datum, Datum]:  # noqa: FBT001 - as Source.make
    celsius, humidity, site = _facts(event)
    wet = humidity if newer else None
    truth = _contract(event, _float(celsius), site, wet)
    datum: dict[str, Any] = {
        "kiki": truth["device_id"],
        "bango": truth["sequence"],
        "ondo": truth["celsius"],
        "jikoku": event.time,
        "kojo": {"namae": site, "ken": "osaka"},
        "shitsudo": wet,
    }
    return datum, truth


def _identify(event: Event) -> tuple[str, str]:
    name = device(event)
    return name, f"{name}/{event.number % (1 << 31)}"


TELEMETRY = Domain(
    name="telemetry",
    sources={
        "eu": Source(
            cluster="eu",
            topic="telemetry",
            partitions=8,
            weight=5,
            key=record("plant.eu.DeviceKey", ("device_id", "string")),
            older=record("plant.eu.Measurement", *_EU),
            newer=record("plant.eu.Measurement", *_EU, ("humidity", nullable("double"), None)),
            make=_eu,
            spoil=("unit", 4),
        ),
        "us": Source(
            cluster="us",
            topic="device_readings",
            partitions=5,
            weight=4,
            key=record("com.acme.iot.DeviceReadingKey", ("deviceId", "string")),
            older=record("com.acme.iot.DeviceReading", *_US),
            newer=record(
                "com.acme.iot.DeviceReading", *_US, ("firmware", nullable("string"), None)
            ),
            make=_us,
            spoil=("firmware", 3),
        ),
        "ap": Source(
            cluster="ap",
            topic="sensor_log",
            partitions=3,
            weight=3,
            key="string",
            older=record("jp.co.kojo.SensorLog", *_AP),
            newer=record("jp.co.kojo.SensorLog", *_AP, ("shitsudo", nullable("double"), None)),
            make=_ap,
            spoil=("shitsudo", 6),
        ),
    },
    identify=_identify,
    ghost=lambda event: f"d-{event.seed}-none-{event.number % 1000:03d}",
)
