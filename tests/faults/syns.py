"""Counts the attempts to open a TCP connection to a port of this machine, also where nobody listens. Needs CAP_NET_RAW."""

import ctypes
import socket
import struct
import threading

ETH_P_IP = 0x0800
PACKET_OUTGOING = 4
SO_ATTACH_FILTER = 26
# Classic BPF over the IP packet: TCP, first fragment, to the port, SYN and no ACK. The destination port is filled in.
FILTER = (
    (0x30, 0, 0, 9), (0x15, 0, 8, 6),            # protocol is TCP
    (0x28, 0, 0, 6), (0x45, 6, 0, 0x1fff),       # not a later fragment
    (0xb1, 0, 0, 0),                             # X = length of the IP header
    (0x48, 0, 0, 2), (0x15, 0, 3, None),         # destination port
    (0x50, 0, 0, 13), (0x54, 0, 0, 0x12),        # flags: SYN and ACK
    (0x15, 1, 0, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 128),
)


class Syns:
    """with Syns(port) as syns: ...; syns.n. None where this user may not look."""

    def __init__(self, port):
        self.port, self.n, self.socket, self.thread, self.is_over = port, None, None, None, False

    def __enter__(self):
        try:
            # Protocol 0: it hears nothing before it is bound, and so nothing without the filter.
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        except PermissionError:
            return self
        program = b"".join(struct.pack("HBBI", code, t, f, self.port if k is None else k) for code, t, f, k in FILTER)
        buffer = ctypes.create_string_buffer(program)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(FILTER), ctypes.addressof(buffer)))
        self.socket.bind(("lo", ETH_P_IP))
        self.socket.settimeout(0.1)
        self.n, self.thread = 0, threading.Thread(target=self.count, daemon=True)
        self.thread.start()
        return self

    def count(self):
        while not self.is_over:
            try:
                kind = self.socket.recvfrom(128)[1][2]
            except TimeoutError:
                continue
            # What goes out over the loopback comes in again.
            self.n += kind != PACKET_OUTGOING

    def __exit__(self, *_):
        if self.thread:
            self.is_over = True
            self.thread.join()
            self.socket.close()
