"""A TLS-terminating relay in front of keyfoldd's plain listener: it sees, and keeps, everything that reaches the server
once TLS is off. What it has kept is what a curious operator could have read."""

import datetime
import socket
import ssl
import tempfile
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Relay:
    def __init__(self, port: int, behind: int, authority: Path, authority_key: Path):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        with tempfile.NamedTemporaryFile() as chain:
            chain.write(certified(authority, authority_key))
            chain.flush()
            self.tls.load_cert_chain(chain.name)
        self.behind = behind
        self.lock = threading.Lock()
        self.sent = bytearray()
        self.received = bytearray()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def close(self) -> None:
        # A thread that waits in accept() holds the port until it is woken.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
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


def certified(authority: Path, authority_key: Path) -> bytes:
    """A key of the relay's own and its certificate for localhost, from the server's local CA: who runs the server can have
    one."""
    issuer = x509.load_pem_x509_certificate(authority.read_bytes())
    issuer_key = serialization.load_pem_private_key(authority_key.read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + (
        certificate.public_bytes(pem)
    )
