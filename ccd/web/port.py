"""The API's port, apart from what answers there: a daemon that begins takes it at once, and loads the rest later."""

import socket


class Port:
    """`port` 0 takes a free one; `secure` says that TLS will be spoken."""

    def __init__(self, host: str, port: int, *, secure: bool = False) -> None:
        self._address = (host, port)
        self._scheme = "https" if secure else "http"
        self._socket: socket.socket | None = None

    def bind(self) -> None:
        """Take the port; OSError where that is not possible."""
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        self._socket = socket.create_server(self._address, family=family, backlog=128)
        # asyncio sets this only on sockets that name their protocol; without it head and body are 40 ms apart.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_bound(self) -> bool:
        """Whether it is taken."""
        return self._socket is not None

    @property
    def socket(self) -> socket.socket:
        """Once bound."""
        if self._socket is None:
            raise RuntimeError("not bound")
        return self._socket

    @property
    def url(self) -> str:
        """Where it is, once bound."""
        host, port = self.socket.getsockname()[:2]
        return f"{self._scheme}://[{host}]:{port}" if ":" in host else f"{self._scheme}://{host}:{port}"

    def close(self) -> None:
        """Give it back."""
        if self._socket is not None:
            self._socket.close()
