"""A pytest plugin: the device tests of python-fido2 meet the authenticator of a `keyfold agent` in test mode.

KEYFOLD_SOCKET is the agent's unix socket, KEYFOLD_UDP its UDP port on loopback; KEYFOLD_LINE says over which of them the
tests go: "socket", or "udp" with python-fido2's own CTAPHID. The suite's way to find a device on USB and to have somebody
unplug it is put in place of by these; nothing else of it is changed.
"""

import os
import select
import socket
import struct

import pytest
from fido2.ctap import STATUS, CtapDevice, CtapError
from fido2.hid import CAPABILITY, CTAPHID, CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor

SOCKET = os.environ["KEYFOLD_SOCKET"]
UDP = ("127.0.0.1", int(os.environ["KEYFOLD_UDP"]))
LINE = os.environ["KEYFOLD_LINE"]
POWER_CYCLE = bytes.fromhex("ac1052ca").ljust(64, b"\0")


class SocketDevice(CtapDevice):
    """CTAP2 over the agent's unix socket: a length, a command byte and CBOR; a length, a status byte and CBOR."""

    capabilities = CAPABILITY.CBOR | CAPABILITY.NMSG

    def __init__(self):
        self.stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.stream.connect(SOCKET)

    def call(self, cmd, data=b"", event=None, on_keepalive=None):
        if cmd != CTAPHID.CBOR:
            raise CtapError(CtapError.ERR.INVALID_COMMAND)
        self.stream.sendall(struct.pack(">I", len(data)) + data)
        if on_keepalive:
            on_keepalive(STATUS.UPNEEDED)
        while not select.select([self.stream], [], [], 0.1)[0]:
            if event and event.is_set():
                # Hanging up takes a request back.
                self.close()
                self.__init__()
                raise CtapError(CtapError.ERR.KEEPALIVE_CANCEL)
        (length,) = struct.unpack(">I", self.exactly(4))
        return self.exactly(length)

    def exactly(self, length):
        read = b""
        while len(read) < length:
            more = self.stream.recv(length - len(read))
            if not more:
                raise OSError("the agent hung up")
            read += more
        return read

    def close(self):
        self.stream.close()

    @classmethod
    def list_devices(cls):
        yield cls()


class UdpConnection(CtapHidConnection):
    """Packets of 64 bytes in datagrams."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(UDP)
        self.socket.settimeout(30)

    def read_packet(self):
        return self.socket.recv(65)

    def write_packet(self, data):
        self.socket.send(data)

    def close(self):
        self.socket.close()


def connect():
    if LINE == "socket":
        return SocketDevice()
    descriptor = HidDescriptor("keyfold", 0, 0, 64, 64, "Keyfold", None)
    return CtapHidDevice(descriptor, UdpConnection())


def power_cycle():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as power:
        power.sendto(POWER_CYCLE, UDP)
        # A power cycle is silent; the packet behind it is answered, and packets are taken in turn.
        power.settimeout(30)
        power.sendto(bytes.fromhex("ffffffff860008") + bytes(57), UDP)
        power.recv(64)


class Plugin:
    def pytest_plugin_registered(self, plugin):
        manager = getattr(plugin, "DeviceManager", None)
        if manager is None:
            return
        manager._select = lambda self: connect()

        def reconnect(self):
            self._dev.close()
            power_cycle()
            self._dev = connect()
            return self._dev

        manager.reconnect = reconnect


def pytest_configure(config):
    config.pluginmanager.register(Plugin(), "keyfold")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    skipped = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else "unknown"
        skipped[reason] = skipped.get(reason, 0) + 1
    for reason, number in sorted(skipped.items()):
        terminalreporter.write_line(f"skipped {number}: {reason}")
