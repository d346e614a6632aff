"""A TLS-terminating relay in front of keyfoldd's plain listener: it sees, and keeps, everything that reaches the server
once TLS is off. What it has kept is what a curious operator could have read."""

import socket
import ssl
import threading
from pathlib import Path


class Relay:
    def __init__(self, port: int, behind: int, certificate: Path, key: Path):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self.tls.load_cert_chain(certificate, key)
        self.behind = behind
        self.lock = threading.Lock()
        self.sent = bytearray()
        self.received = bytearray()
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.listener.close()

    def counts(self) -> tuple[int, int]:
        with self.lock:
            return len(self.sent), len(self.received)

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            device = self.tls.wrap_socket(plain, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.behind))
        except OSError:
            plain.close()
            return
        threading.Thread(target=self._carry, args=(server, device, self.received), daemon=True).start()
        self._carry(device, server, self.sent)

    def _carry(self, source: socket.socket, sink: socket.socket, record: bytearray) -> None:
        try:
            while piece := source.recv(65536):
                with self.lock:
                    record.extend(piece)
                sink.sendall(piece)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
