"""A run as a TensorBoard event file: scalars of every step, histograms of every frame.

Written by hand, 60 lines: tensorboardX imports torch wherever torch is installed (11 s beside
seven busy processes), and torch must not come into the server; torch's own writer needs it too.
The format is a TFRecord (length, masked CRC-32C, bytes, CRC) an Event, in protobuf's wire format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gradviz.history import SCALARS, Frame, History

MOST_STEPS = 10_000
"""Steps written, evenly chosen, the last included; TensorBoard itself draws about a thousand."""

BINS = 40
_TAGS = tuple(name for name in SCALARS if name != "step")


def event_file(history: History) -> bytes:
    """The bytes of an `events.out.tfevents.…` file.

    A History has no clock, so the time of a step is its number, in seconds.
    """
    frames = {frame.step: frame for frame in history.frames}
    columns = {name: history.column(name) for name in SCALARS}
    steps = columns["step"].astype(np.int64)
    chosen = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MOST_STEPS)).round())
    rows = {int(steps[int(row)]): int(row) for row in chosen}
    out = [_record(_double(1, 0.0) + _text(3, "brain.Event:2"))]
    for step in sorted(rows.keys() | frames.keys()):
        values: list[bytes] = []
        if step in rows:
            values += [_scalar(name, columns[name][rows[step]]) for name in _TAGS]
        if step in frames:
            values += _of_frame(frames[step])
        summary = b"".join(_message(1, value) for value in values if value)
        out.append(_record(_double(1, step) + _integer(2, step) + _message(5, summary)))
    return b"".join(out)


def _of_frame(frame: Frame) -> Iterator[bytes]:
    """A layer's magnitudes over timesteps and probes, and its horizon."""
    for name, layer in frame.layers.items():
        yield _histogram(f"hidden_grad_log10/{name}", layer.hidden_grad_log10)
        if layer.jacobian_norm is not None:
            yield _histogram(f"jacobian_norm/{name}", layer.jacobian_norm)
        if layer.transport_log10 is not None:
            yield _histogram(f"transport_log10/{name}", layer.transport_log10)
        yield _scalar(f"gradient_horizon/{name}", layer.horizon)


def _scalar(tag: str, value: float) -> bytes:
    """A Summary.Value; empty where there is no number. inf and nan of a failed run are kept."""
    if tag.startswith(("accuracy", "clip_", "gradient_horizon")) and not np.isfinite(value):
        return b""
    with np.errstate(over="ignore"):
        return _text(1, tag) + _field(2, 5) + struct.pack("<f", np.float32(value))


def _histogram(tag: str, values: NDArray[np.floating]) -> bytes:
    """A Summary.Value of the finite values; zeros, whose logarithm is −∞, are left out."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return b""
    counts, edges = np.histogram(finite, bins=BINS)
    about = [finite.min(), finite.max(), finite.size, finite.sum(), (finite**2).sum()]
    body = b"".join(_double(place, float(each)) for place, each in enumerate(about, start=1))
    # TensorBoard reads a bucket as from the limit before to its own, so the first is empty.
    limits = struct.pack(f"<{BINS + 1}d", *edges)
    body += _message(6, limits) + _message(7, struct.pack(f"<{BINS + 1}d", 0.0, *counts))
    return _text(1, tag) + _message(5, body)


def _field(number: int, wire: int) -> bytes:
    return bytes([number << 3 | wire])


def _double(number: int, value: float) -> bytes:
    return _field(number, 1) + struct.pack("<d", value)


def _integer(number: int, value: int) -> bytes:
    return _field(number, 0) + _varint(value)


def _message(number: int, body: bytes) -> bytes:
    return _field(number, 2) + _varint(len(body)) + body


def _text(number: int, words: str) -> bytes:
    return _message(number, words.encode())


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _masked(data: bytes) -> bytes:
    """TFRecord's CRC-32C, turned and shifted so that a CRC of CRCs is none."""
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


@cache
def _crc_table() -> tuple[int, ...]:
    """Castagnoli's polynomial, reflected."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)
