"""The codec against the standard's own values, and digits as RFC 4733 wants them."""

import struct

import numpy as np
import pytest

from ccd.lab import rtp


def test_every_code_survives_decoding_and_encoding() -> None:
    codes = bytes(range(256))
    again = rtp.encode_mu_law(rtp.decode_mu_law(codes))
    # 0x7F is minus zero: it comes back as plus zero.
    assert again == codes.replace(b"\x7f", b"\xff")


@pytest.mark.parametrize(("code", "value"), [(0xFF, 0), (0x80, 32124), (0x00, -32124), (0xFE, 8), (0x8F, 16764)])
def test_values_of_g711(code: int, value: int) -> None:
    assert rtp.decode_mu_law(bytes([code]))[0] * 32768 == value


def test_a_tone_has_no_click_where_it_starts_again() -> None:
    frames = rtp.tone_frames(450)
    assert len(frames) == 50
    sound = rtp.decode_mu_law(b"".join(frames) * 2)
    assert np.abs(np.diff(sound)).max() < 0.35 * 2 * np.pi * 450 / rtp.RATE * 1.1


def test_what_a_stream_says_another_hears() -> None:
    speaker = rtp.RtpStream(("127.0.0.1", 1), 700, limit=60)
    listener = rtp.RtpStream(("127.0.0.1", 2), 0, limit=60)
    for frame in range(100):
        listener.receive(speaker.next_packet(), arrived=frame * 20_000_000)
    assert listener.heard(700).seconds == pytest.approx(2.0)
    assert listener.heard(750).seconds == 0
    assert listener.first_heard_at(700) == 0
    assert listener.first_heard_at(750) is None


def test_a_stream_keeps_no_more_than_its_limit() -> None:
    speaker = rtp.RtpStream(("127.0.0.1", 1), 700, limit=60)
    listener = rtp.RtpStream(("127.0.0.1", 2), 0, limit=0.5)
    for _ in range(100):
        listener.receive(speaker.next_packet(), arrived=0)
    assert len(listener.sound) == 4_000


def test_digits_are_events_of_one_time_stamp_ended_thrice() -> None:
    stream = rtp.RtpStream(("127.0.0.1", 1), 0, limit=60)
    stream.press("#")
    packets = [stream.next_packet() for _ in range(9)]
    events = [struct.unpack("!BBHIIBBH", packet) for packet in packets[:8]]
    assert {event[5] for event in events} == {11}
    assert len({event[3] for event in events}) == 1
    assert [event[1] >> 7 for event in events] == [1, 0, 0, 0, 0, 0, 0, 0]
    assert [event[6] >> 7 for event in events] == [0, 0, 0, 0, 0, 1, 1, 1]
    assert [event[7] for event in events] == [160, 320, 480, 640, 800, 800, 800, 800]
    assert packets[8][1] & 0x7F == rtp.PCMU
    assert len({packet[2:4] for packet in packets}) == 9


def test_what_is_no_digit_is_refused() -> None:
    with pytest.raises(KeyError):
        rtp.RtpStream(("127.0.0.1", 1), 0, limit=60).press("x")


@pytest.mark.parametrize(
    "packet", [b"", b"\x80", b"\x80\x00" + bytes(10), b"\x80\x65" + bytes(170), b"\x80\x00" + bytes(2000)]
)
def test_what_is_no_frame_is_not_heard(packet: bytes) -> None:
    stream = rtp.RtpStream(("127.0.0.1", 1), 0, limit=60)
    stream.receive(packet, arrived=0)
    assert not stream.sound


def test_after_a_stall_the_rest_of_a_digit_is_left_out_and_the_next_one_is_whole() -> None:
    stream = rtp.RtpStream(("127.0.0.1", 1), 0, limit=60)
    stream.press("12")
    first = [packet for _ in range(3) if is_event(packet := stream.next_packet())]
    stream.was_late()
    rest = [packet for _ in range(40) if is_event(packet := stream.next_packet())]
    assert {packet[12] for packet in first} == {1}
    assert {packet[12] for packet in rest} == {2}
    stream.was_late()
    assert not is_event(stream.next_packet())


def test_a_digit_that_has_not_begun_is_sent_after_a_stall() -> None:
    stream = rtp.RtpStream(("127.0.0.1", 1), 0, limit=60)
    stream.press("1")
    stream.was_late()
    assert sum(is_event(stream.next_packet()) for _ in range(20)) > 3


def is_event(packet: bytes) -> bool:
    return packet[1] & 0x7F == 101
